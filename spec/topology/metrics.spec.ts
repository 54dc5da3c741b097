import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { Metric, MetricsRecordingLevel } from '../../lib/observe/metrics/metric'
import * as serdes from '../../lib/serdes'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { SlidingWindows } from '../../lib/dsl/windows/sliding-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import type { KGroupedStream } from '../../lib/dsl/kgrouped-stream'
import { untilTimeLimit } from '../../lib/dsl/suppressed'
import { sessionStore } from '../../lib/state/session/session-stores'
import type { ReadOnlyWindowStore } from '../../lib/state/store'
import { keyValueStore } from '../../lib/state/stores'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import { windowStore } from '../../lib/state/window/window-stores'
import { TopologyTestDriver } from '../../lib/testing'
import type { TestDriverConfig } from '../../lib/testing'
import type { Topology } from '../../lib/topology/topology'

const text = { key: serdes.string(), value: serdes.string() }
const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long() })

const counting = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { ...text, name: 'read' })
    .filter((value) => value !== 'no', { name: 'chosen' })
    .groupByKey()
    .count(counts)
    .toStream({ name: 'rows' })
    .to('out', { key: serdes.string(), value: serdes.long(), name: 'write' })
  return builder.build()
}

let driver: TopologyTestDriver

const drive = (topology: Topology, config: TestDriverConfig = {}): void => {
  driver = new TopologyTestDriver(topology, { initialWallClockTime: 10_000, statestoreCacheMaxBytes: 0, ...config })
}
afterEach(() => driver.close())

const at = (metricsRecordingLevel: MetricsRecordingLevel): TestDriverConfig => ({ metricsRecordingLevel })

const pipe = async (...records: ReadonlyArray<readonly [string | null, string, number]>): Promise<void> => {
  const input = driver.inputTopic('in', text)
  for (const [key, value, timestamp] of records) await input.pipe(key, value, { timestamp })
}

const metric = (name: string, tags: Record<string, string> = {}): Metric | undefined =>
  driver.metrics().find((each) => each.name === name && Object.entries(tags).every(([k, v]) => each.tags[k] === v))

const valueOf = (name: string, tags: Record<string, string> = {}): unknown => metric(name, tags)?.value

const namesByGroup = (): Record<string, string[]> => {
  const names: Record<string, string[]> = {}
  for (const { group, name } of driver.metrics()) {
    const known = (names[group] ??= [])
    if (!known.includes(name)) known.push(name)
  }
  for (const each of Object.values(names)) each.sort()
  return names
}

it('has Kafka Streams’ names, groups and tags at the level info', async () => {
  drive(counting())
  await pipe(['a', 'x', 9000])
  expect(namesByGroup()).toEqual({
    'stream-task-metrics': [
      'active-process-ratio',
      'dropped-records-rate',
      'dropped-records-total',
      'uncommitted-state-bytes',
      'uncompacted-tables',
    ],
    'stream-processor-node-metrics': [
      'dropped-records-total',
      'record-e2e-latency-avg',
      'record-e2e-latency-max',
      'record-e2e-latency-min',
    ],
    'stream-topic-metrics': ['bytes-consumed-total', 'records-consumed-total', 'records-produced-total'],
    'stream-state-metrics': ['estimate-num-keys', 'num-open-iterators', 'oldest-iterator-open-since-ms'],
    'consumer-fetch-manager-metrics': ['records-lag'],
  })
  const thread = { 'thread-id': 'test-driver-StreamThread-1', 'task-id': '0_0' }
  expect(metric('records-consumed-total')).toEqual({
    name: 'records-consumed-total',
    group: 'stream-topic-metrics',
    tags: { ...thread, 'processor-node-id': 'read', topic: 'in' },
    description: 'The total number of records consumed from this topic',
    kind: 'counter',
    value: 1,
  })
})

it('measures tasks and operators as well at the level debug', async () => {
  drive(counting(), at('debug'))
  await pipe(['a', 'x', 9000], ['a', 'no', 9100], ['b', 'y', 8500])
  expect(namesByGroup()['stream-task-metrics']).toEqual(
    expect.arrayContaining(['process-latency-avg', 'process-total', 'punctuate-rate', 'record-lateness-max']),
  )
  expect(valueOf('process-total', { 'processor-node-id': 'chosen' })).toBe(3)
  expect(valueOf('process-total', { 'processor-node-id': 'rows' })).toBe(2)
  expect(valueOf('process-total', { 'processor-node-id': 'read' })).toBe(3)
  expect(valueOf('process-rate', { 'processor-node-id': 'read' })).toBeGreaterThan(0)
  expect(metric('process-total')?.group).toBe('stream-task-metrics')
  expect(valueOf('process-total')).toBe(3)
  expect([valueOf('record-lateness-avg'), valueOf('record-lateness-max')]).toEqual([200, 600])
})

it('counts the records of a source over all of its topics at the level debug', async () => {
  const builder = new StreamsBuilder()
  builder.stream(['in', 'more'], { ...text, name: 'read' }).to('out', text)
  drive(builder.build(), at('debug'))
  await pipe(['a', 'x', 9000])
  await driver.inputTopic('more', text).pipe('a', 'y')
  const totals = driver
    .metrics()
    .filter(({ name, tags }) => name === 'process-total' && tags['processor-node-id'] === 'read')
  expect(totals.map(({ value }) => value)).toEqual([2])
})

it('counts the calls of stores at the level debug, and takes the time of some', async () => {
  drive(counting(), at('debug'))
  await pipe(['a', 'x', 9000], ['b', 'y', 9000], ['a', 'z', 9000])
  const store = { 'rocksdb-state-id': 'counts' }
  expect(metric('put-latency-avg', store)?.group).toBe('stream-state-metrics')
  for (const name of ['get', 'put', 'flush']) {
    expect(valueOf(`${name}-rate`, store)).toBeGreaterThan(0)
    expect(valueOf(`${name}-latency-avg`, store)).toBeGreaterThan(0)
    expect(valueOf(`${name}-latency-max`, store)).toBeGreaterThanOrEqual(
      valueOf(`${name}-latency-avg`, store) as number,
    )
  }
  expect(valueOf('fetch-rate', store)).toBeUndefined()
  expect(driver.store(counts).get('a')).toBe(2)
})

it('counts what fills a global store and is dropped', async () => {
  const builder = new StreamsBuilder()
  builder.globalTable('numbers', { key: serdes.string(), value: serdes.long() }, { store: 'numbers' })
  builder.stream('in', text).to('out', text)
  drive(builder.build())
  await driver.inputTopic('numbers', text).pipe('a', 'short')
  await pipe(['a', 'x', 9000])
  expect(valueOf('dropped-records-total', { 'task-id': '-1_-1', reason: 'error' })).toBe(1)
  expect(metric('dropped-records-total', { 'task-id': '-1_-1' })).toMatchObject({
    group: 'stream-task-metrics',
    tags: { 'thread-id': 'test-driver-GlobalStreamThread' },
    value: 1,
  })
})

it('measures no call of a store at the level info', async () => {
  drive(counting())
  await pipe(['a', 'x', 9000])
  expect(namesByGroup()['stream-state-metrics']).toEqual([
    'estimate-num-keys',
    'num-open-iterators',
    'oldest-iterator-open-since-ms',
  ])
})

it('measures nothing where it is off', async () => {
  drive(counting(), at('off'))
  await pipe([null, 'x', 9000])
  expect(driver.metrics()).toEqual([])
  expect(driver.recordCounts().dropped).toBe(1)
})

it('takes the end-to-end latency of records where they are read and where they leave', async () => {
  drive(counting())
  await pipe(['a', 'x', 9000], ['a', 'y', 7000], ['b', 'no', 9900])
  const latency = (node: string): unknown[] =>
    ['min', 'avg', 'max'].map((which) => valueOf(`record-e2e-latency-${which}`, { 'processor-node-id': node }))
  expect(latency('read')).toEqual([100, 1366.6666666666667, 3000])
  // a count has the greatest timestamp of its records
  expect(latency('write')).toEqual([1000, 1000, 1000])
  expect(latency('chosen')).toEqual([undefined, undefined, undefined])
})

it('takes the latency of what a cache holds when it leaves', async () => {
  drive(counting(), { statestoreCacheMaxBytes: 1_000_000 })
  await pipe(['a', 'x', 9000])
  expect(valueOf('record-e2e-latency-max', { 'processor-node-id': 'write' })).toBe(1000)
  expect(valueOf('records-produced-total', { topic: 'out' })).toBe(1)
})

it('counts dropped records in all, by operator and by reason', async () => {
  drive(counting())
  await pipe([null, 'x', 9000], [null, 'y', 9000], ['a', 'x', 9000])
  expect(valueOf('dropped-records-total')).toBe(2)
  expect(valueOf('dropped-records-rate')).toBe(2)
  const reasons = driver.metrics().filter(({ tags }) => tags['reason'] !== undefined)
  expect(reasons.map(({ tags, value }) => [tags['processor-node-id'], tags['reason'], value])).toEqual([
    ['KSTREAM-AGGREGATE-0000000002', 'null-key', 2],
    ['KSTREAM-AGGREGATE-0000000002', 'null-value', 0],
  ])
})

it('forgets rates and extremes after a minute of the wall clock, and keeps totals', async () => {
  drive(counting())
  await pipe([null, 'x', 9000])
  await driver.advanceWallClockTime('2m')
  expect([valueOf('dropped-records-rate'), valueOf('dropped-records-total')]).toEqual([0, 1])
  expect(valueOf('record-e2e-latency-max')).toBeNaN()
})

it('counts bytes of keys and values, and the records of each topic that a sink chooses', async () => {
  const builder = new StreamsBuilder()
  builder.stream('in', text).to((value) => value, { ...text, name: 'choose' })
  drive(builder.build())
  await pipe(['ab', 'one', 0], [null, 'two', 0], ['c', 'one', 0])
  expect(valueOf('bytes-consumed-total')).toBe(12)
  const written = driver.metrics().filter(({ name }) => name === 'records-produced-total')
  expect(written.map(({ tags, value }) => [tags['processor-node-id'], tags['topic'], value])).toEqual([
    ['choose', 'one', 2],
    ['choose', 'two', 1],
  ])
})

it('counts punctuations', async () => {
  const builder = new StreamsBuilder()
  builder.stream('in', text).process(() => ({
    init: (context) => void context.schedule('1s', 'wall-clock-time', () => {}),
    process: () => {},
  }))
  drive(builder.build(), at('debug'))
  await pipe(['a', 'x', 0])
  for (let i = 0; i < 3; i++) await driver.advanceWallClockTime('1s')
  expect(valueOf('punctuate-total')).toBe(3)
})

it('knows how many keys a store has', async () => {
  drive(counting())
  await pipe(['a', 'x', 0], ['b', 'x', 0], ['a', 'y', 0])
  expect(valueOf('estimate-num-keys', { 'rocksdb-state-id': 'counts' })).toBe(2)
})

it('names stores in tags by their kind and place, as Kafka Streams does', async () => {
  const times = { retention: 1000, windowSize: 10 }
  const stores = [
    keyValueStore('a', text),
    keyValueStore('b', { ...text, persistent: false }),
    keyValueStore('c', { ...text, maxEntries: 2 }),
    windowStore('d', { ...text, ...times }),
    windowStore('e', { ...text, ...times, persistent: false }),
    sessionStore('f', { ...text, retention: 1000 }),
    sessionStore('g', { ...text, retention: 1000, persistent: false }),
    versionedKeyValueStore('h', { ...text, historyRetention: 1000 }),
  ]
  const builder = new StreamsBuilder()
  builder.stream('in', text).process(() => ({ process: () => {} }), stores)
  builder
    .table('updates', text, 'table')
    .suppress(untilTimeLimit('1s', { name: 'later' }))
    .toStream()
    .to('out', text)
  drive(builder.build(), at('debug'))
  await pipe(['a', 'x', 0])
  await driver.inputTopic('updates', text).pipe('a', 'x')
  const tags = driver.metrics().flatMap(({ name, tags }) => (name === 'flush-rate' ? [Object.entries(tags)[2]] : []))
  expect(Object.fromEntries(tags.map((tag) => tag!.toReversed()))).toEqual({
    a: 'rocksdb-state-id',
    b: 'in-memory-state-id',
    c: 'in-memory-lru-state-id',
    d: 'rocksdb-window-state-id',
    e: 'in-memory-window-state-id',
    f: 'rocksdb-session-state-id',
    g: 'in-memory-session-state-id',
    h: 'rocksdb-state-id',
    table: 'rocksdb-state-id',
    'later-store': 'in-memory-suppression-state-id',
  })
})

it('describes rates and latencies in the words of Kafka Streams', async () => {
  drive(counting(), at('debug'))
  await pipe(['a', 'x', 0])
  const said = (name: string, group: string): unknown =>
    driver.metrics().find((each) => each.name === name && each.group === group)?.description
  expect([
    said('process-rate', 'stream-task-metrics'),
    said('process-latency-max', 'stream-task-metrics'),
    said('record-lateness-avg', 'stream-task-metrics'),
    said('put-rate', 'stream-state-metrics'),
    said('put-latency-avg', 'stream-state-metrics'),
  ]).toEqual([
    'The average number of calls to process per second',
    'The maximum latency of calls to process',
    'The observed average lateness of records in milliseconds, measured by comparing the record timestamp with the current stream time',
    'The average number of calls to put per second',
    'The average latency of calls to put',
  ])
})

it('knows how often the record cache of a store has what is read', async () => {
  drive(counting(), { statestoreCacheMaxBytes: 1_000_000 })
  await pipe(['a', 'x', 0], ['b', 'x', 0], ['a', 'y', 0], ['a', 'z', 0])
  const cache = { 'record-cache-id': 'counts' }
  expect([valueOf('hit-ratio-avg', cache), valueOf('reads-total', cache), valueOf('hits-total', cache)]).toEqual([
    0.5, 4, 2,
  ])
})

it('knows the extremes of the hit ratio at the level debug, as they were with each hit', async () => {
  drive(counting(), { statestoreCacheMaxBytes: 1_000_000, ...at('debug') })
  await pipe(['a', 'x', 0], ['b', 'x', 0], ['a', 'y', 0], ['a', 'z', 0])
  const cache = { 'record-cache-id': 'counts' }
  expect([valueOf('hit-ratio-min', cache), valueOf('hit-ratio-max', cache)]).toEqual([1 / 3, 2 / 4])
})

describe('of suppressions', () => {
  const buffer = { 'in-memory-suppression-state-id': 'later-store' }
  const operator = { 'processor-node-id': 'later' }

  const suppressing = (): Topology => {
    const builder = new StreamsBuilder()
    builder
      .table('in', text)
      .suppress(untilTimeLimit('1s', { name: 'later' }))
      .toStream()
      .to('out', text)
    return builder.build()
  }

  it('count what is emitted, and how full the buffer is, at the level debug', async () => {
    drive(suppressing(), at('debug'))
    await pipe(['a', 'x', 0], ['b', 'x', 0])
    expect(valueOf('suppression-emit-total', operator)).toBe(0)
    await pipe(['c', 'x', 2000])
    expect(valueOf('suppression-emit-total', operator)).toBe(2)
    expect(valueOf('suppression-emit-rate', operator)).toBeGreaterThan(0)
    // when it opened, with each of the three updates, and when two of them had left
    expect(valueOf('suppression-buffer-count-avg', buffer)).toBe((0 + 1 + 2 + 3 + 1) / 5)
    expect(valueOf('suppression-buffer-count-max', buffer)).toBe(3)
    const largest = valueOf('suppression-buffer-size-max', buffer) as number
    expect(valueOf('suppression-buffer-size-avg', buffer)).toBeCloseTo((largest / 3) * (7 / 5))
    expect(metric('suppression-emit-total')).toMatchObject({
      group: 'stream-processor-node-metrics',
      description: 'The total number of emitted records from the suppression buffer',
    })
    expect(metric('suppression-buffer-size-max')).toMatchObject({
      group: 'stream-state-metrics',
      description: 'The maximum size of buffered records',
    })
  })

  it('are not measured at the level info', async () => {
    drive(suppressing())
    await pipe(['a', 'x', 0])
    expect(driver.metrics().filter(({ name }) => name.startsWith('suppression'))).toEqual([])
  })
})

describe('of aggregations that emit when windows close', () => {
  const byKey = (): KGroupedStream<string, string> => builder.stream('in', text).groupByKey()
  let builder: StreamsBuilder
  beforeEach(() => (builder = new StreamsBuilder()))

  const kept = { store: 'closing', retention: 1000 }
  const closing = {
    time: () =>
      byKey()
        .windowedBy(TimeWindows.of({ size: 10, grace: 0 }))
        .emitStrategy('onWindowClose')
        .count(kept),
    sliding: () =>
      byKey()
        .windowedBy(SlidingWindows.of({ timeDifference: 10, grace: 0 }))
        .emitStrategy('onWindowClose')
        .count(kept),
    session: () =>
      byKey()
        .windowedBy(SessionWindows.of({ inactivityGap: 10, grace: 0 }))
        .emitStrategy('onWindowClose')
        .count(kept),
  }

  it.each(Object.entries(closing))('count what %s windows emit, and how long it takes', async (_kind, count) => {
    count().toStream({ name: 'rows' }).to('out', { key: serdes.json(), value: serdes.long() })
    drive(builder.build(), at('debug'))
    await pipe(['a', 'x', 100], ['b', 'x', 100])
    expect(valueOf('window-aggregate-final-emit-total')).toBe(0)
    await pipe(['a', 'x', 200])
    expect(valueOf('window-aggregate-final-emit-total')).toBe(driver.outputTopic('out').queueSize)
    expect(valueOf('window-aggregate-final-emit-total')).toBe(2)
    expect(valueOf('window-aggregate-final-emit-rate')).toBeGreaterThan(0)
    const avg = valueOf('window-aggregate-final-emit-latency-avg') as number
    expect(valueOf('window-aggregate-final-emit-latency-max')).toBeGreaterThanOrEqual(avg)
    expect(metric('window-aggregate-final-emit-latency-avg')).toMatchObject({
      group: 'stream-processor-node-metrics',
      description: 'The average latency of calls to emit final in milliseconds',
    })
  })
})

describe('of scans', () => {
  const store = { 'rocksdb-state-id': 'counts' }

  const lengthOf = async (scan: AsyncIterable<unknown>): Promise<number> => {
    let length = 0
    for await (const _ of scan) length++
    return length
  }

  it('say how many are open, and since when, at the level info', async () => {
    drive(counting())
    await pipe(['a', 'x', 0], ['b', 'x', 0], ['c', 'x', 0])
    const open = (): unknown => valueOf('num-open-iterators', store)
    expect([open(), valueOf('oldest-iterator-open-since-ms', store)]).toEqual([0, 0])
    const before = Date.now()
    const scan = driver.store(counts).all()[Symbol.asyncIterator]()
    expect(open()).toBe(0)
    await scan.next()
    expect(open()).toBe(1)
    expect(valueOf('oldest-iterator-open-since-ms', store)).toBeGreaterThanOrEqual(before)
    await scan.return!()
    expect([open(), valueOf('oldest-iterator-open-since-ms', store)]).toEqual([0, 0])
    expect(valueOf('iterator-duration-avg', store)).toBeUndefined()
  })

  it('time them by what was called, at the level debug', async () => {
    drive(counting(), at('debug'))
    await pipe(['a', 'x', 0], ['b', 'x', 0])
    expect([valueOf('range-rate', store), valueOf('iterator-duration-max', store)]).toEqual([0, NaN])
    const rows = driver.store(counts)
    for (const scan of [rows.all(), rows.range('a', 'b'), rows.prefixScan('a', serdes.string())]) {
      expect(await lengthOf(scan)).toBeGreaterThan(0)
    }
    for (const name of ['all', 'range', 'prefix-scan']) {
      expect(valueOf(`${name}-rate`, store)).toBeGreaterThan(0)
      expect(valueOf(`${name}-latency-max`, store)).toBeGreaterThan(0)
    }
    const longest = Math.max(
      ...['all', 'range', 'prefix-scan'].map((name) => valueOf(`${name}-latency-max`, store) as number),
    )
    expect(valueOf('iterator-duration-max', store)).toBe(longest)
    expect(valueOf('num-open-iterators', store)).toBe(0)
  })

  it('of windows count as fetches', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 10 }))
      .count({ store: 'windows' })
    drive(builder.build(), at('debug'))
    await pipe(['a', 'x', 0])
    const windows = { 'rocksdb-window-state-id': 'windows' }
    const fetched = valueOf('fetch-rate', windows) as number
    expect(await lengthOf((driver.store('windows') as ReadOnlyWindowStore<string, bigint>).all())).toBe(1)
    expect(valueOf('fetch-rate', windows)).toBe(2 * fetched)
    expect(valueOf('iterator-duration-avg', windows)).toBeGreaterThan(0)
    expect(valueOf('all-rate', windows)).toBeUndefined()
  })
})

it('counts the records that do not wait for an empty input, at the level debug', async () => {
  const builder = new StreamsBuilder()
  builder.stream(['in', 'other'], text).to('out', text)
  drive(builder.build(), at('debug'))
  await pipe(['a', 'x', 0], ['b', 'x', 0])
  expect(valueOf('enforced-processing-total')).toBe(2)
  expect(valueOf('enforced-processing-rate')).toBeGreaterThan(0)
})

it('measures nothing before the first record, and nothing once it is closed', async () => {
  drive(counting())
  expect(driver.metrics()).toEqual([])
  await pipe(['a', 'x', 0])
  await driver.close()
  expect(driver.metrics()).toEqual([])
})

it('gives every metric once', async () => {
  drive(counting(), at('debug'))
  await pipe(['a', 'x', 9000], [null, 'x', 9000])
  const ids = driver.metrics().map(({ name, group, tags }) => JSON.stringify([group, name, tags]))
  expect(new Set(ids).size).toBe(ids.length)
})
