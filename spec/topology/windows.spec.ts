import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { SlidingWindows } from '../../lib/dsl/windows/sliding-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import { UnlimitedWindows } from '../../lib/dsl/windows/unlimited-windows'
import type { KTable } from '../../lib/dsl/ktable'
import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import * as serdes from '../../lib/serdes'
import type { WindowStore } from '../../lib/state/store'
import { sessionStore } from '../../lib/state/session/session-stores'
import { windowStore } from '../../lib/state/window/window-stores'
import type { Windowed } from '../../lib/record/windowed'
import { drive, headers, text } from './drive'

const grouped = (builder: StreamsBuilder) => builder.stream('in', text).groupByKey()

/** Results as `key@start-end=value@timestamp`. */
const show = <V>(table: KTable<Windowed<string>, V>): void =>
  table
    .toStream((_value, { key, window }) => `${key}@${window.start}-${window.end}`)
    .mapValues((value) => String(value))
    .to('out', text)

describe('tumbling and hopping windows', () => {
  it('hold records from their start to before their end; a null value counts, a null key does not', async () => {
    const { driver, input, out } = drive((builder) =>
      show(
        grouped(builder)
          .windowedBy(TimeWindows.of({ size: 10 }))
          .count(),
      ),
    )
    await input.pipe('a', 'x', 0)
    await input.pipe('a', null, 9)
    await input.pipe('a', 'x', 10)
    await input.pipe(null, 'x', 10)
    expect(out()).toEqual(['a@0-10=1@0', 'a@0-10=2@9', 'a@10-20=1@10'])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('close when their end and the grace period are behind the newest record, for each window by itself', async () => {
    const windows = TimeWindows.of({ size: 10, advance: 5, grace: 5 })
    const { driver, input, out } = drive((builder) => show(grouped(builder).windowedBy(windows).count()))
    await input.pipe('a', 'x', 20)
    out()
    await input.pipe('a', 'late', 9)
    await input.pipe('b', 'half late', 13)
    expect(out()).toEqual(['b@10-20=1@13'])
    expect(driver.recordCounts().dropped).toBe(3)
  })

  it('aggregate and reduce; null deletes, and the next record starts anew', async () => {
    const { input, out } = drive((builder) => {
      const windowed = grouped(builder).windowedBy(TimeWindows.of({ size: 10 }))
      show(
        windowed.aggregate<string>(
          () => '',
          (all, value, key) => (value === 'clear' ? null : `${all}${key}${value}`),
        ),
      )
      windowed.reduce((a, b) => a + b, 'reduced')
    })
    for (const value of ['1', '2', 'clear', '3']) await input.pipe('k', value, 1)
    expect(out()).toEqual(['k@0-10=k1@1', 'k@0-10=k1k2@1', 'k@0-10=null@1', 'k@0-10=k3@1'])
  })

  it('are found in the store while they are retained', async () => {
    const handle = windowStore('w', { key: serdes.string(), value: serdes.long(), retention: 1000, windowSize: 10 })
    const { driver, input } = drive((builder) => {
      grouped(builder)
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ store: handle })
    })
    for (const timestamp of [1, 2, 15, 900]) await input.pipe('a', 'x', timestamp)
    expect(driver.store(handle).fetch('a', 0, 100)).toEqual([
      [0, 2],
      [10, 1],
    ])
    expect(driver.store<WindowStore<string, number>>('w').fetch('a', 0)).toBe(2)
    await input.pipe('a', 'x', 1005)
    expect(driver.store(handle).fetch('a', 0, 100)).toEqual([[10, 1]])
  })
})

describe('unlimited windows', () => {
  it('are one window from their start on; records before have none', async () => {
    const { driver, input, out } = drive((builder) =>
      show(
        grouped(builder)
          .windowedBy(UnlimitedWindows.of({ start: 100 }))
          .count(),
      ),
    )
    for (const timestamp of [99, 100, 1e12, 101]) await input.pipe('a', 'x', timestamp)
    expect(out()).toEqual(['a@100-Infinity=1@100', 'a@100-Infinity=2@1000000000000', 'a@100-Infinity=3@1000000000000'])
    expect(driver.recordCounts().dropped).toBe(0)
  })
})

describe('sliding windows', () => {
  it('are those of each record and those between records, out of order as well', async () => {
    const windows = SlidingWindows.of({ timeDifference: 10, grace: 50 })
    const { input, out } = drive((builder) =>
      show(
        grouped(builder)
          .windowedBy(windows)
          .reduce((a, b) => a + b),
      ),
    )
    await input.pipe('k', 'a', 1000)
    await input.pipe('k', 'b', 1005)
    out()
    await input.pipe('k', 'c', 1003)
    expect(out()).toEqual(['k@1001-1011=bc@1005', 'k@995-1005=abc@1005', 'k@993-1003=ac@1003', 'k@1004-1014=b@1005'])
  })
})

describe('session windows', () => {
  it('grow, and a record between two makes one of them: both are deleted before', async () => {
    const windows = SessionWindows.of({ inactivityGap: 10, grace: 100 })
    const { driver, input, out } = drive((builder) =>
      show(
        grouped(builder)
          .windowedBy(windows)
          .aggregate<string>(
            () => '',
            (all, value) => all + value,
            (a, b) => `${a}|${b}`,
            'sessions',
          ),
      ),
    )
    await input.pipe('k', 'a', { timestamp: 0, headers: headers('h') })
    await input.pipe('k', 'b', 20)
    await input.pipe('k', 'c', 10)
    expect(out()).toEqual(['k@0-0=a@0', 'k@20-20=b@20', 'k@0-0=null@0', 'k@20-20=null@20', 'k@0-20=|a|bc@20'])
    const sessions = sessionStore('sessions', { key: serdes.string(), value: serdes.string(), retention: 110 })
    expect(driver.store(sessions).fetch('k')).toHaveLength(1)
  })

  // results of Kafka Streams 4.2 for the same records
  it('with a gap of 0 hold the records of one millisecond, as long as the grace keeps them', async () => {
    const windows = SessionWindows.of({ inactivityGap: 0, grace: 5 })
    const { driver, input, out } = drive((builder) =>
      show(
        grouped(builder)
          .windowedBy(windows)
          .reduce((a, b) => a + b),
      ),
    )
    for (const [i, timestamp] of [5, 5, 6, 6, 5, 12, 7, 6].entries()) await input.pipe('k', 'abcdefgh'[i]!, timestamp)
    expect(out()).toEqual([
      'k@5-5=a@5',
      'k@5-5=ab@5',
      'k@6-6=c@6',
      'k@6-6=cd@6',
      'k@5-5=abe@5',
      'k@12-12=f@12',
      'k@7-7=g@7',
    ])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('with a gap and a grace of 0 keep nothing: every record begins its session again', async () => {
    const { driver, input, out } = drive((builder) =>
      show(
        grouped(builder)
          .windowedBy(SessionWindows.of({ inactivityGap: 0 }))
          .reduce((a, b) => a + b),
      ),
    )
    for (const [i, timestamp] of [5, 5, 6, 6, 5, 12].entries()) await input.pipe('k', 'abcdef'[i]!, timestamp)
    expect(out()).toEqual(['k@5-5=a@5', 'k@5-5=b@5', 'k@6-6=c@6', 'k@6-6=d@6', 'k@12-12=f@12'])
    expect(driver.recordCounts().dropped).toBe(1)
  })
})

describe('results on window close', () => {
  it('come once, in the order of time and key, with the headers of the record that closed them', async () => {
    const { input, out } = drive((builder) =>
      show(
        grouped(builder)
          .windowedBy(TimeWindows.of({ size: 10 }))
          .emitStrategy('onWindowClose')
          .count(),
      ),
    )
    await input.pipe('b', 'x', 3)
    await input.pipe('a', 'x', 2)
    await input.pipe('a', 'x', 5)
    expect(out()).toEqual([])
    await input.pipe('c', 'x', { timestamp: 10, headers: headers('closing') })
    expect(out()).toEqual(['a@0-10=2@5 closing', 'b@0-10=1@3 closing'])
    await input.pipe('c', 'x', 20)
    expect(out()).toEqual(['c@10-20=1@10'])
  })

  it('are looked for once in the emit interval', async () => {
    const { driver, input, out } = drive(
      (builder) =>
        show(
          grouped(builder)
            .windowedBy(TimeWindows.of({ size: 10 }))
            .emitStrategy('onWindowClose')
            .count({ retention: 1000 }),
        ),
      { emitInterval: '1s', initialWallClockTime: 5000 },
    )
    for (const timestamp of [1, 11, 21]) await input.pipe('a', 'x', timestamp)
    expect(out()).toEqual([])
    await driver.advanceWallClockTime('1s')
    await input.pipe('a', 'x', 22)
    expect(out()).toEqual(['a@0-10=1@1', 'a@10-20=1@11'])
  })

  it('are sessions, too, and sliding windows', async () => {
    const { input, out } = drive((builder) => {
      const stream = grouped(builder)
      show(
        stream
          .windowedBy(SessionWindows.of({ inactivityGap: 5 }))
          .emitStrategy('onWindowClose')
          .count(),
      )
      show(
        stream
          .windowedBy(SlidingWindows.of({ timeDifference: 5 }))
          .emitStrategy('onWindowClose')
          .count(),
      )
    })
    for (const timestamp of [10, 12, 30]) await input.pipe('a', 'x', timestamp)
    expect(out()).toContain('a@10-12=2@12')
  })
})

describe('windowed keys on topics', () => {
  it('go to the partition of the key itself, whatever the window', async () => {
    const { driver, input } = drive(
      (builder) =>
        grouped(builder)
          .windowedBy(TimeWindows.of({ size: 10 }))
          .count()
          .toStream()
          .to('out', { value: serdes.long() }),
      { partitions: { out: 10 } },
    )
    for (const timestamp of [1, 11, 21, 31]) await input.pipe('kafka', 'x', timestamp)
    const sent = driver.produced().filter(({ topic }) => topic === 'out')
    // murmur2 of "kafka" alone
    expect(sent.map(({ partition }) => partition)).toEqual([0, 0, 0, 0])
    expect(sent[1]!.key).toEqual(Buffer.concat([Buffer.from('kafka'), Buffer.from('000000000000000a', 'hex')]))
  })
})

describe('cogroup', () => {
  it('adds the records of several streams to one value', async () => {
    const { driver, input, out } = drive((builder) => {
      const other = builder.stream('other', text).groupByKey()
      grouped(builder)
        .cogroup<string>((all, value) => `${all}a${value}`)
        .cogroup(other, (all, value) => (value === 'clear' ? null : `${all}b${value}`))
        .aggregate(() => '', 'all')
        .toStream()
        .to('out', text)
    })
    const other = driver.inputTopic('other', text)
    await input.pipe('k', '1', 5)
    await other.pipe('k', '2', 3)
    await other.pipe('k', 'clear', 9)
    await input.pipe('k', '3', 1)
    expect(out()).toEqual(['k=a1@5', 'k=a1b2@5', 'k=null@9', 'k=a3@1'])
  })

  it('may read a topic that another stream reads', async () => {
    const { driver, input, out } = drive((builder) => {
      grouped(builder)
        .cogroup<string>((all, value) => `${all}a${value}`)
        .cogroup(builder.stream('other', text).groupByKey(), (all, value) => `${all}b${value}`)
        .cogroup(grouped(builder), (all, value) => `${all}c${value}`)
        .aggregate(() => '', 'all')
        .toStream()
        .to('out', text)
    })
    await input.pipe('k', '1', 5)
    await driver.inputTopic('other', text).pipe('k', '2', 6)
    expect(out()).toEqual(['k=a1@5', 'k=a1c1@5', 'k=a1c1b2@6'])
  })

  it('of windows judges lateness by each stream', async () => {
    const { driver, input, out } = drive((builder) => {
      const other = builder.stream('other', text).groupByKey()
      show(
        grouped(builder)
          .cogroup<string>((all, value) => `${all}a${value}`)
          .cogroup(other, (all, value) => `${all}b${value}`)
          .windowedBy(TimeWindows.of({ size: 10 }))
          .aggregate(() => ''),
      )
    })
    const other = driver.inputTopic('other', text)
    await input.pipe('k', '1', 25)
    await other.pipe('k', '2', 21)
    await input.pipe('k', 'late', 9)
    expect(out()).toEqual(['k@20-30=a1@25', 'k@20-30=a1b2@25'])
  })
})
