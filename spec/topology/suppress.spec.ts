import type { KGroupedStream } from '../../lib/dsl/kgrouped-stream'
import type { KTable } from '../../lib/dsl/ktable'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { type TimeLimitOptions, untilTimeLimit, untilWindowCloses } from '../../lib/dsl/suppressed'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { SlidingWindows } from '../../lib/dsl/windows/sliding-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import type { Windowed } from '../../lib/record/windowed'
import * as serdes from '../../lib/serdes'
import { drive, headers, text } from './drive'

const driveLimit = (wait: number, options: TimeLimitOptions = {}) =>
  drive((b) => b.table('in', text, 'rows').suppress(untilTimeLimit(wait, options)).toStream().to('out', text))

describe('suppress until a time limit', () => {
  it("emits the last update of a key, with its time and headers, when the first one's time has come", async () => {
    const { input, out } = driveLimit(10)
    await input.pipe('a', '1', 100)
    await input.pipe('a', '2', { timestamp: 105, headers: headers('h') })
    await input.pipe('b', '1', 109)
    expect(out()).toEqual([])
    await input.pipe('b', '2', 110)
    expect(out()).toEqual(['a=2@105 h'])
    await input.pipe('a', null, 119)
    expect(out()).toEqual(['b=2@110'])
    await input.pipe('c', 'x', 200)
    expect(out()).toEqual(['a=null@119'])
  })

  it('with a bound emits the oldest early', async () => {
    const { input, out } = driveLimit(1000, { maxRecords: 1 })
    await input.pipe('b', '1', 2)
    await input.pipe('a', '1', 1)
    expect(out()).toEqual(['a=1@1'])
  })

  it('without a limit emits by its bounds only', async () => {
    const { input, out } = driveLimit(Infinity, { maxRecords: 1 })
    await input.pipe('a', '1', 0)
    await input.pipe('a', '2', 8.64e15)
    expect(out()).toEqual([])
    await input.pipe('b', '1', 8.64e15)
    expect(out()).toEqual(['a=2@8640000000000000'])
  })

  it('or stops with an error that says what to do', async () => {
    const { input } = driveLimit(1000, { maxBytes: 40, onFull: 'shutDown', name: 'held' })
    await input.pipe('a', '1', 1)
    await expect(input.pipe('b', '1', 2)).rejects.toMatchObject({
      code: 'BUFFER_FULL',
      location: { operator: 'held', store: 'held-store' },
      message: expect.stringContaining('raise maxRecords or maxBytes'),
    })
  })

  it('shows joins the rows as they were before what waits', async () => {
    const { driver, input, out } = drive((b) => {
      const held = b.table('in', text, 'rows').suppress(untilTimeLimit(10))
      b.table('t', text)
        .leftJoin(held, (left, right) => `${left}+${right}`)
        .toStream()
        .to('out', text)
    })
    const table = driver.inputTopic('t', text)
    await input.pipe('k', 'old', 1)
    await input.pipe('x', 'x', 20)
    await input.pipe('k', 'new', 21)
    await table.pipe('k', 't', 22)
    expect(out()).toEqual(['k=t+old@22'])
  })
})

describe('suppress until windows close', () => {
  const driveWindows = (windows: TimeWindows) =>
    drive((b) =>
      b
        .stream('in', text)
        .groupByKey()
        .windowedBy(windows)
        .count()
        .filter((count) => count > 1)
        .suppress(untilWindowCloses())
        .toStream((_count, { key, window }) => `${key}@${window.start}`)
        .to('out', { key: serdes.string(), value: serdes.long() }),
    )

  it('emits each window once, when its grace period is over, and none that has nothing', async () => {
    const { input, out } = driveWindows(TimeWindows.of({ size: 10, grace: 5 }))
    for (const time of [1000, 1003, 1012, 1009]) await input.pipe('a', 'x', time)
    await input.pipe('b', 'x', 1014)
    expect(out('out', serdes.long() as never)).toEqual([])
    await input.pipe('b', 'x', 1015)
    expect(out('out', serdes.long() as never)).toEqual(['a@1000=3@1009'])
    // what the filter leaves out doesn't move the time
    await input.pipe('c', 'x', 1100)
    expect(out('out', serdes.long() as never)).toEqual([])
    await input.pipe('c', 'x', 1101)
    expect(out('out', serdes.long() as never)).toEqual(['b@1010=2@1015'])
  })

  it('waits for sessions as long as they may still be joined to others', async () => {
    const { input, out } = drive((b) =>
      b
        .stream('in', text)
        .groupByKey()
        .windowedBy(SessionWindows.of({ inactivityGap: 5, grace: 2 }))
        .count()
        .suppress(untilWindowCloses({ name: 'final' }))
        .toStream((_count, { key, window }) => `${key}@${window.start}-${window.end}`)
        .to('out', { key: serdes.string(), value: serdes.long() }),
    )
    for (const time of [100, 104, 110]) await input.pipe('a', 'x', time)
    expect(out('out', serdes.long() as never)).toEqual([])
    await input.pipe('b', 'x', 111)
    expect(out('out', serdes.long() as never)).toEqual(['a@100-104=2@104'])
  })

  const join = (a: string, b: string): string => a + b
  const unlessGone = (all: string, value: string): string | null => (value === 'gone' ? null : all + value)
  const last = (_: string, value: string): string => value
  const per10 = TimeWindows.of({ size: 10 })
  const sliding = SlidingWindows.of({ timeDifference: 5 })
  const sessions = SessionWindows.of({ inactivityGap: 5 })
  const deleting: Record<string, (grouped: KGroupedStream<string, string>) => KTable<Windowed<string>, string>> = {
    aggregate: (grouped) => grouped.windowedBy(per10).aggregate(() => '', unlessGone, text),
    reduce: (grouped) => grouped.windowedBy(per10).reduce(unlessGone),
    'sliding windows': (grouped) => grouped.windowedBy(sliding).aggregate(() => '', unlessGone, text),
    sessions: (grouped) => grouped.windowedBy(sessions).aggregate(() => '', unlessGone, join, text),
    cogroup: (grouped) =>
      grouped
        .cogroup(unlessGone)
        .windowedBy(per10)
        .aggregate(() => '', text),
    'cogrouped sessions': (grouped) =>
      grouped
        .cogroup(unlessGone)
        .windowedBy(sessions)
        .aggregate(() => '', join, text),
    filter: (grouped) =>
      grouped
        .windowedBy(per10)
        .reduce(last)
        .filter((value) => value !== 'gone'),
    mapValues: (grouped) =>
      grouped
        .windowedBy(per10)
        .reduce(last)
        .mapValues((value) => (value === 'gone' ? null : value), { value: text.value }),
    outerJoin: (grouped) => {
      const table = grouped.windowedBy(per10).reduce(last, 'rows')
      return table.outerJoin(table, (value) => (value === 'gone' ? null : value), { value: text.value })
    },
  }

  it.each(Object.keys(deleting))('emits no null for a row that has been deleted: %s', async (name) => {
    const values = new Map<string, (string | null)[]>()
    const { input } = drive((b) =>
      deleting[name]!(b.stream('in', text).groupByKey())
        .suppress(untilWindowCloses())
        .toStream()
        .foreach((value, { key }) => void values.set(key, [...(values.get(key) ?? []), value])),
    )
    await input.pipe('deleted', 'x', 1)
    await input.pipe('deleted', 'gone', 1)
    await input.pipe('kept', 'x', 1)
    await input.pipe('kept', 'y', 4)
    await input.pipe('later', 'x', 1000)
    expect(values.has('kept')).toBe(true)
    expect(values.has('deleted')).toBe(false)
    expect([...values.values()].flat()).not.toContain(null)
  })

  it('says where the serde of its keys comes from, where none is known', async () => {
    const { input } = drive((b) =>
      b
        .stream('in', text)
        .groupBy((value) => value)
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count()
        .suppress(untilWindowCloses())
        .toStream()
        .foreach(() => {}),
    )
    await expect(input.pipe('a', 'x', 1)).rejects.toMatchObject({
      code: 'SERIALIZATION_FAILED',
      message: expect.stringContaining('give the groupBy() or groupByKey() before windowedBy() a key serde'),
    })
  })

  it('is refused where no windows are', () => {
    const builder = new StreamsBuilder()
    const table = builder.table('in', text).mapValues((value) => value)
    expect(() => table.suppress(untilWindowCloses() as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_TOPOLOGY', message: expect.stringContaining('windowed aggregation') }),
    )
  })
})

it.each([
  () => untilTimeLimit(-1),
  () => untilTimeLimit(1, { maxRecords: -1 }),
  () => untilWindowCloses({ maxBytes: NaN }),
])('limits below zero are refused: %s', (make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

test('what is not made by one of the two is refused', () => {
  const table = new StreamsBuilder().table('in', text)
  expect(() => table.suppress({ waitMs: 1 } as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

describe("suppress with onFull: 'spill'", () => {
  it.each([0, 100])('emits the same as without a bound, with %d bytes in memory', async (maxBytes) => {
    const outputs: string[][] = []
    for (const options of [{}, { maxBytes, onFull: 'spill' }] as const) {
      const { input, out } = driveLimit(10, options)
      for (let i = 0; i < 200; i++) await input.pipe(`k${(i * 7) % 13}`, `${i}`, i)
      outputs.push(out())
    }
    expect(outputs[1]).toEqual(outputs[0])
    expect(outputs[0]!.length).toBeGreaterThan(50)
  })

  it('works until windows close, and for joins that read what waits', async () => {
    const { driver, input, out } = drive((b) => {
      b.stream('in', text)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count()
        .suppress(untilWindowCloses({ maxRecords: 1, onFull: 'spill' }))
        .toStream((_, { key, window }) => `${key}-${window.start}`)
        .to('out', { key: serdes.string(), value: serdes.long() })
      const held = b.table('rows', text, 'rows').suppress(untilTimeLimit(10, { maxBytes: 0, onFull: 'spill' }))
      b.table('t', text)
        .leftJoin(held, (left, right) => `${left}+${right}`)
        .toStream()
        .to('joined', text)
    })
    for (const key of ['b', 'a', 'b', 'c']) await input.pipe(key, 'x', 1)
    await input.pipe('a', 'x', 10)
    expect(out('out', serdes.long())).toEqual(['a-0=1@1', 'b-0=2@1', 'c-0=1@1'])

    const rows = driver.inputTopic('rows', text)
    await rows.pipe('k', 'old', 1)
    await rows.pipe('x', 'x', 20)
    await rows.pipe('k', 'new', 21)
    await driver.inputTopic('t', text).pipe('k', 't', 22)
    expect(out('joined')).toEqual(['k=t+old@22'])
  })
})
