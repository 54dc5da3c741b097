import type { KStream } from '../../lib/dsl/kstream'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { JoinWindows } from '../../lib/dsl/windows/join-windows'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { SlidingWindows } from '../../lib/dsl/windows/sliding-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import * as serdes from '../../lib/serdes'
import { driveRestarting, type Piped } from './restarting'
import { repeatableRandom } from '../support/input'
import { drive, headers, text } from './drive'

const tumbling = TimeWindows.of({ size: 10, grace: 5 })

/** Counts in `out` as `key@start`, late records in `late`. */
const counted =
  (windows: TimeWindows | SlidingWindows, emit: 'onWindowUpdate' | 'onWindowClose' = 'onWindowUpdate') =>
  (b: StreamsBuilder): void =>
    b
      .stream('in', text)
      .groupByKey()
      .windowedBy(windows, { late: (late) => late.to('late', text) })
      .emitStrategy(emit)
      .count('counts')
      .toStream((_count, { key, window }) => `${key}@${window.start}`)
      .mapValues(String)
      .to('out', text)

describe('late records of windows', () => {
  it('go to a stream of their own as they are, and are not counted as dropped', async () => {
    const { input, out, driver } = drive(counted(tumbling))
    await input.pipe('a', 'x', 20)
    await input.pipe('b', 'late', { timestamp: 9, headers: headers('h') })
    await input.pipe('b', null, 8)
    await input.pipe('b', 'in time', 10)
    expect(out('late')).toEqual(['b=late@9 h', 'b=null@8'])
    expect(out()).toEqual(['a@20=1@20', 'b@10=1@10'])
    expect(driver.recordCounts().dropped).toBe(0)
  })

  it('of hopping windows go there once if any of their windows has closed, and count in those that are open', async () => {
    const { input, out } = drive(counted(TimeWindows.of({ size: 10, advance: 2, grace: 0 })))
    await input.pipe('a', 'x', 20)
    out()
    await input.pipe('b', 'half late', 15)
    await input.pipe('b', 'late', 9)
    expect(out('late')).toEqual(['b=half late@15', 'b=late@9'])
    expect(out()).toEqual(['b@12=1@15', 'b@14=1@15'])
  })

  it('of sliding windows go there if their windows have closed, or one of them', async () => {
    const { input, out } = drive(counted(SlidingWindows.of({ timeDifference: 10, grace: 0 })))
    await input.pipe('b', 'early', 23)
    await input.pipe('a', 'x', 30)
    out()
    await input.pipe('b', 'late', 19)
    await input.pipe('b', 'half late', 25)
    expect(out('late')).toEqual(['b=late@19', 'b=half late@25'])
    expect(out()).toContain('b@24=1@25')
  })

  it('of sessions go there if their session has closed', async () => {
    const { input, out, driver } = drive((b) =>
      b
        .stream('in', text)
        .groupByKey()
        .windowedBy(SessionWindows.of({ inactivityGap: 10 }), { late: (late) => late.to('late', text) })
        .count('counts')
        .toStream((_count, { key, window }) => `${key}@${window.start}`)
        .mapValues(String)
        .to('out', text),
    )
    await input.pipe('a', 'x', 30)
    await input.pipe('b', 'late', 19)
    await input.pipe('b', 'in time', 20)
    expect(out('late')).toEqual(['b=late@19'])
    expect(out()).toEqual(['a@30=1@30', 'b@20=1@20'])
    expect(driver.recordCounts().dropped).toBe(0)
  })

  it('come out also where results are emitted when windows close', async () => {
    const { input, out } = drive(counted(tumbling, 'onWindowClose'))
    for (const time of [0, 15, 3]) await input.pipe('a', String(time), time)
    expect(out()).toEqual(['a@0=1@0'])
    expect(out('late')).toEqual(['a=3@3'])
  })

  it('are given to each aggregation by itself, and keep the serdes and the key of a repartitioned stream', async () => {
    const { driver, input, out } = drive((b) => {
      let aggregations = 0
      const windowed = b
        .stream('in', text)
        .groupBy((value) => value[0]!, { name: 'by-letter', ...text })
        .windowedBy(tumbling, { late: (late) => late.to(`late-${++aggregations}`) })
      windowed.count('counts')
      windowed.reduce((a, c) => a + c, 'reduced')
    })
    for (const [value, time] of [
      ['x', 20],
      ['y late', 9],
    ] as const)
      await input.pipe('k', value, time)
    expect(out('late-1')).toEqual(['y=y late@9'])
    expect(out('late-2')).toEqual(['y=y late@9'])
    expect(driver.recordCounts().dropped).toBe(0)
  })

  it('never reach a callback as tombstones of a stream typed without null', async () => {
    const { input } = drive((b) =>
      b
        .stream('in', text)
        .groupByKey()
        .windowedBy(tumbling, { late: (late) => late.mapValues((value) => value.length).to('late') })
        .count('counts'),
    )
    await input.pipe('a', 'x', 20)
    await expect(input.pipe('b', null, 9)).rejects.toMatchObject({ code: 'UNEXPECTED_TOMBSTONE' })
  })

  it('get a node that is numbered after the aggregation, or named after it; without them no name changes', () => {
    const describeWith = (late: boolean, name?: string): string => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', text)
        .groupByKey()
        .windowedBy(tumbling, late ? { late: (records) => records.to('late', text) } : {})
        .count({ name })
        .toStream()
      return builder.build().describe().toString()
    }
    expect(describeWith(false)).toContain(
      'KSTREAM-AGGREGATE-0000000002 (stores: [KSTREAM-AGGREGATE-STATE-STORE-0000000001])',
    )
    expect(describeWith(true)).toContain('--> KSTREAM-LATE-0000000003, KTABLE-TOSTREAM-0000000005')
    expect(describeWith(true, 'counted')).toContain('--> counted-late, KTABLE-TOSTREAM-0000000005')
  })

  it('are told by the stream time since the start: after a restart it starts over, as in Kafka Streams', async () => {
    const late = { key: 'a', value: 'late', timestamp: 9 }
    const parts = [
      [{ key: 'a', value: 'x', timestamp: 20 }, late],
      [late, { ...late, timestamp: 20 }, late],
    ]
    const outputs = await driveRestarting(counted(tumbling), parts, { topics: ['out', 'late'] })
    expect(outputs).toEqual([
      ['a@20=1@20', 'a=late@9'],
      ['a@0=1@9', 'a@20=2@20', 'a=late@9'],
    ])
  })

  it('and those that are counted are together all records, of random ones', async () => {
    const random = repeatableRandom(11)
    let time = 100
    const records: Piped[] = Array.from({ length: 400 }, (_, i) => {
      time += random(4)
      return { key: `k${random(3)}`, value: String(i), timestamp: time - (random(3) === 0 ? random(40) : 0) }
    })
    const { driver, input, out } = drive(counted(tumbling))
    for (const { key, value, timestamp } of records) await input.pipe(key, value, timestamp)
    let newest = -1
    const expected = records.filter(({ timestamp }) => {
      newest = Math.max(newest, timestamp)
      return timestamp - (timestamp % 10) + 10 <= newest - 5
    })
    expect(out('late')).toEqual(expected.map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`))
    expect(out()).toHaveLength(records.length - expected.length)
    expect(expected.length).toBeGreaterThan(20)
    expect(driver.recordCounts().dropped).toBe(0)
  })
})

describe('late records of cogrouped streams', () => {
  const cogrouped =
    (windows: TimeWindows | SessionWindows) =>
    (b: StreamsBuilder): void => {
      const add = (count: number): number => count + 1
      const sums = { store: 'sums', value: serdes.double() }
      const clicks = b
        .stream('in', text)
        .groupByKey()
        .cogroup<number>(add)
        .cogroup(b.stream('taps', text).groupByKey(), add)
      const late = (records: KStream<string, unknown>, position: number): void =>
        records.to(position === 0 ? 'late-clicks' : 'late-taps')
      const table =
        windows instanceof SessionWindows
          ? clicks.windowedBy(windows, { late }).aggregate(
              () => 0,
              (a, b) => a + b,
              sums,
            )
          : clicks.windowedBy(windows, { late }).aggregate(() => 0, sums)
      table
        .toStream((_sum, { key, window }) => `${key}@${window.start}`)
        .mapValues(String)
        .to('out', text)
    }

  it.each([
    ['windows', tumbling],
    ['sessions', SessionWindows.of({ inactivityGap: 10, grace: 5 })],
  ])('of %s go to a stream for each of them, by its own stream time', async (_kind, windows) => {
    const { driver, input, out } = drive(cogrouped(windows))
    const taps = driver.inputTopic('taps', text)
    await input.pipe('a', 'x', 30)
    await taps.pipe('a', 'y', 2)
    await input.pipe('b', 'late', { timestamp: 1, headers: headers('h') })
    await taps.pipe('a', 'y', 30)
    await taps.pipe('b', 'late too', 3)
    expect(out('late-clicks')).toEqual(['b=late@1 h'])
    expect(out('late-taps')).toEqual(['b=late too@3'])
    expect(driver.recordCounts().dropped).toBe(0)
  })
})

describe('late records of joins', () => {
  const joined =
    (storeType: 'persistent' | 'in-memory', self = false) =>
    (b: StreamsBuilder): void => {
      const left = b.stream('in', text)
      left
        .join(
          self ? left : b.stream('other', text),
          (l, r) => `${l}+${r}`,
          JoinWindows.of({ timeDifference: 5, grace: 5 }),
          {
            storeType,
            late: (late) => late.to('late', text),
            otherLate: (late) => late.to('other-late', text),
          },
        )
        .to('out', text)
    }

  it('go to a stream of their side when they are too old to be kept for the other, and meet what is there', async () => {
    const { driver, input, out } = drive(joined('in-memory'))
    const other = driver.inputTopic('other', text)
    await other.pipe('a', 'r', 3)
    await input.pipe('a', 'l', 20)
    await input.pipe('a', 'late', { timestamp: 5, headers: headers('h') })
    await input.pipe('a', 'in time', 6)
    await other.pipe('a', 'after', 5)
    expect(out('late')).toEqual(['a=late@5 h'])
    expect(out()).toEqual(['a=late+r@5 h', 'a=in time+r@6', 'a=in time+after@6'])
    await other.pipe('a', 'r', 40)
    await other.pipe('a', 'other late', 25)
    expect(out('other-late')).toEqual(['a=other late@25'])
    expect(driver.recordCounts().dropped).toBe(0)
  })

  it('of a store on disk come with whole segments, as they are dropped there', async () => {
    const { input, out, driver } = drive(joined('persistent'))
    await input.pipe('a', 'l', 180_000)
    await input.pipe('a', 'kept', 120_000)
    await input.pipe('a', 'late', 119_999)
    expect(out('late')).toEqual(['a=late@119999'])
    expect(driver.recordCounts().dropped).toBe(0)
  })

  it('of a stream joined with itself are those of both sides', async () => {
    const { input, out } = drive(joined('in-memory', true), {}, { optimization: 'all' })
    await input.pipe('a', 'l', 20)
    await input.pipe('a', 'late', 5)
    expect([out('late'), out('other-late')]).toEqual([['a=late@5'], ['a=late@5']])
  })

  it('are dropped without the option, and counted', async () => {
    const { input, driver } = drive((b) =>
      b
        .stream('in', text)
        .join(b.stream('other', text), (l, r) => l + r, JoinWindows.of({ timeDifference: 5 }), {
          storeType: 'in-memory',
        })
        .to('out', text),
    )
    await input.pipe('a', 'l', 20)
    await input.pipe('a', 'late', 5)
    expect(driver.recordCounts().dropped).toBe(1)
  })
})
