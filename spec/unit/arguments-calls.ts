import {
  deadLetterTopic,
  JoinWindows,
  keyValueStore,
  SchemaRegistry,
  serdes,
  SessionWindows,
  sessionStore,
  SlidingWindows,
  StreamsBuilder,
  timestampedKeyValueStore,
  timestampedWindowStore,
  TimeWindows,
  Topology,
  UnlimitedWindows,
  untilTimeLimit,
  untilWindowCloses,
  versionedKeyValueStore,
  windowStore,
} from '../../lib'
import { TopologyTestDriver } from '../../lib/testing'

/** A valid call of a public method, with all of its arguments and options. */
export interface Call {
  readonly on: () => (...args: never[]) => unknown
  readonly args: () => readonly unknown[]
  /** What errors call a parameter, where overloads call it differently. */
  readonly called?: Readonly<Record<string, string>>
  /** Wrong values that make the call one of another overload. */
  readonly ambiguous?: readonly string[]
}

/** Not what a topology is built or tested with, or called by the runtime with what it has checked itself. */
export const notChecked = [
  // has errors of its own: INVALID_CONFIG, ILLEGAL_STATE …
  /^(new )?Kafka(Streams|Producer)\b/,
  /^(new )?SchemaRegistry\b/,
  // made by the runtime, or in the hot path
  /^new (StreamsError|TopologyError|MissingDependency|SchemaViolation|StreamRecord|Windowed)$/,
  /^StreamRecord\./,
  /InvalidTimestamp$|TimestampExtractor$/,
  /^(read|write)CloudEvent$/,
  // of the configuration: INVALID_CONFIG
  /^levelEngine$/,
]

const callback = () => () => 1
const { string, long } = serdes
const batchOptions = () => ({
  name: 'n',
  size: 2,
  interval: '1s',
  timeout: '1s',
  retry: { attempts: 2, backoff: 1, maxBackoff: 2, on: () => true },
  onError: 'skip',
  maxBytes: 500,
  pending: { key: serdes.string(), value: serdes.string() },
})
const asyncOptions = () => ({
  name: 'n',
  concurrency: 2,
  order: 'key',
  timeout: '1s',
  retry: { attempts: 2, backoff: 1, maxBackoff: 2, on: () => true },
  onError: 'skip',
  maxRecords: 5,
  maxBytes: 500,
  pending: { key: serdes.string(), value: serdes.string() },
})
/** Of the overload whose callback gets several records; without options it is the other one. */
const batched = { batch: { size: 2, linger: 1 } }
const stream = () => new StreamsBuilder().stream<string, string>('in')
const table = () => new StreamsBuilder().table<string, string>('in')
const grouped = () => stream().groupByKey()
const sessions = () => grouped().windowedBy(SessionWindows.of({ inactivityGap: 10 }))
const windowed = () => grouped().windowedBy(TimeWindows.of({ size: 10 }))
const groupedTable = () => table().groupBy((value, key) => [key, value])
const cogrouped = () => grouped().cogroup(() => 1)

/** Binds a method to an object that is made for each call. */
const method =
  <Name extends string>(make: () => { readonly [M in Name]: unknown }, name: Name): Call['on'] =>
  () => {
    const object = make()
    return (object[name] as (...args: unknown[]) => unknown).bind(object)
  }

const materialized = () => ({
  name: 'op',
  store: 'store',
  key: string(),
  value: string(),
  caching: true,
  logging: { 'segment.bytes': '1000000' },
  storeType: 'in-memory',
})
const expiringMaterialized = () => ({ ...materialized(), ttl: { after: '7d', from: 'access', silent: true } })
const windowMaterialized = () => ({ ...materialized(), retention: '1h' })
const named = () => ({ name: 'op' })
const consumed = () => ({
  ...groupedOptions(),
  timestampExtractor: () => 1,
  offsetReset: { byDuration: '1h' },
  idleAfter: '30s',
})
const mapped = () => ({ name: 'op', key: string(), value: string() })
const mappedKey = () => ({ name: 'op', key: string() })
const mappedValue = () => ({ name: 'op', value: string() })
const groupedOptions = () => ({ name: 'op', key: string(), value: string() })
const keptByKey = () => ({
  name: 'op',
  store: 'store',
  key: string(),
  value: string(),
  logging: { 'segment.bytes': '1000000' },
  storeType: 'in-memory',
})
const processor = () => () => ({ process: () => {} })
const transformer = () => () => ({ transform: () => 1 })
const store = () => keyValueStore('kept', { key: string(), value: string() })

/** A type guard, or any predicate. */
const filterOf =
  (make: () => { readonly filter: unknown; readonly filterNot: unknown }, rest: () => unknown) =>
  (name: 'filter' | 'filterNot'): Call[] => [
    { on: method(make, name), args: () => [callback(), rest()], called: { guard: 'predicate' } },
    { on: method(make, name), args: () => [callback(), rest()] },
  ]
const streamFilter = filterOf(stream, named)
const tableFilter = filterOf(table, materialized)

const branch = (branched: () => unknown): Call => ({
  on: method(() => stream().split(), 'branch'),
  args: () => [callback(), branched()],
  called: { guard: 'predicate', name: 'branched' },
  ambiguous: ['branched undefined'],
})
const branched = () => ({ name: 'one', with: () => 1 })

/** Methods of a stream or table, and of one that is joined with it: of the same builder. */
const joinOf = (
  left: 'stream' | 'table',
  right: 'stream' | 'table' | 'globalTable',
  name: 'join' | 'leftJoin' | 'outerJoin' | 'merge',
  rest: () => readonly unknown[],
  more: Omit<Call, 'on' | 'args'> = {},
): Call => {
  let builder = new StreamsBuilder()
  return {
    // the valid arguments are made after the object: of its builder
    on: () => {
      const object = builder[left]('left') as unknown as Record<string, (...args: never[]) => unknown>
      return object[name]!.bind(object)
    },
    args: () => [(builder = new StreamsBuilder())[right]('right'), ...rest()],
    ...more,
  }
}

const joined = () => ({ name: 'op', key: string(), value: string(), otherValue: string() })
const joinWindows = () => JoinWindows.of({ timeDifference: 10 })
const streamJoined = () => ({
  ...joined(),
  store: 'store',
  thisStore: 'this',
  otherStore: windowStore('other', { retention: 20, windowSize: 20, retainDuplicates: true }),
  logging: true,
  storeType: 'in-memory',
  late: callback(),
  otherLate: callback(),
})
const tableJoined = () => ({ ...materialized(), partitioner: () => 0, otherPartitioner: () => 0 })

const streamJoins = (name: 'join' | 'leftJoin'): Call[] => [
  joinOf('stream', 'globalTable', name, () => [callback(), callback(), named()], { called: { table: 'other' } }),
  joinOf('stream', 'stream', name, () => [callback(), joinWindows(), streamJoined()]),
  joinOf('stream', 'table', name, () => [callback(), joined()], { called: { table: 'other' } }),
]
const tableJoins = (name: 'join' | 'leftJoin'): Call[] => [
  joinOf('table', 'table', name, () => [callback(), materialized()]),
  joinOf('table', 'table', name, () => [callback(), callback(), tableJoined()]),
]

const topology = () =>
  new Topology().addSource('source', 'in').addProcessor('processor', processor(), 'source').addStateStore(store())

const driver = () => {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).toTable('kept')
  return new TopologyTestDriver(builder.build())
}
const opened: TopologyTestDriver[] = []
afterAll(async () => {
  for (const one of opened) await one.close()
})
const testDriver = () => {
  const made = driver()
  opened.push(made)
  return made
}
const times = () => ({ startTimestamp: new Date(5), advance: '1s' })
const inputTopic = () => testDriver().inputTopic('in', { key: string(), value: string() })

/** By the names of what the package exports; one for each overload, in their order. */
export const calls: Readonly<Record<string, readonly Call[]>> = {
  'new StreamsBuilder': [
    {
      on: () => (options) => new StreamsBuilder(options),
      args: () => [{ defaultStoreType: 'in-memory', ensureExplicitInternalResourceNaming: true }],
    },
  ],
  'StreamsBuilder.stream': [
    {
      on: method(() => new StreamsBuilder(), 'stream'),
      args: () => [['a', 'b'], { ...consumed(), nullable: true }],
      ambiguous: ['consumed undefined'],
    },
    { on: method(() => new StreamsBuilder(), 'stream'), args: () => ['a', consumed()] },
  ],
  'StreamsBuilder.table': [
    { on: method(() => new StreamsBuilder(), 'table'), args: () => ['a', consumed(), expiringMaterialized()] },
  ],
  'StreamsBuilder.globalTable': [
    { on: method(() => new StreamsBuilder(), 'globalTable'), args: () => ['a', groupedOptions(), materialized()] },
  ],
  'StreamsBuilder.addGlobalStore': [
    {
      on: method(() => new StreamsBuilder(), 'addGlobalStore'),
      args: () => [store(), 'a', groupedOptions(), processor()],
    },
  ],
  'StreamsBuilder.addStateStore': [{ on: method(() => new StreamsBuilder(), 'addStateStore'), args: () => [store()] }],
  'StreamsBuilder.build': [
    {
      on: method(() => new StreamsBuilder(), 'build'),
      args: () => [{ optimization: ['reuse.ktable.source.topics'] }],
    },
  ],

  'KStream.filter': streamFilter('filter'),
  'KStream.filterNot': streamFilter('filterNot'),
  'KStream.map': [{ on: method(stream, 'map'), args: () => [callback(), mapped()] }],
  'KStream.mapValues': [{ on: method(stream, 'mapValues'), args: () => [callback(), mappedValue()] }],
  'KStream.flatMap': [{ on: method(stream, 'flatMap'), args: () => [callback(), mapped()] }],
  'KStream.flatMapValues': [{ on: method(stream, 'flatMapValues'), args: () => [callback(), mappedValue()] }],
  'KStream.selectKey': [{ on: method(stream, 'selectKey'), args: () => [callback(), mappedKey()] }],
  'KStream.peek': [{ on: method(stream, 'peek'), args: () => [callback(), named()] }],
  'KStream.foreach': [{ on: method(stream, 'foreach'), args: () => [callback(), named()] }],
  'KStream.mapValuesAsync': [
    {
      on: method(stream, 'mapValuesAsync'),
      args: () => [callback(), { ...asyncOptions(), ...batched, value: serdes.string() }],
      ambiguous: ['options undefined'],
    },
    { on: method(stream, 'mapValuesAsync'), args: () => [callback(), { ...asyncOptions(), value: serdes.string() }] },
  ],
  'KStream.mapAsync': [
    {
      on: method(stream, 'mapAsync'),
      args: () => [callback(), { ...asyncOptions(), ...batched, key: serdes.string(), value: serdes.string() }],
      ambiguous: ['options undefined'],
    },
    {
      on: method(stream, 'mapAsync'),
      args: () => [callback(), { ...asyncOptions(), key: serdes.string(), value: serdes.string() }],
    },
  ],
  'KStream.flatMapValuesAsync': [
    {
      on: method(stream, 'flatMapValuesAsync'),
      args: () => [callback(), { ...asyncOptions(), ...batched, value: serdes.string() }],
      ambiguous: ['options undefined'],
    },
    {
      on: method(stream, 'flatMapValuesAsync'),
      args: () => [callback(), { ...asyncOptions(), value: serdes.string() }],
    },
  ],
  'KStream.filterAsync': [
    {
      on: method(stream, 'filterAsync'),
      args: () => [callback(), { ...asyncOptions(), ...batched }],
      ambiguous: ['options undefined'],
    },
    { on: method(stream, 'filterAsync'), args: () => [callback(), asyncOptions()] },
  ],
  'KStream.foreachAsync': [
    {
      on: method(stream, 'foreachAsync'),
      args: () => [callback(), { ...asyncOptions(), ...batched }],
      ambiguous: ['options undefined'],
    },
    { on: method(stream, 'foreachAsync'), args: () => [callback(), asyncOptions()] },
  ],
  'KStream.forEachBatch': [{ on: method(stream, 'forEachBatch'), args: () => [callback(), batchOptions()] }],
  'KStream.deduplicate': [
    {
      on: method(stream, 'deduplicate'),
      args: () => [{ ...keptByKey(), by: callback(), within: '1h', late: callback() }],
    },
  ],
  'KStream.throttle': [
    { on: method(stream, 'throttle'), args: () => [{ ...keptByKey(), limit: 3, per: '1h', late: callback() }] },
  ],
  'KStream.sample': [
    { on: method(stream, 'sample'), args: () => [{ ...keptByKey(), every: 3 }] },
    { on: method(stream, 'sample'), args: () => [{ name: 'op', fraction: 0.5, by: callback(), key: string() }] },
  ],
  'KStream.merge': [joinOf('stream', 'stream', 'merge', () => [named()])],
  'KStream.split': [{ on: method(stream, 'split'), args: () => [named()] }],
  'KStream.join': streamJoins('join'),
  'KStream.leftJoin': streamJoins('leftJoin'),
  'KStream.outerJoin': [joinOf('stream', 'stream', 'outerJoin', () => [callback(), joinWindows(), streamJoined()])],
  'KStream.repartition': [
    {
      on: method(stream, 'repartition'),
      args: () => [{ name: 'op', key: string(), value: string(), partitions: 3, partitioner: () => 0 }],
    },
  ],
  'KStream.groupBy': [{ on: method(stream, 'groupBy'), args: () => [callback(), groupedOptions()] }],
  'KStream.groupByKey': [{ on: method(stream, 'groupByKey'), args: () => [groupedOptions()] }],
  'KStream.toTable': [{ on: method(stream, 'toTable'), args: () => [expiringMaterialized()] }],
  'KStream.to': [
    {
      on: method(stream, 'to'),
      args: () => ['out', { name: 'op', key: string(), value: string(), partitioner: () => 0 }],
    },
  ],
  'KStream.process': [
    { on: method(stream, 'process'), args: () => [processor(), [store()]] },
    { on: method(stream, 'process'), args: () => [processor(), { name: 'op', stores: [store()] }] },
  ],
  'KStream.processValues': [
    { on: method(stream, 'processValues'), args: () => [processor(), [store()]] },
    { on: method(stream, 'processValues'), args: () => [processor(), { name: 'op', stores: store() }] },
  ],

  'BranchedKStream.branch': [branch(() => 'one'), branch(() => 'one'), branch(branched), branch(branched)],
  'BranchedKStream.defaultBranch': [
    {
      on: method(() => stream().split(), 'defaultBranch'),
      args: () => ['one'],
      called: { name: 'branched' },
    },
    {
      on: method(() => stream().split(), 'defaultBranch'),
      args: () => [branched()],
      ambiguous: ['branched undefined'],
    },
  ],

  'KTable.filter': tableFilter('filter'),
  'KTable.filterNot': tableFilter('filterNot'),
  'KTable.mapValues': [{ on: method(table, 'mapValues'), args: () => [callback(), materialized()] }],
  'KTable.toStream': [
    { on: method(table, 'toStream'), args: () => [callback(), mappedKey()] },
    { on: method(table, 'toStream'), args: () => [named()] },
  ],
  'KTable.groupBy': [{ on: method(table, 'groupBy'), args: () => [callback(), groupedOptions()] }],
  'KTable.transformValues': [
    {
      on: method(table, 'transformValues'),
      args: () => [transformer(), { ...materialized(), stores: [store()] }],
    },
    { on: method(table, 'transformValues'), args: () => [transformer(), [store()]] },
  ],
  'KTable.join': tableJoins('join'),
  'KTable.leftJoin': tableJoins('leftJoin'),
  'KTable.outerJoin': [joinOf('table', 'table', 'outerJoin', () => [callback(), materialized()])],
  'KTable.suppress': [{ on: method(table, 'suppress'), args: () => [untilTimeLimit('1m')] }],

  'KGroupedStream.count': [{ on: method(grouped, 'count'), args: () => [expiringMaterialized()] }],
  'KGroupedStream.reduce': [{ on: method(grouped, 'reduce'), args: () => [callback(), expiringMaterialized()] }],
  'KGroupedStream.aggregate': [
    { on: method(grouped, 'aggregate'), args: () => [callback(), callback(), expiringMaterialized()] },
  ],
  'KGroupedStream.topN': [{ on: method(grouped, 'topN'), args: () => [3, { ...materialized(), by: callback() }] }],
  'KGroupedStream.windowedBy': [
    { on: method(grouped, 'windowedBy'), args: () => [SessionWindows.of({ inactivityGap: 10 }), { late: callback() }] },
    { on: method(grouped, 'windowedBy'), args: () => [TimeWindows.of({ size: 10 }), { late: callback() }] },
  ],
  'KGroupedStream.cogroup': [{ on: method(grouped, 'cogroup'), args: () => [callback()] }],
  'TimeWindowedKStream.emitStrategy': [{ on: method(windowed, 'emitStrategy'), args: () => ['onWindowClose'] }],
  'TimeWindowedKStream.count': [{ on: method(windowed, 'count'), args: () => [windowMaterialized()] }],
  'TimeWindowedKStream.reduce': [{ on: method(windowed, 'reduce'), args: () => [callback(), windowMaterialized()] }],
  'TimeWindowedKStream.aggregate': [
    { on: method(windowed, 'aggregate'), args: () => [callback(), callback(), windowMaterialized()] },
  ],
  'TimeWindowedKStream.topN': [
    { on: method(windowed, 'topN'), args: () => [3, { ...windowMaterialized(), by: callback() }] },
  ],
  'SessionWindowedKStream.emitStrategy': [{ on: method(sessions, 'emitStrategy'), args: () => ['onWindowClose'] }],
  'SessionWindowedKStream.count': [{ on: method(sessions, 'count'), args: () => [windowMaterialized()] }],
  'SessionWindowedKStream.reduce': [{ on: method(sessions, 'reduce'), args: () => [callback(), windowMaterialized()] }],
  'SessionWindowedKStream.aggregate': [
    { on: method(sessions, 'aggregate'), args: () => [callback(), callback(), callback(), windowMaterialized()] },
  ],
  'SessionWindowedKStream.topN': [
    { on: method(sessions, 'topN'), args: () => [3, { ...windowMaterialized(), by: callback() }] },
  ],
  'CogroupedKStream.cogroup': [
    ((): Call => {
      let builder = new StreamsBuilder()
      return {
        on: () =>
          method(
            () =>
              builder
                .stream('left')
                .groupByKey()
                .cogroup(() => 1),
            'cogroup',
          )(),
        args: () => [(builder = new StreamsBuilder()).stream('right').groupByKey(), callback()],
      }
    })(),
  ],
  'CogroupedKStream.aggregate': [{ on: method(cogrouped, 'aggregate'), args: () => [callback(), materialized()] }],
  'CogroupedKStream.windowedBy': [
    {
      on: method(cogrouped, 'windowedBy'),
      args: () => [SessionWindows.of({ inactivityGap: 10 }), { late: callback() }],
    },
    { on: method(cogrouped, 'windowedBy'), args: () => [TimeWindows.of({ size: 10 }), { late: callback() }] },
  ],
  'TimeWindowedCogroupedKStream.aggregate': [
    {
      on: method(() => cogrouped().windowedBy(TimeWindows.of({ size: 10 })), 'aggregate'),
      args: () => [callback(), windowMaterialized()],
    },
  ],
  'SessionWindowedCogroupedKStream.aggregate': [
    {
      on: method(() => cogrouped().windowedBy(SessionWindows.of({ inactivityGap: 10 })), 'aggregate'),
      args: () => [callback(), callback(), windowMaterialized()],
    },
  ],
  'KGroupedTable.count': [{ on: method(groupedTable, 'count'), args: () => [materialized()] }],
  'KGroupedTable.reduce': [
    { on: method(groupedTable, 'reduce'), args: () => [callback(), callback(), materialized()] },
  ],
  'KGroupedTable.aggregate': [
    { on: method(groupedTable, 'aggregate'), args: () => [callback(), callback(), callback(), materialized()] },
  ],
  'KGroupedTable.topN': [{ on: method(groupedTable, 'topN'), args: () => [3, { ...materialized(), by: callback() }] }],

  'TimeWindows.of': [
    { on: method(() => TimeWindows, 'of'), args: () => [{ size: '1m', advance: '10s', grace: '1s' }] },
  ],
  'TimeWindows.windowsFor': [{ on: method(() => TimeWindows.of({ size: 10 }), 'windowsFor'), args: () => [1] }],
  'SlidingWindows.of': [
    { on: method(() => SlidingWindows, 'of'), args: () => [{ timeDifference: '1m', grace: '1s' }] },
  ],
  'SessionWindows.of': [{ on: method(() => SessionWindows, 'of'), args: () => [{ inactivityGap: '1m', grace: '1s' }] }],
  'UnlimitedWindows.of': [{ on: method(() => UnlimitedWindows, 'of'), args: () => [{ start: new Date(0) }] }],
  'UnlimitedWindows.windowsFor': [{ on: method(() => UnlimitedWindows.of(), 'windowsFor'), args: () => [1] }],
  'JoinWindows.of': [
    {
      on: method(() => JoinWindows, 'of'),
      args: () => [{ timeDifference: '1m', before: '-1s', after: '2s', grace: '1s' }],
    },
  ],
  deadLetterTopic: [{ on: () => deadLetterTopic as never, args: () => ['orders-dead', { then: 'fail' }] }],
  untilTimeLimit: [
    {
      on: () => untilTimeLimit as never,
      args: () => ['10s', { name: 'op', maxRecords: 1, maxBytes: 1, logging: true, onFull: 'emit' }],
    },
  ],
  untilWindowCloses: [
    {
      on: () => untilWindowCloses as never,
      args: () => [{ name: 'op', maxRecords: 1, maxBytes: 1, logging: true, onFull: 'spill' }],
    },
  ],

  'Topology.addSource': [
    {
      on: method(topology, 'addSource'),
      args: () => [
        'other',
        ['a', 'b'],
        { key: string(), value: string(), timestampExtractor: () => 1, offsetReset: 'latest', idleAfter: '30s' },
      ],
    },
  ],
  'Topology.addProcessor': [
    { on: method(topology, 'addProcessor'), args: () => ['other', processor(), ['source'], ['kept']] },
  ],
  'Topology.addSink': [
    {
      on: method(topology, 'addSink'),
      args: () => ['sink', 'out', ['processor'], { key: string(), value: string(), partitioner: () => 0 }],
    },
  ],
  'Topology.addStateStore': [
    {
      on: method(topology, 'addStateStore'),
      args: () => [keyValueStore('other'), ['processor']],
    },
  ],
  'Topology.addGlobalStore': [
    {
      on: method(topology, 'addGlobalStore'),
      args: () => [keyValueStore('other'), 's', 'topic', 'p', processor(), { key: string(), value: string() }],
    },
  ],
  'Topology.addReadOnlyStateStore': [
    {
      on: method(topology, 'addReadOnlyStateStore'),
      args: () => [keyValueStore('other'), 's', 'topic', 'p', processor(), { key: string(), value: string() }],
    },
  ],
  'Topology.connectProcessorAndStateStores': [
    { on: method(topology, 'connectProcessorAndStateStores'), args: () => ['processor', ['kept']] },
  ],

  keyValueStore: [
    {
      on: () => keyValueStore as never,
      args: () => [
        's',
        { key: string(), value: string(), persistent: false, maxEntries: 10, caching: true, logging: true },
      ],
    },
    {
      on: () => keyValueStore as never,
      args: () => ['s', { ttl: { after: '7d', from: 'access' } }],
    },
  ],
  timestampedKeyValueStore: [
    {
      on: () => timestampedKeyValueStore as never,
      args: () => [
        's',
        { key: string(), value: string(), persistent: false, maxEntries: 10, caching: true, logging: true },
      ],
    },
  ],
  windowStore: [{ on: () => windowStore as never, args: () => ['s', windowStoreOptions()] }],
  timestampedWindowStore: [{ on: () => timestampedWindowStore as never, args: () => ['s', windowStoreOptions()] }],
  sessionStore: [
    {
      on: () => sessionStore as never,
      args: () => [
        's',
        { key: string(), value: string(), retention: '1h', persistent: true, caching: true, logging: true },
      ],
    },
  ],
  versionedKeyValueStore: [
    {
      on: () => versionedKeyValueStore as never,
      args: () => [
        's',
        {
          key: string(),
          value: long(),
          historyRetention: '1h',
          segmentInterval: '1m',
          persistent: true,
          logging: true,
        },
      ],
    },
  ],

  'serdes.json': [
    {
      on: () => serdes.json as never,
      args: () => [
        { '~standard': { version: 1, vendor: 'v', validate: () => ({ value: 1 }) } },
        { validateWrites: true },
      ],
      ambiguous: ['schema undefined', 'schema { misspelt: 1 }'],
    },
  ],
  'serdes.list': [{ on: () => serdes.list as never, args: () => [string()] }],
  'serdes.timeWindowed': [{ on: () => serdes.timeWindowed as never, args: () => [string(), '1h'] }],
  'serdes.sessionWindowed': [{ on: () => serdes.sessionWindowed as never, args: () => [string()] }],
  'serdes.avro': [
    {
      on: () => serdes.avro as never,
      args: () => [
        {
          registry: new SchemaRegistry('mock://arguments'),
          schema: 'string',
          readerSchema: 'string',
          subject: 'topic',
          key: false,
          autoRegister: true,
          long: 'number',
          logicalTypes: {},
        },
      ],
    },
  ],
  'serdes.versioned': [
    {
      on: () => serdes.versioned as never,
      args: () => [string(), { version: 2, migrate: { 1: callback() }, earlier: { 1: string() } }],
    },
  ],
  'serdes.protobuf': [
    {
      on: () => serdes.protobuf as never,
      args: () => [
        {
          registry: new SchemaRegistry('mock://arguments'),
          schema: 'syntax = "proto3"; message A {}',
          message: 'A',
          references: {},
          long: 'number',
          subject: 'topic',
          key: false,
          autoRegister: true,
        },
      ],
    },
  ],
  'serdes.jsonSchema': [
    {
      on: () => serdes.jsonSchema as never,
      args: () => [
        {
          registry: new SchemaRegistry('mock://arguments'),
          schema: {},
          references: {},
          validateReads: true,
          validateWrites: true,
          compile: () => () => true,
          subject: 'topic',
          key: false,
          autoRegister: true,
        },
      ],
    },
  ],
  'serdes.avroBytes': [
    { on: () => serdes.avroBytes as never, args: () => ['string', { long: 'number', logicalTypes: {} }] },
  ],

  'new TopologyTestDriver': [
    {
      on: () => (made, config) => new TopologyTestDriver(made, config),
      args: () => [new StreamsBuilder().build(), {}],
      // INVALID_CONFIG: it is checked as the configuration of an application
      ambiguous: ['config { misspelt: 1 }'],
    },
  ],
  'TopologyTestDriver.producer': [
    {
      on: method(testDriver, 'producer'),
      args: () => [{ topics: { orders: { value: string() } } }],
      ambiguous: ['options undefined'],
    },
  ],
  'TopologyTestDriver.inputTopic': [
    {
      on: method(testDriver, 'inputTopic'),
      args: () => ['in', { key: string(), value: string(), startTimestamp: 1, autoAdvance: '1s' }],
    },
  ],
  'TopologyTestDriver.outputTopic': [
    { on: method(testDriver, 'outputTopic'), args: () => ['out', { key: string(), value: string() }] },
  ],
  'TopologyTestDriver.pipeRaw': [
    {
      on: method(testDriver, 'pipeRaw'),
      args: () => [Object.assign(Object.create(null) as object, { topic: 'in', key: null, value: null })],
    },
  ],
  'TopologyTestDriver.advanceWallClockTime': [{ on: method(testDriver, 'advanceWallClockTime'), args: () => ['1s'] }],
  'TopologyTestDriver.store': [
    {
      on: () => {
        const made = testDriver()
        return async (name: never) => {
          await made.start()
          return made.store(name)
        }
      },
      args: () => ['kept'],
    },
  ],
  'TestInputTopic.pipe': [
    { on: method(inputTopic, 'pipe'), args: () => ['a', 'b', { timestamp: 1, headers: [['h', Buffer.from('x')]] }] },
  ],
  'TestInputTopic.advanceTime': [{ on: method(inputTopic, 'advanceTime'), args: () => ['1s'] }],
  'TestInputTopic.pipeKeyValues': [
    { on: method(inputTopic, 'pipeKeyValues'), args: () => [new Map([['a', 'b']]), times()] },
  ],
  'TestInputTopic.pipeValues': [{ on: method(inputTopic, 'pipeValues'), args: () => [new Set(['a', 'b']), times()] }],
}

function windowStoreOptions() {
  return {
    key: string(),
    value: string(),
    retention: '1h',
    windowSize: '1m',
    retainDuplicates: false,
    persistent: true,
    caching: true,
    logging: true,
  }
}
