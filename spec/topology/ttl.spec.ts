import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import * as serdes from '../../lib/serdes'
import type { KeyValueStore } from '../../lib/state/store'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import type { TestDriverConfig } from '../../lib/testing'
import { repeatableRandom } from '../support/input'
import { drive, text } from './drive'
import { inAnyOrderAtATime } from './expired-rows'
import { driveRestarting, inParts, type Piped } from './restarting'

/** Without a fraction: 64 buckets of 1. */
const TTL = 64

/** Counts of a key in `out`; `null` where they have expired. */
const counted = (b: StreamsBuilder): void =>
  b
    .stream('in', text)
    .groupByKey()
    .count({ store: 'counts', ttl: TTL })
    .toStream()
    .mapValues((count) => (count === null ? null : String(count)))
    .to('out', { key: serdes.string(), value: serdes.string() as never })

const table = (b: StreamsBuilder): void => b.table('in', text, { store: 'rows', ttl: TTL }).toStream().to('out', text)

describe('rows with a ttl', () => {
  it('are deleted when stream time is past it, downstream, in the store and in its changelog', async () => {
    const { input, out, driver } = drive(table)
    await input.pipe('a', 'x', 0)
    await input.pipe('b', 'y', 64)
    expect(out()).toEqual(['a=x@0', 'b=y@64'])
    driver.produced()
    await input.pipe('c', 'z', 65)
    expect(out()).toEqual(['a=null@65', 'c=z@65'])
    expect(driver.store<KeyValueStore<string, unknown>>('rows').get('a')).toBeNull()
    const rows = driver.produced().filter(({ topic }) => topic === 'app-rows-changelog')
    expect(rows.map(({ key, value }) => `${key}=${value}`)).toEqual(['a=null', 'c=z'])
  })

  it('live on with every update', async () => {
    const { input, out } = drive(table)
    for (const time of [0, 60, 120]) await input.pipe('a', String(time), time)
    await input.pipe('b', 'y', 184)
    expect(out()).toEqual(['a=0@0', 'a=60@60', 'a=120@120', 'b=y@184'])
    await input.pipe('b', 'z', 185)
    expect(out()).toEqual(['a=null@185', 'b=z@185'])
  })

  it('of an aggregation start over', async () => {
    const { input, out } = drive(counted)
    await input.pipe('a', 'x', 0)
    await input.pipe('a', 'x', 1)
    await input.pipe('a', 'x', 66)
    expect(out()).toEqual(['a=1@0', 'a=2@1', 'a=null@66', 'a=1@66'])
  })

  it.each([0, 1_000_000])(
    'go without a tombstone downstream if they are silent (cache of %d bytes)',
    async (statestoreCacheMaxBytes) => {
      const { input, out, driver } = drive(
        (b) => {
          const rows = b.table('in', text, { store: 'rows', ttl: { after: TTL, silent: true } })
          rows.toStream().to('out', text)
          b.stream('lookup', text)
            .leftJoin(rows, (_, row) => row ?? 'none')
            .to('joined', text)
        },
        { statestoreCacheMaxBytes },
      )
      await input.pipe('a', 'x', 0)
      await input.pipe('b', 'y', 64)
      await driver.inputTopic('lookup', text).pipe('a', '?', 64)
      driver.produced()
      await input.pipe('c', 'z', 65)
      await driver.inputTopic('lookup', text).pipe('a', '?', 65)
      await input.pipe('a', 'again', 66)
      expect(out()).toEqual(['a=x@0', 'b=y@64', 'c=z@65', 'a=again@66'])
      expect(out('joined')).toEqual(['a=x@64', 'a=none@65'])
      const rows = driver.produced().filter(({ topic }) => topic === 'app-rows-changelog')
      expect(rows.map(({ key, value }) => `${key}=${value}`)).toEqual(['a=null', 'c=z', 'a=again'])
    },
  )

  it('that arrive too late are deleted again at once', async () => {
    const { input, out } = drive(table)
    await input.pipe('a', 'x', 100)
    await input.pipe('b', 'late', 35)
    await input.pipe('b', 'in time', 36)
    expect(out()).toEqual(['a=x@100', 'b=late@35', 'b=null@100', 'b=in time@36'])
  })

  it('send their old value to those downstream that subtract it', async () => {
    const { input, out } = drive((b) =>
      b
        .table('in', text, { store: 'rows', ttl: TTL })
        .groupBy((value) => [value, value], text)
        .count('by-value')
        .toStream()
        .mapValues(String)
        .to('out', text),
    )
    await input.pipe('a', 'red', 0)
    await input.pipe('b', 'red', 40)
    await input.pipe('c', 'blue', 65)
    expect(out()).toEqual(['red=1@0', 'red=2@40', 'red=1@65', 'blue=1@65'])
  })

  it('of toTable expire, in memory as on disk', async () => {
    const { input, out } = drive((b) =>
      b.stream('in', text).toTable({ ttl: TTL, storeType: 'in-memory' }).toStream().to('out', text),
    )
    await input.pipe('a', 'x', 0)
    await input.pipe('b', 'y', 65)
    expect(out()).toEqual(['a=x@0', 'a=null@65', 'b=y@65'])
  })

  it('are deleted in steps, with each record as many as are due, up to 64', async () => {
    const { input, out } = drive(table)
    for (let i = 0; i < 100; i++) await input.pipe(`k${i}`, 'x', 0)
    out()
    await input.pipe('a', 'x', 1000)
    expect(out()).toHaveLength(65)
    await input.pipe('a', 'y', 1000)
    expect(out()).toHaveLength(37)
    await input.pipe('a', 'z', 1000)
    expect(out()).toEqual(['a=z@1000'])
  })

  it('expire while inputs are idle', async () => {
    const { input, out, driver } = drive((b) =>
      b
        .table('in', { ...text, idleAfter: 10 }, { store: 'rows', ttl: TTL })
        .toStream()
        .to('out', text),
    )
    await input.pipe('a', 'x', 0)
    await driver.advanceWallClockTime(64)
    expect(out()).toEqual(['a=x@0'])
    await driver.advanceWallClockTime(1)
    expect(out()).toEqual(['a=null@65'])
  })

  it('forward what has expired when the record cache is flushed', async () => {
    const { input, out } = drive(counted, { statestoreCacheMaxBytes: 1_000_000 })
    await input.pipe('a', 'x', 0)
    await input.pipe('b', 'x', 65)
    expect(out()).toEqual(['a=1@0', 'a=null@65', 'b=1@65'])
  })

  it('have a changelog of their own even where source topics serve as changelogs', async () => {
    const { input, driver } = drive(table, {}, { optimization: 'all' })
    await input.pipe('a', 'x', 0)
    expect(driver.produced().map(({ topic }) => topic)).toContain('app-rows-changelog')
  })

  it('are none of a versioned store, or of a table that has its rows from another', () => {
    const versioned = versionedKeyValueStore<string, string>('v', { historyRetention: '1h' })
    expect(() => drive((b) => b.table('in', text, { store: versioned, ttl: TTL }))).toThrow('versioned')
    expect(() => drive((b) => b.table('in', text).mapValues(String, { ttl: TTL } as never))).toThrow('ttl')
    for (const ttl of [0, -1, 'soon', null]) {
      expect(() => drive((b) => b.table('in', text, { store: 'rows', ttl: ttl as never }))).toThrow('ttl')
    }
  })

  it.each([16, 64, 200, 6400])('expire by another ttl if it is changed to %i', async (ttl) => {
    const kept = (ms: number) => (b: StreamsBuilder) =>
      b.table('in', text, { store: 'rows', ttl: ms }).toStream().to('out', text)
    const before = drive(kept(1000))
    for (let i = 0; i < 50; i++) await before.input.pipe(`k${i}`, 'x', i)
    await before.input.pipe('k7', 'y', 77)
    const changelogs = before.driver.produced()
    const { input, out } = drive(kept(ttl), { changelogs })
    await input.pipe('other', 'x', ttl + 1)
    await input.pipe('other', 'x', ttl + 100_000)
    await input.pipe('other', 'x', ttl + 100_000)
    const expired = out().flatMap((text) => /^(k\d+)=null@/.exec(text)?.[1] ?? [])
    expect(expired.sort()).toEqual(Array.from({ length: 50 }, (_, i) => `k${i}`).sort())
  })

  it.each([640, 1280, 2560])('expire if they are updated soon after the ttl is changed from 640 to %i', async (ttl) => {
    const kept = (ms: number) => (b: StreamsBuilder) =>
      b.table('in', text, { store: 'rows', ttl: ms }).toStream().to('out', text)
    const before = drive(kept(640))
    for (const key of ['a', 'b', 'c']) await before.input.pipe(key, 'x', 1)
    const { input, out } = drive(kept(ttl), { changelogs: before.driver.produced() })
    for (const [key, time] of [
      ['a', 2],
      ['b', 15],
      ['c', 25],
    ] as const)
      await input.pipe(key, 'y', time)
    out()
    await input.pipe('other', 'x', 100_000)
    expect(out().sort()).toEqual([
      expect.stringMatching(/^a=null@/),
      expect.stringMatching(/^b=null@/),
      expect.stringMatching(/^c=null@/),
      'other=x@100000',
    ])
  })

  it.each([1, 2, 3, 4, 5, 6])('have the results of a reference model, with restarts (%i)', async (seed) => {
    const upTo = repeatableRandom(seed)
    const config: TestDriverConfig = { statestoreCacheMaxBytes: 0 }
    let now = 0
    const all: Piped[] = Array.from({ length: 240 }, (_, i) => {
      now += upTo(12)
      const value = upTo(10) === 0 ? null : String(i)
      return { key: `k${upTo(8)}`, value, timestamp: Math.max(0, now - upTo(upTo(5) === 0 ? 150 : 5)) }
    })
    const parts = inParts(all, 1 + upTo(4))
    const outputs = await driveRestarting(table, parts, { config })
    const reference = new ExpiringRows()
    expect(outputs.map(inAnyOrderAtATime)).toEqual(
      parts.map((part) => {
        reference.restart()
        return inAnyOrderAtATime(part.flatMap((record) => reference.update(record)))
      }),
    )
  })
})

/** A table whose rows expire, looked through from end to end with every record. */
class ExpiringRows {
  private rows = new Map<string, { value: string; timestamp: number }>()
  private streamTime = -1

  restart(): void {
    this.streamTime = -1
  }

  update({ key, value, timestamp }: Piped): string[] {
    this.streamTime = Math.max(this.streamTime, timestamp)
    const out = this.expired()
    if (value === null) this.rows.delete(key!)
    else this.rows.set(key!, { value, timestamp })
    out.push(`${key}=${value}@${timestamp}`)
    return [...out, ...this.expired()]
  }

  private expired(): string[] {
    const due = [...this.rows].filter(([, { timestamp }]) => timestamp + TTL + 1 <= this.streamTime)
    due.sort(([, a], [, b]) => a.timestamp - b.timestamp)
    for (const [key] of due) this.rows.delete(key)
    return due.map(([key, { timestamp }]) => `${key}=null@${timestamp + TTL + 1}`)
  }
}
