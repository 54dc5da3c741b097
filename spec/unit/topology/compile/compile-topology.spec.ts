import type { KStream } from '../../../../lib/dsl/kstream'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { sessionStore } from '../../../../lib/state/session/session-stores'
import { keyValueStore } from '../../../../lib/state/stores'
import type { StateStore, StoreBuilder } from '../../../../lib/state/store'
import { windowStore } from '../../../../lib/state/window/window-stores'
import { compileTopology } from '../../../../lib/topology/compile/compile-topology'
import { Topology } from '../../../../lib/topology/topology'

const idle = () => ({ process: () => undefined })
const options = { applicationId: 'app' }
const CHANGELOG = { 'cleanup.policy': 'compact', 'message.timestamp.type': 'CreateTime' }

test('window and session changelogs are kept longer by what the app says', () => {
  const stores = [
    windowStore('w', { windowSize: '1m', retention: '1h' }),
    sessionStore('s', { retention: '1h' }),
    windowStore('own', { windowSize: '1m', retention: '1h', logging: { 'retention.ms': '5' } }),
  ]
  const topology = new Topology().addSource('in', 'in').addProcessor('p', idle, 'in', stores)
  const additional = { windowStoreChangelogAdditionalRetentionMs: 1000 }
  const [sub] = compileTopology(topology.definition, { ...options, ...additional }).subTopologies
  const retention = (store: string) => sub!.changelogTopics.get(`app-${store}-changelog`)!.config['retention.ms']
  expect(['w', 's', 'own'].map(retention)).toEqual(['3601000', '3601000', '5'])
})

describe('idle inputs', () => {
  const idleOf = (build: (builder: StreamsBuilder) => void) => {
    const builder = new StreamsBuilder()
    build(builder)
    return compileTopology(builder.build().definition, options).subTopologies.map(({ idle }) => idle)
  }

  test('are none without idleAfter', () => {
    expect(idleOf((b) => b.stream('in').groupByKey().count())).toEqual([undefined])
  })

  test('have the longest idleAfter of the sources of a sub-topology', () => {
    const idle = idleOf((b) => {
      const a = b.stream('a', { idleAfter: '10s' })
      a.merge(b.stream('b'))
        .merge(b.stream('c', { idleAfter: '1m' }))
        .to('out')
      b.stream('d').to('out-d')
    })
    expect(idle).toEqual([{ afterMs: 60_000, hops: 0 }, undefined])
  })

  test('are also those that come through repartition topics, with the number of them on the way', () => {
    const idle = idleOf((b) => {
      b.stream('other')
        .groupBy((value) => value, { name: 'other' })
        .count()
      b.stream('in', { idleAfter: 5 })
        .groupBy((value) => value, { name: 'one' })
        .count()
        .toStream()
        .groupBy((value) => value, { name: 'two' })
        .count()
    })
    expect(idle).toEqual([
      undefined,
      undefined,
      { afterMs: 5, hops: 0 },
      { afterMs: 5, hops: 1 },
      { afterMs: 5, hops: 2 },
    ])
  })
})

describe('compile', () => {
  test('cuts a topology where a repartition topic runs through it', () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in')
      .groupBy((value) => value)
      .count('counts')
      .toStream()
      .to('out')
    const { subTopologies, topicName } = compileTopology(builder.build().definition, options)
    expect(subTopologies.map(({ id, sourceTopics, sinkTopics }) => ({ id, sourceTopics, sinkTopics }))).toEqual([
      { id: 0, sourceTopics: ['in'], sinkTopics: ['app-counts-repartition'] },
      { id: 1, sourceTopics: ['app-counts-repartition'], sinkTopics: ['out'] },
    ])
    expect(topicName('counts-repartition')).toBe('app-counts-repartition')
    expect(topicName('in')).toBe('in')
  })

  test('names and configures internal topics as Kafka Streams does', () => {
    const builder = new StreamsBuilder()
    builder.stream('in').repartition({ name: 'mid', partitions: 3 }).groupByKey().count('counts')
    const [, second] = compileTopology(builder.build().definition, options).subTopologies
    expect([...second!.repartitionSourceTopics.values()]).toEqual([
      {
        name: 'app-mid-repartition',
        partitions: 3,
        config: {
          'cleanup.policy': 'delete',
          'message.timestamp.type': 'CreateTime',
          'retention.ms': '-1',
          'segment.bytes': '52428800',
        },
      },
    ])
    expect([...second!.changelogTopics.values()]).toEqual([{ name: 'app-counts-changelog', config: CHANGELOG }])
    expect(second!.stores.map(({ changelogTopic }) => changelogTopic)).toEqual(['app-counts-changelog'])
  })

  test("the app's topic configs go before the defaults, a store's own before both", () => {
    const builder = new StreamsBuilder()
    const logging = { 'segment.bytes': '1', 'max.message.bytes': '2' }
    builder
      .stream('in')
      .groupBy((value) => value)
      .count({ store: 'counts', logging })
    const topicConfig = { 'min.insync.replicas': '2', 'segment.bytes': '9' }
    const { subTopologies } = compileTopology(builder.build().definition, { ...options, topicConfig })
    const { changelogTopics, repartitionSourceTopics } = subTopologies[1]!
    expect(changelogTopics.get('app-counts-changelog')!.config).toEqual({ ...CHANGELOG, ...topicConfig, ...logging })
    expect(repartitionSourceTopics.get('app-counts-repartition')!.config).toMatchObject(topicConfig)
  })

  test("the app's topic configs don't shorten the time that a store needs, a store's own do", () => {
    const configOf = (changelogPolicy: object, changelogConfig: object): object => {
      const store = { ...keyValueStore('s'), changelogPolicy, changelogConfig } as StoreBuilder<StateStore>
      const topology = new Topology().addSource('src', 'in').addProcessor('p', idle, 'src', [store])
      const topicConfig = { 'retention.ms': '1', 'min.compaction.lag.ms': '2' }
      const [only] = compileTopology(topology.definition, { ...options, topicConfig }).subTopologies
      return only!.changelogTopics.get('app-s-changelog')!.config
    }
    const windowed = { cleanup: 'compact,delete', retentionMs: 660_000 }
    const versioned = { cleanup: 'compact', minCompactionLagMs: 5 }
    expect(configOf(windowed, {})).toMatchObject({ 'retention.ms': '87060000', 'min.compaction.lag.ms': '2' })
    expect(configOf(versioned, {})).toMatchObject({ 'retention.ms': '1', 'min.compaction.lag.ms': '5' })
    expect(configOf({ cleanup: 'compact' }, {})).toMatchObject({ 'retention.ms': '1', 'min.compaction.lag.ms': '2' })
    expect(configOf(windowed, { 'retention.ms': '3' })).toMatchObject({ 'retention.ms': '3' })
    expect(configOf(versioned, { 'min.compaction.lag.ms': '3' })).toMatchObject({ 'min.compaction.lag.ms': '3' })
  })

  test.each<[object, object]>([
    [
      { cleanup: 'compact,delete', retentionMs: 660_000 },
      { 'cleanup.policy': 'compact,delete', 'retention.ms': '87060000' },
    ],
    [
      { cleanup: 'delete', retentionMs: Infinity },
      { 'cleanup.policy': 'delete', 'retention.ms': '9223372036854775807' },
    ],
    [
      { cleanup: 'delete', retentionMs: 2 ** 63 - 1024 },
      { 'cleanup.policy': 'delete', 'retention.ms': '9223372036854775807' },
    ],
    [
      { cleanup: 'compact', minCompactionLagMs: 5 },
      { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': '5' },
    ],
  ])('a changelog policy %j gives %j', (changelogPolicy, config) => {
    const store = { ...keyValueStore('s'), changelogPolicy } as StoreBuilder<StateStore>
    const topology = new Topology().addSource('src', 'in').addProcessor('p', idle, 'src', [store])
    const [only] = compileTopology(topology.definition, options).subTopologies
    expect(only!.changelogTopics.get('app-s-changelog')!.config).toEqual({
      'message.timestamp.type': 'CreateTime',
      ...config,
    })
  })

  test('stores without logging have no changelog, and stores that nobody uses are nowhere', () => {
    const topology = new Topology()
      .addSource('src', 'in')
      .addProcessor('p', idle, 'src', [keyValueStore('quiet', { logging: false })])
      .addStateStore(keyValueStore('unused'))
    const [only] = compileTopology(topology.definition, options).subTopologies
    expect(only!.stores.map(({ definition, changelogTopic }) => [definition.builder.name, changelogTopic])).toEqual([
      ['quiet', null],
    ])
    expect(only!.changelogTopics.size).toBe(0)
  })

  test('a source topic that serves as changelog is not made', () => {
    const builder = new StreamsBuilder()
    builder.table('in', {}, 't')
    const [only] = compileTopology(builder.build({ optimization: 'all' }).definition, options).subTopologies
    expect(only!.stores.map(({ changelogTopic }) => changelogTopic)).toEqual(['in'])
    expect(only!.changelogTopics.size).toBe(0)
  })

  test('processors that share a store are one sub-topology', () => {
    const store = keyValueStore('s')
    const topology = new Topology()
      .addSource('a', 'a')
      .addSource('b', 'b')
      .addSource('c', /c.*/)
      .addProcessor('pc', idle, 'c', [store])
      .addProcessor('pb', idle, 'b')
      .addProcessor('pa', idle, 'a', [store])
    const { subTopologies } = compileTopology(topology.definition, options)
    expect(subTopologies.map(({ id, sourceTopics, sourcePatterns }) => ({ id, sourceTopics, sourcePatterns }))).toEqual(
      [
        { id: 0, sourceTopics: ['a'], sourcePatterns: [/c.*/] },
        { id: 1, sourceTopics: ['b'], sourcePatterns: [] },
      ],
    )
  })

  test('a global store takes a sub-topology id and makes no sub-topology', () => {
    const { definition } = new Topology()
      .addGlobalStore(keyValueStore('gs'), 'g', 'facts', 'gp', idle)
      .addSource('src', 'in')
    const { subTopologies, global } = compileTopology(definition, options)
    expect(subTopologies.map(({ id }) => id)).toEqual([1])
    expect(global.nodes.map(({ name }) => name)).toEqual(['g', 'gp'])
    expect(global.stores).toMatchObject([{ topic: 'facts', source: 'g', processor: 'gp', holdsTopic: false }])
  })

  test('co-partition groups that share a source are one', () => {
    const pattern = /p-.*/
    const sources = [
      ...['a', 'b', 'c', 'd', 'e'].map((name) => ({ kind: 'source' as const, name, topics: [name] })),
      { kind: 'source' as const, name: 'p', topics: pattern },
    ]
    const copartitionGroups = [
      { operator: 'j1', sources: ['a', 'b'] },
      { operator: 'j2', sources: ['d', 'p'] },
      { operator: 'j3', sources: ['b', 'c'] },
      { operator: 'j4', sources: ['p', 'e'] },
    ]
    const definition = { nodes: sources, stores: new Map(), repartitionTopics: new Map(), copartitionGroups }
    expect(compileTopology(definition, options).copartitionGroups).toEqual([
      { operator: 'j1, j3', topics: ['a', 'b', 'c'], patterns: [] },
      { operator: 'j2, j4', topics: ['d', 'e'], patterns: [pattern] },
    ])
  })

  test('refuses internal topics that Kafka would refuse', () => {
    const topology = new Topology().addSource('src', 'in').addProcessor('p', idle, 'src', [keyValueStore('not valid')])
    expect(() => compileTopology(topology.definition, options)).toThrow(
      expect.objectContaining({ code: 'INVALID_NAME', message: expect.stringContaining('app-not valid-changelog') }),
    )
  })
})

describe('a source pattern', () => {
  const reading = (pattern: RegExp, build: (words: KStream<string, unknown>) => unknown) => () => {
    const builder = new StreamsBuilder()
    build(builder.stream(pattern))
    return compileTopology(builder.build().definition, options)
  }

  test.each<[string, RegExp, (words: KStream<string, unknown>) => unknown]>([
    ['app-again-repartition', /app-.+/, (words) => words.repartition('again').to('out')],
    ['app-counts-changelog', /.*-counts-.*/, (words) => words.groupByKey().count('counts')],
    ['app-score-pending-changelog', /.*/, (words) => words.mapValuesAsync(() => 1, 'score').to('out')],
  ])("that matches the application's own %s is refused", (topic, pattern, build) => {
    expect(reading(pattern, build)).toThrow(
      expect.objectContaining({
        code: 'INVALID_TOPOLOGY',
        message: expect.stringContaining(
          `reads the topics that match ${String(pattern)}, and "${topic}" is one of them`,
        ) as string,
        location: { operator: 'KSTREAM-SOURCE-0000000000', topic },
      }),
    )
  })

  test('may match the names of others that begin alike', () => {
    expect(reading(/app-orders-.+/, (words) => words.groupByKey().count('counts'))).not.toThrow()
    expect(reading(/.*/, (words) => words.groupByKey().count({ store: 'counts', logging: false }))).not.toThrow()
  })
})
