import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { JoinWindows } from '../../../../lib/dsl/windows/join-windows'
import { SessionWindows } from '../../../../lib/dsl/windows/session-windows'
import { SlidingWindows } from '../../../../lib/dsl/windows/sliding-windows'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import { UnlimitedWindows } from '../../../../lib/dsl/windows/unlimited-windows'
import * as serdes from '../../../../lib/serdes'
import { sessionStore } from '../../../../lib/state/session/session-stores'
import { windowStore } from '../../../../lib/state/window/window-stores'

const refused = (message: RegExp) =>
  expect.objectContaining({ name: 'TopologyError', code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })

describe('windowsFor', () => {
  test.each([
    [{ size: 10 }, 19, [[10, 20]]],
    [{ size: 10 }, 20, [[20, 30]]],
    [
      { size: 10, advance: 5 },
      12,
      [
        [5, 15],
        [10, 20],
      ],
    ],
    // windows before 1970 are not there
    [{ size: 10, advance: 4 }, 3, [[0, 10]]],
    [
      { size: 10, advance: 4 },
      9,
      [
        [0, 10],
        [4, 14],
        [8, 18],
      ],
    ],
  ])('TimeWindows %j at %d are %j', (options, timestamp, expected) => {
    const windows = TimeWindows.of(options).windowsFor(timestamp)
    expect(windows.map(({ start, end }) => [start, end])).toEqual(expected)
  })

  test('UnlimitedWindows are one window from their start on', () => {
    expect(UnlimitedWindows.of({ start: 5 }).windowsFor(4)).toEqual([])
    expect(UnlimitedWindows.of({ start: 5 }).windowsFor(5)).toEqual([{ start: 5, end: Infinity }])
  })
})

describe('windows are refused', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'a size of 0',
      () => TimeWindows.of({ size: 0 }),
      /TimeWindows\.of needs options\.size to be .* above 0.*, and got 0/,
    ],
    ['a negative size', () => TimeWindows.of({ size: -1 }), /TimeWindows\.of needs options\.size to be .*, and got -1/],
    [
      'a size that is no duration',
      () => TimeWindows.of({ size: '5 minutes' as '5m' }),
      /TimeWindows\.of needs options\.size to be .*, and got '5 minutes'/,
    ],
    [
      'an advance of 0',
      () => TimeWindows.of({ size: 10, advance: 0 }),
      /options\.advance to be .* above 0.*, and got 0/,
    ],
    ['an advance above the size', () => TimeWindows.of({ size: 10, advance: 11 }), /advance is 11 ms and size 10 ms/],
    [
      'a negative grace',
      () => TimeWindows.of({ size: 10, grace: -1 }),
      /TimeWindows\.of needs options\.grace to be .*, and got -1/,
    ],
    [
      'a negative time difference',
      () => SlidingWindows.of({ timeDifference: -1 }),
      /SlidingWindows\.of needs options\.timeDifference/,
    ],
    [
      'a negative gap',
      () => SessionWindows.of({ inactivityGap: -1 }),
      /SessionWindows\.of needs options\.inactivityGap to be .*, and got -1/,
    ],
    [
      'a negative session grace',
      () => SessionWindows.of({ inactivityGap: 1, grace: -1 }),
      /SessionWindows\.of needs options\.grace/,
    ],
    [
      'a start before 1970',
      () => UnlimitedWindows.of({ start: -1 }),
      /UnlimitedWindows\.of needs options\.start to be .*, and got -1/,
    ],
    [
      'a start that is no time',
      () => UnlimitedWindows.of({ start: new Date('?') }),
      /UnlimitedWindows\.of needs options\.start/,
    ],
    [
      'a negative join difference',
      () => JoinWindows.of({ timeDifference: -1 }),
      /JoinWindows\.of needs options\.timeDifference/,
    ],
    [
      'a join that ends before it begins',
      () => JoinWindows.of({ timeDifference: 10, after: -11 }),
      /before is 10 ms and after -11 ms/,
    ],
    [
      'a negative join grace',
      () => JoinWindows.of({ timeDifference: 10, grace: -1 }),
      /JoinWindows\.of needs options\.grace/,
    ],
  ])('%s', (_what, make, message) => {
    expect(make).toThrow(refused(message))
  })

  test('windows that are none', () => {
    const grouped = new StreamsBuilder().stream('in').groupByKey()
    expect(() => grouped.windowedBy({ size: 10 } as never)).toThrow(
      refused(/windowedBy needs windows to be TimeWindows/),
    )
  })

  test('closing what never closes', () => {
    const windowed = new StreamsBuilder().stream('in').groupByKey().windowedBy(UnlimitedWindows.of())
    expect(() => windowed.emitStrategy('onWindowClose')).toThrow(refused(/never close/))
    expect(() => windowed.emitStrategy('sometimes' as never)).toThrow(refused(/'onWindowUpdate' or 'onWindowClose'/))
  })

  test.each<[string, (stream: ReturnType<typeof grouped>) => unknown, RegExp]>([
    ['time', (s) => s.windowedBy(TimeWindows.of({ size: 10, grace: 5 })).count({ store: 'w', retention: 14 }), /15 ms/],
    [
      'sliding',
      (s) => s.windowedBy(SlidingWindows.of({ timeDifference: 10, grace: 5 })).count({ retention: 24 }),
      /25 ms/,
    ],
    [
      'session',
      (s) => s.windowedBy(SessionWindows.of({ inactivityGap: 10, grace: 5 })).count({ retention: 14 }),
      /15 ms/,
    ],
  ])('a retention too short for %s windows', (_kind, count, message) => {
    expect(() => count(grouped())).toThrow(refused(message))
  })

  const grouped = () => new StreamsBuilder().stream('in').groupByKey()

  test('stores of windows and sessions', () => {
    expect(() => windowStore('w', { retention: 5, windowSize: 10 })).toThrow(refused(/retention of 5 ms is below/))
    expect(() => windowStore('w', { retention: -5, windowSize: 10 })).toThrow(
      refused(/windowStore needs options\.retention to be .*, and got -5/),
    )
    expect(() => windowStore('w', { retention: 50, windowSize: 10, retainDuplicates: true, caching: true })).toThrow(
      refused(/duplicates and cache/),
    )
    expect(() => sessionStore('s', { retention: -1 })).toThrow(
      refused(/sessionStore needs options\.retention to be .*, and got -1/),
    )
  })

  test('cogroup without a grouped stream, or with one of another builder', () => {
    const cogrouped = grouped().cogroup(() => 1)
    expect(() => cogrouped.cogroup({} as never, () => 1)).toThrow(
      refused(/cogroup needs grouped to be a grouped stream/),
    )
    expect(() => cogrouped.cogroup(grouped(), () => 1)).toThrow(refused(/different StreamsBuilders/))
    expect(() => grouped().cogroup(1 as never)).toThrow(refused(/cogroup needs an aggregator/))
  })

  test('a builder with stores that are neither', () => {
    expect(() => new StreamsBuilder({ defaultStoreType: 'disk' as never })).toThrow(
      refused(/'persistent' or 'in-memory'/),
    )
  })
})

describe('stores follow the windows', () => {
  const storesOf = (build: (builder: StreamsBuilder) => unknown, builder = new StreamsBuilder()) => {
    build(builder)
    return [...builder.build().definition.stores.values()].map(({ builder: store }) => store)
  }
  const stream = (builder: StreamsBuilder) => builder.stream('in', { key: serdes.string(), value: serdes.string() })

  test.each<[string, (builder: StreamsBuilder) => unknown, number]>([
    [
      'time',
      (b) =>
        stream(b)
          .groupByKey()
          .windowedBy(TimeWindows.of({ size: '10m', grace: '1m' }))
          .count(),
      660_000,
    ],
    [
      'sliding',
      (b) =>
        stream(b)
          .groupByKey()
          .windowedBy(SlidingWindows.of({ timeDifference: '10m', grace: '1m' }))
          .count(),
      1_260_000,
    ],
    [
      'session',
      (b) =>
        stream(b)
          .groupByKey()
          .windowedBy(SessionWindows.of({ inactivityGap: '10m', grace: '1m' }))
          .count(),
      660_000,
    ],
    ['unlimited', (b) => stream(b).groupByKey().windowedBy(UnlimitedWindows.of()).count(), Infinity],
    [
      'given',
      (b) =>
        stream(b)
          .groupByKey()
          .windowedBy(TimeWindows.of({ size: 10 }))
          .count({ retention: '1d' }),
      86_400_000,
    ],
  ])('retention of %s', (_kind, build, retentionMs) => {
    expect(storesOf(build)[0]!.changelogPolicy).toEqual({ cleanup: 'compact,delete', retentionMs })
  })

  test('in memory where the builder or the table says so', () => {
    const count = (storeType?: 'persistent' | 'in-memory') => (b: StreamsBuilder) =>
      stream(b)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ storeType })
    expect(storesOf(count())[0]!.persistent).toBe(true)
    expect(storesOf(count('in-memory'))[0]!.persistent).toBe(false)
    const inMemory = () => new StreamsBuilder({ defaultStoreType: 'in-memory' })
    expect(storesOf(count(), inMemory())[0]!.persistent).toBe(false)
    expect(storesOf(count('persistent'), inMemory())[0]!.persistent).toBe(true)
  })
})
