import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { KeyValueStore } from '../../lib/state/store'
import { keyValueStore } from '../../lib/state/stores'
import { repeatableRandom } from '../support/input'
import { driveInMemory as drive, IN_MEMORY, text } from './drive'
import { inAnyOrderAtATime } from './expired-rows'
import { driveRestarting, inParts, type Piped } from './restarting'

/** Without a fraction: 64 buckets of 1. */
const TTL = 64

/** A table from `in`; records of `lookup` read it. */
const joined =
  ({ ttl = TTL, silent = false } = {}) =>
  (b: StreamsBuilder): void => {
    const rows = b.table('in', text, { store: 'rows', ttl: { after: ttl, from: 'access', silent } })
    rows.toStream().to('out', text)
    b.stream('lookup', text)
      .leftJoin(rows, (_, row) => row ?? 'none')
      .to('out', text)
  }

describe('rows with a ttl from their last access', () => {
  it('stay while a join reads them, and expire after the last read', async () => {
    const { input, out, driver } = drive(joined())
    const lookup = driver.inputTopic('lookup', text)
    await input.pipe('read', 'x', 0)
    await input.pipe('unread', 'y', 0)
    await lookup.pipe('read', '?', 40)
    await input.pipe('other', 'z', 65)
    await input.pipe('other', 'z', 104)
    expect(out()).toEqual(['read=x@0', 'unread=y@0', 'read=x@40', 'unread=null@65', 'other=z@65', 'other=z@104'])
    await input.pipe('other', 'z', 105)
    expect(out()).toEqual(['read=null@105', 'other=z@105'])
  })

  it('stay while a processor reads them, by name or by handle', async () => {
    const handle = keyValueStore('rows', text)
    for (const reference of ['rows', handle]) {
      const { input, out, driver } = drive((b) => {
        b.table('in', text, { store: handle, ttl: { after: TTL, from: 'access' } })
          .toStream()
          .to('out', text)
        b.stream('lookup', text).process(() => {
          let rows: KeyValueStore<string, unknown>
          return {
            init: (context) => void (rows = context.stateStore(reference as typeof handle)),
            process: ({ key }) => void rows.get(key),
          }
        }, [reference])
      })
      await input.pipe('a', 'x', 0)
      await driver.inputTopic('lookup', text).pipe('a', '?', 40)
      await input.pipe('other', 'z', 104)
      await input.pipe('other', 'z', 105)
      expect(out()).toEqual(['a=x@0', 'other=z@104', 'a=null@105', 'other=z@105'])
    }
  })

  it('do not stay by scans, by reads of a driver, or by what their own operator reads', async () => {
    const { input, out, driver } = drive((b) => {
      b.table('in', text, { store: 'rows', ttl: { after: TTL, from: 'access' } })
        .toStream()
        .to('out', text)
      b.stream('lookup', text).process(() => {
        let rows: KeyValueStore<string, unknown>
        return {
          init: (context) => void (rows = context.stateStore('rows')),
          process: async () => {
            for await (const _ of rows.all()) continue
          },
        }
      }, ['rows'])
    })
    await input.pipe('a', 'x', 0)
    await driver.inputTopic('lookup', text).pipe('a', '?', 40)
    expect(driver.store<KeyValueStore<string, unknown>>('rows').get('a')).not.toBeNull()
    await input.pipe('a', 'late', 1)
    await input.pipe('other', 'z', 66)
    expect(out()).toEqual(['a=x@0', 'a=late@1', 'a=null@66', 'other=z@66'])
  })

  it('cost no change of a store by a read within the same 64th of the ttl', async () => {
    const { input, driver } = drive(joined({ ttl: 6400 }))
    const lookup = driver.inputTopic('lookup', text)
    await input.pipe('a', 'x', 0)
    driver.produced()
    const changes = (): number => driver.produced().filter(({ topic }) => topic.endsWith('-changelog')).length
    for (const time of [0, 50, 99]) await lookup.pipe('a', '?', time)
    expect(changes()).toBe(0)
    await lookup.pipe('a', '?', 100)
    expect(changes()).toBeGreaterThan(0)
    for (const time of [101, 150, 199]) await lookup.pipe('a', '?', time)
    expect(changes()).toBe(0)
  })

  it('start over when they were deleted: reads of what was there before do not keep them', async () => {
    const { input, out, driver } = drive(joined())
    await input.pipe('a', 'x', 0)
    await driver.inputTopic('lookup', text).pipe('a', '?', 60)
    await input.pipe('a', null, 61)
    await input.pipe('a', 'again', 2)
    await input.pipe('b', 'z', 67)
    expect(out()).toEqual(['a=x@0', 'a=x@60', 'a=null@61', 'a=again@2', 'a=null@67', 'b=z@67'])
  })

  it('go silently if they are to, as those from the last write do', async () => {
    const { input, out, driver } = drive(joined({ silent: true }))
    const lookup = driver.inputTopic('lookup', text)
    await input.pipe('a', 'x', 0)
    await lookup.pipe('a', '?', 40)
    await input.pipe('b', 'y', 104)
    await lookup.pipe('a', '?', 104)
    await input.pipe('b', 'y', 169)
    await lookup.pipe('a', '?', 169)
    expect(out()).toEqual(['a=x@0', 'a=x@40', 'b=y@104', 'a=x@104', 'b=y@169', 'a=none@169'])
  })

  it.each([16, 200, 6400])('expire by another ttl if it is changed to %i', async (ttl) => {
    const before = drive(joined({ ttl: 1000 }))
    for (let i = 0; i < 20; i++) {
      await before.input.pipe(`k${i}`, 'x', i)
      if (i % 2 === 0) await before.driver.inputTopic('lookup', text).pipe(`k${i}`, '?', 100 + i)
    }
    const { driver, input, out } = drive(joined({ ttl }), { changelogs: before.driver.produced() })
    await input.pipe('other', 'x', 100 + ttl)
    expect(out().filter((text) => /^k\d*[02468]=null/.test(text))).toEqual([])
    await input.pipe('other', 'x', 100_000)
    expect(await allKeys(driver.store('rows'))).toEqual(['other'])
  })

  it('expire from their last write again if the ttl is changed to that', async () => {
    const before = drive(joined())
    await before.input.pipe('a', 'x', 0)
    await before.driver.inputTopic('lookup', text).pipe('a', '?', 60)
    // what is due by the write is not due by the access, and no longer indexed
    await before.input.pipe('b', 'y', 100)
    const { input, out } = drive((b) => b.table('in', text, { store: 'rows', ttl: TTL }).toStream().to('out', text), {
      changelogs: before.driver.produced(),
    })
    await input.pipe('b', 'z', 125)
    expect(out()).toEqual(['a=null@65', 'b=z@125'])
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('have the results of a reference model, with restarts (%i)', async (seed) => {
    const upTo = repeatableRandom(seed)
    let now = 0
    const all: Piped[] = Array.from({ length: 240 }, (_, i) => {
      now += upTo(14)
      const timestamp = Math.max(0, now - upTo(upTo(5) === 0 ? 150 : 5))
      const key = `k${upTo(8)}`
      if (upTo(2) === 0) return { topic: 'lookup', key, value: '?', timestamp }
      return { topic: 'in', key, value: upTo(10) === 0 ? null : String(i), timestamp }
    })
    const parts = inParts(all, 1 + upTo(4))
    const outputs = await driveRestarting(joined(), parts, { config: seed === 1 ? {} : IN_MEMORY })
    const model = new AccessedRows()
    expect(outputs.map(inAnyOrderAtATime)).toEqual(
      parts.map((part) => {
        model.restart()
        return inAnyOrderAtATime(part.flatMap((record) => model.take(record)))
      }),
    )
  })
})

const allKeys = async (store: KeyValueStore<string, unknown>): Promise<string[]> => {
  const keys: string[] = []
  for await (const [key] of store.all()) keys.push(key)
  return keys
}

/** A table whose rows expire, looked through from end to end with each of its records, and a join that reads it. */
class AccessedRows {
  private rows = new Map<string, { value: string; used: number }>()
  /** Of the table. */
  private tableTime = -1
  private taskTime = -1

  restart(): void {
    this.tableTime = this.taskTime = -1
  }

  take({ topic, key, value, timestamp }: Piped): string[] {
    this.taskTime = Math.max(this.taskTime, timestamp)
    return topic === 'lookup' ? this.read(key!, timestamp) : this.update(key!, value, timestamp)
  }

  private read(key: string, timestamp: number): string[] {
    const row = this.rows.get(key)
    if (row) row.used = Math.max(row.used, this.taskTime)
    return [`${key}=${row?.value ?? 'none'}@${timestamp}`]
  }

  private update(key: string, value: string | null, timestamp: number): string[] {
    this.tableTime = Math.max(this.tableTime, timestamp)
    const out = this.expired()
    const used = Math.max(timestamp, this.rows.get(key)?.used ?? 0)
    if (value === null) this.rows.delete(key)
    else this.rows.set(key, { value, used })
    out.push(`${key}=${value}@${timestamp}`)
    return [...out, ...this.expired()]
  }

  private expired(): string[] {
    const due = [...this.rows].filter(([, { used }]) => used + TTL + 1 <= this.tableTime)
    due.sort(([, a], [, b]) => a.used - b.used)
    for (const [key] of due) this.rows.delete(key)
    return due.map(([key, { used }]) => `${key}=null@${used + TTL + 1}`)
  }
}
