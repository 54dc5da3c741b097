import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { untilTimeLimit, untilWindowCloses } from '../../lib/dsl/suppressed'
import { JoinWindows } from '../../lib/dsl/windows/join-windows'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { SlidingWindows } from '../../lib/dsl/windows/sliding-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import { repeatableRandom } from '../support/input'
import { drive, text } from './drive'

const idle = { ...text, idleAfter: 30 } as const
const tumbling = TimeWindows.of({ size: 10, grace: 5 })

/** Final counts in `out` as `key@start`. */
const counted =
  (consumed: typeof text | typeof idle, emit: 'onWindowUpdate' | 'onWindowClose' = 'onWindowClose') =>
  (b: StreamsBuilder): void =>
    b
      .stream('in', consumed)
      .groupByKey()
      .windowedBy(tumbling, { late: (late) => late.to('late', text) })
      .emitStrategy(emit)
      .count('counts')
      .toStream((_count, { key, window }) => `${key}@${window.start}`)
      .mapValues(String)
      .to('out', text)

describe('an idle source', () => {
  it('has stream time follow the wall clock once it was without records for idleAfter', async () => {
    const { input, out, driver } = drive(counted(idle))
    await input.pipe('a', 'x', 1)
    await driver.advanceWallClockTime(29)
    expect(out()).toEqual([])
    await driver.advanceWallClockTime(1)
    expect(out()).toEqual(['a@0=1@1'])
  })

  it('advances stream time by as much as the wall clock has advanced since its last record', async () => {
    const { input, out, driver } = drive((b) => {
      b.stream('in', idle)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 100 }))
        .count('counts')
        .suppress(untilWindowCloses())
        .toStream((_count, { key, window }) => `${key}@${window.start}`)
        .mapValues(String)
        .to('out', text)
    })
    await driver.advanceWallClockTime(1_000_000)
    await input.pipe('a', 'x', 1)
    await driver.advanceWallClockTime(98)
    expect(out()).toEqual([])
    await driver.advanceWallClockTime(1)
    expect(out()).toEqual(['a@0=1@1'])
  })

  it('is no longer idle with the next record, and stream time never goes back', async () => {
    const { input, out, driver } = drive(counted(idle))
    await input.pipe('a', 'x', 1)
    await driver.advanceWallClockTime(30)
    out()
    await input.pipe('a', 'late', 16)
    await input.pipe('a', 'in time', 21)
    await driver.advanceWallClockTime(29)
    expect(out()).toEqual([])
    await driver.advanceWallClockTime(1)
    expect(out()).toEqual(['a@20=1@21'])
    expect(out('late')).toEqual(['a=late@16'])
  })

  it('counts by its last record, not by the first', async () => {
    const { input, out, driver } = drive(counted(idle))
    for (let time = 0; time < 4; time++) {
      await input.pipe('a', 'x', time)
      await driver.advanceWallClockTime(29)
    }
    expect(out()).toEqual([])
    await driver.advanceWallClockTime(1)
    expect(out()).toEqual(['a@0=4@3'])
  })

  it('without idleAfter waits for records, however long', async () => {
    const { input, out, driver } = drive(counted(text))
    await input.pipe('a', 'x', 1)
    await driver.advanceWallClockTime('100d')
    expect(out()).toEqual([])
    await input.pipe('a', 'x', 15)
    expect(out()).toEqual(['a@0=1@1'])
  })

  it('has nothing to close before its first record', async () => {
    const { input, out, driver } = drive(counted(idle))
    await driver.start()
    await driver.advanceWallClockTime('1d')
    await input.pipe('a', 'x', 1)
    await input.pipe('a', 'y', 2)
    await driver.advanceWallClockTime(30)
    expect(out()).toEqual(['a@0=2@2'])
  })

  it('closes windows of one that has no grace, sessions, sliding windows and time limits', async () => {
    const { input, out, driver } = drive((b) => {
      const stream = b.stream('in', idle)
      stream
        .toTable()
        .suppress(untilTimeLimit(7))
        .toStream((_value, key) => `limit ${key}`)
        .to('out', text)
      const grouped = stream.groupByKey()
      grouped
        .windowedBy(SessionWindows.of({ inactivityGap: 4 }))
        .emitStrategy('onWindowClose')
        .count('s')
        .toStream((_count, { key, window }) => `session ${key} ${window.start}-${window.end}`)
        .mapValues(String)
        .to('out', text)
      grouped
        .windowedBy(SlidingWindows.of({ timeDifference: 5 }))
        .emitStrategy('onWindowClose')
        .count('l')
        .toStream((_count, { key, window }) => `sliding ${key} ${window.start}-${window.end}`)
        .mapValues(String)
        .to('out', text)
      grouped
        .windowedBy(TimeWindows.of({ size: 5 }))
        .count('w')
        .suppress(untilWindowCloses())
        .toStream((_count, { key, window }) => `window ${key} ${window.start}-${window.end}`)
        .mapValues(String)
        .to('out', text)
    })
    await input.pipe('a', 'x', 100)
    await input.pipe('a', 'y', 102)
    out()
    await driver.advanceWallClockTime(30)
    expect(out().sort()).toEqual([
      'limit a=y@102',
      'session a 100-102=2@102',
      'sliding a 101-106=1@102',
      'sliding a 97-102=2@102',
      'window a 100-105=2@102',
    ])
  })

  it('ends the wait of outer joins for a match, and of joins with a grace period for the table', async () => {
    const { input, out, driver } = drive((b) => {
      const left = b.stream('in', idle)
      left
        .outerJoin(
          b.stream('right', text),
          (l, r) => `${l}+${r}`,
          JoinWindows.of({ timeDifference: 10, grace: 5 }),
          text,
        )
        .to('out', text)
    })
    await input.pipe('a', 'l', 1)
    await driver.inputTopic('right', text).pipe('b', 'r', 2)
    expect(out()).toEqual([])
    await driver.advanceWallClockTime(30)
    expect(out()).toEqual(['a=l+null@1', 'b=null+r@2'])
  })

  it('is idle with all other sources of its task, whether those have idleAfter or not', async () => {
    const { input, out, driver } = drive((b) => {
      counted(idle)(b)
      b.stream('other', text).process(() => ({ process: () => {} }), ['counts'])
    })
    const other = driver.inputTopic('other', text)
    await input.pipe('a', 'x', 1)
    for (let i = 0; i < 4; i++) {
      await driver.advanceWallClockTime(20)
      await other.pipe('b', 'y', 1)
    }
    expect(out()).toEqual([])
    await driver.advanceWallClockTime(30)
    expect(out()).toEqual(['a@0=1@1'])
  })

  it('of several in a task takes the longest idleAfter', async () => {
    const { input, out, driver } = drive((b) => {
      counted(idle)(b)
      b.stream('other', { ...text, idleAfter: 50 }).process(() => ({ process: () => {} }), ['counts'])
    })
    await input.pipe('a', 'x', 1)
    await driver.advanceWallClockTime(49)
    expect(out()).toEqual([])
    await driver.advanceWallClockTime(1)
    expect(out()).toEqual(['a@0=1@1'])
  })

  it('reaches windows behind a repartition topic one idleAfter later, so that what closes before them still counts', async () => {
    const { input, out, driver } = drive((b) =>
      b
        .stream('in', idle)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .emitStrategy('onWindowClose')
        .count('first')
        .toStream((_count, { key }) => key.slice(0, 1))
        .mapValues(String)
        .groupByKey(text)
        .windowedBy(TimeWindows.of({ size: 10 }), { late: (late) => late.to('late', text) })
        .emitStrategy('onWindowClose')
        .reduce((sum, count) => `${sum}+${count}`, { store: 'second', ...text })
        .toStream((_sum, { key, window }) => `${key}@${window.start}`)
        .to('out', text),
    )
    await input.pipe('a1', 'x', 5)
    await input.pipe('a2', 'x', 7)
    await driver.advanceWallClockTime(1000)
    expect(out()).toEqual([])
    await driver.advanceWallClockTime(59)
    expect(out()).toEqual([])
    await driver.advanceWallClockTime(1)
    expect(out()).toEqual(['a@0=1+1@7'])
    expect(out('late')).toEqual([])
  })

  it('runs stream-time punctuations', async () => {
    const ticks: number[] = []
    const { input, driver } = drive((b) =>
      b.stream('in', idle).process(() => ({
        init: (context) => void context.schedule(20, 'stream-time', (time) => void ticks.push(time)),
        process: () => {},
      })),
    )
    await input.pipe('a', 'x', 1)
    await driver.advanceWallClockTime(30)
    await driver.advanceWallClockTime(5)
    await driver.advanceWallClockTime(20)
    expect(ticks).toEqual([1, 31, 56])
  })

  it('closes windows of what async operators have still to give', async () => {
    const { input, out, driver } = drive((b) =>
      b
        .stream('in', idle)
        .mapValuesAsync(async (value) => value)
        .groupByKey(text)
        .windowedBy(tumbling)
        .emitStrategy('onWindowClose')
        .count('counts')
        .toStream((_count, { key, window }) => `${key}@${window.start}`)
        .mapValuesAsync(async (count) => String(count))
        .to('out', text),
    )
    await input.pipe('a', 'x', 1)
    await driver.advanceWallClockTime(30)
    expect(out()).toEqual(['a@0=1@1'])
  })

  it('flushes the record cache before windows close', async () => {
    const { input, out, driver } = drive(
      (b) =>
        b
          .stream('in', idle)
          .groupByKey()
          .windowedBy(tumbling)
          .count('counts')
          .suppress(untilWindowCloses())
          .toStream((_count, { key, window }) => `${key}@${window.start}`)
          .mapValues(String)
          .to('out', text),
      { statestoreCacheMaxBytes: 1_000_000 },
    )
    await input.pipe('a', 'x', 1)
    await input.pipe('a', 'y', 2)
    await driver.advanceWallClockTime(30)
    expect(out()).toEqual(['a@0=2@2'])
  })

  it('can be a table', async () => {
    const { input, out, driver } = drive((b) =>
      b.table('in', idle, 'rows').suppress(untilTimeLimit(10)).toStream().to('out', text),
    )
    await input.pipe('a', 'x', 1)
    await driver.advanceWallClockTime(30)
    expect(out()).toEqual(['a=x@1'])
  })

  it('is none for those that read the same topic otherwise, nor for global tables', () => {
    expect(() =>
      drive((b) => {
        b.stream('in', idle).to('out', text)
        b.stream('in', text).to('out', text)
      }),
    ).toThrow('two streams read in with different idleAfter (30 ms and not set)')
    expect(() => drive((b) => b.globalTable('in', idle as never))).toThrow('idleAfter')
    for (const idleAfter of [0, -1, 'soon', null]) {
      expect(() => drive((b) => b.stream('in', { ...text, idleAfter: idleAfter as never }))).toThrow('idleAfter')
    }
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'has the results of a reference model with random records and pauses (%i)',
    async (seed) => {
      const upTo = repeatableRandom(seed)
      const idleAfter = 1 + upTo(40)
      const { input, out, driver } = drive((b) => counted({ ...idle, idleAfter: idleAfter as 30 })(b))
      const reference = new IdleWindows(idleAfter, 10, 5)
      let eventTime = 0
      for (let step = 0; step < 150; step++) {
        if (upTo(2) === 0) {
          eventTime += upTo(8)
          const timestamp = Math.max(0, eventTime - upTo(25))
          const key = 'abc'.charAt(upTo(3))
          await input.pipe(key, String(step), timestamp)
          reference.record(key, String(step), timestamp)
        } else {
          const by = upTo(2 * idleAfter)
          await driver.advanceWallClockTime(by)
          reference.advance(by)
        }
        expect(out()).toEqual(reference.take('out'))
        expect(out('late')).toEqual(reference.take('late'))
      }
    },
  )
})

/** Final counts of tumbling windows, as simple as they can be computed. */
class IdleWindows {
  private readonly windows = new Map<string, { key: string; start: number; count: number; timestamp: number }>()
  private streamTime = -1
  private quietMs = 0
  private quietFrom = -1
  private readonly taken = { out: [] as string[], late: [] as string[] }

  constructor(
    private readonly idleAfter: number,
    private readonly size: number,
    private readonly grace: number,
  ) {}

  record(key: string, value: string, timestamp: number): void {
    this.streamTime = Math.max(this.streamTime, timestamp)
    this.quietMs = 0
    this.quietFrom = this.streamTime
    const start = timestamp - (timestamp % this.size)
    if (start + this.size + this.grace <= this.streamTime) {
      this.taken.late.push(`${key}=${value}@${timestamp}`)
    } else {
      const id = `${key}@${start}`
      const window = this.windows.get(id) ?? { key, start, count: 0, timestamp }
      window.count++
      window.timestamp = Math.max(window.timestamp, timestamp)
      this.windows.set(id, window)
    }
    this.close()
  }

  advance(by: number): void {
    this.quietMs += by
    if (this.quietFrom < 0 || this.quietMs < this.idleAfter) return
    this.streamTime = Math.max(this.streamTime, this.quietFrom + this.quietMs)
    this.close()
  }

  take(topic: 'out' | 'late'): string[] {
    return this.taken[topic].splice(0)
  }

  private close(): void {
    const closed = [...this.windows].filter(([, { start }]) => start + this.size + this.grace <= this.streamTime)
    closed.sort(([, a], [, b]) => a.start - b.start || (a.key < b.key ? -1 : 1))
    for (const [id, { count, timestamp }] of closed) {
      this.windows.delete(id)
      this.taken.out.push(`${id}=${count}@${timestamp}`)
    }
  }
}
