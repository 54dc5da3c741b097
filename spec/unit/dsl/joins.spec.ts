import type { KStream } from '../../../lib/dsl/kstream'
import { type BuildOptions, StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { JoinWindows } from '../../../lib/dsl/windows/join-windows'
import { compileTopology } from '../../../lib/topology/compile/compile-topology'
import {
  timestampedWindowStore,
  windowStore,
  type WindowStoreHandle,
  type WindowStoreOptions,
} from '../../../lib/state/window/window-stores'
import type { CompiledTopology } from '../../../lib/topology/definition'
import { Topology } from '../../../lib/topology/topology'

const window = JoinWindows.of({ timeDifference: '10m', grace: '1m' })
const pair = (left: unknown, right: unknown): string => `${String(left)}+${String(right)}`

const compiled = (build: (builder: StreamsBuilder) => unknown, options?: BuildOptions): CompiledTopology => {
  const builder = new StreamsBuilder()
  build(builder)
  return compileTopology(builder.build(options).definition, { applicationId: 'app' })
}

const nodes = (topology: CompiledTopology): string[] =>
  topology.subTopologies.flatMap((sub) => sub.nodes.map(({ name }) => name))
const stores = (topology: CompiledTopology): string[] =>
  topology.subTopologies.flatMap((sub) => sub.stores.map(({ definition }) => definition.builder.name as string))
const repartitionTopics = (topology: CompiledTopology): string[] =>
  topology.subTopologies.flatMap((sub) => [...sub.repartitionSourceTopics.keys()])

describe('a join of two streams is named as in Kafka Streams', () => {
  test('without names, with both sides repartitioned', () => {
    const topology = compiled((b) =>
      b
        .stream('l')
        .selectKey((value) => String(value))
        .join(
          b.stream('r').map((value, key) => [key, value]),
          pair,
          window,
        ),
    )
    expect(repartitionTopics(topology).sort()).toEqual([
      'app-KSTREAM-KEY-SELECT-0000000001-repartition',
      'app-KSTREAM-MAP-0000000003-repartition',
    ])
    expect(nodes(topology)).toEqual(
      expect.arrayContaining([
        'KSTREAM-WINDOWED-0000000010',
        'KSTREAM-WINDOWED-0000000011',
        'KSTREAM-JOINTHIS-0000000012',
        'KSTREAM-JOINOTHER-0000000013',
        'KSTREAM-MERGE-0000000014',
      ]),
    )
    expect(stores(topology).sort()).toEqual(['KSTREAM-JOINOTHER-0000000013-store', 'KSTREAM-JOINTHIS-0000000012-store'])
  })

  test.each([
    ['join', ['s-other-join-store', 's-this-join-store']],
    ['leftJoin', ['s-left-shared-join-store', 's-outer-other-join-store', 's-this-join-store']],
    ['outerJoin', ['s-outer-other-join-store', 's-outer-shared-join-store', 's-outer-this-join-store']],
  ] as const)('%s with names of operators and stores', (call, expected) => {
    const topology = compiled((b) => {
      const left = b.stream('l').selectKey((value) => String(value)) as Pick<KStream<string, unknown>, 'join'>
      const join = (left as Record<typeof call, typeof left.join>)[call].bind(left)
      join(b.stream('r'), pair, window, { name: 'n', store: 's' })
    })
    expect(stores(topology).sort()).toEqual(expected)
    expect(repartitionTopics(topology)).toEqual(['app-n-left-repartition'])
    const outerThis = call === 'outerJoin' ? 'n-outer-this-join' : 'n-this-join'
    const outerOther = call === 'join' ? 'n-other-join' : 'n-outer-other-join'
    expect(nodes(topology)).toEqual(
      expect.arrayContaining(['n-this-windowed', 'n-other-windowed', outerThis, outerOther, 'n-merge']),
    )
  })

  test('its windows are kept, and their changelogs deleted, after window and grace; the shared changelog is compacted', () => {
    const topology = compiled((b) => b.stream('l').leftJoin(b.stream('r'), pair, window, { store: 's' }))
    const config = (store: string): unknown =>
      topology.subTopologies[0]!.changelogTopics.get(`app-${store}-changelog`)!.config
    const windows = { 'cleanup.policy': 'delete', 'retention.ms': '87660000', 'message.timestamp.type': 'CreateTime' }
    expect(config('s-this-join-store')).toEqual(windows)
    expect(config('s-outer-other-join-store')).toEqual(windows)
    expect(config('s-left-shared-join-store')).toEqual({
      'cleanup.policy': 'compact',
      'message.timestamp.type': 'CreateTime',
    })
  })

  test('stores can have names of their own, be in memory and not be logged', () => {
    const topology = compiled((b) =>
      b.stream('l').leftJoin(b.stream('r'), pair, window, {
        thisStore: 'mine',
        otherStore: 'theirs',
        storeType: 'in-memory',
        logging: false,
      }),
    )
    const made = topology.subTopologies[0]!.stores
    expect(made.map(({ definition: { builder } }) => [builder.name, builder.persistent])).toEqual(
      expect.arrayContaining([
        ['mine', false],
        ['theirs', false],
        ['mine-left-shared-join-store', false],
      ]),
    )
    expect(made.map(({ changelogTopic }) => changelogTopic)).toEqual([null, null, null])
  })
})

describe('stores given by a handle', () => {
  const handle = (name: string, options: Partial<WindowStoreOptions<string, unknown>> = {}) =>
    windowStore<string, unknown>(name, { windowSize: '20m', retention: '21m', retainDuplicates: true, ...options })

  test('are kept and logged as the handle says; the store that the join makes follows its own options', () => {
    const topology = compiled((b) =>
      b.stream<string, unknown>('l').leftJoin(b.stream<string, unknown>('r'), pair, window, {
        thisStore: handle('mine', { persistent: false }),
        otherStore: handle('theirs', { logging: { 'segment.ms': '7' } }),
        logging: false,
      }),
    )
    const { stores: made, changelogTopics } = topology.subTopologies[0]!
    const seen = made.map(({ definition: { builder }, changelogTopic }) => [
      builder.name,
      builder.persistent,
      changelogTopic,
    ])
    expect(seen).toEqual(
      expect.arrayContaining([
        ['mine', false, 'app-mine-changelog'],
        ['theirs', true, 'app-theirs-changelog'],
        ['mine-left-shared-join-store', false, null],
      ]),
    )
    expect([...changelogTopics.values()].map(({ config }) => config)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ 'cleanup.policy': 'delete', 'retention.ms': '87660000' }),
        expect.objectContaining({ 'cleanup.policy': 'delete', 'segment.ms': '7' }),
      ]),
    )
  })

  test.each<[string, WindowStoreHandle<string, unknown, never>, RegExp]>([
    ['another window', handle('s', { windowSize: '10m' }), /windowSize is 600000 ms .* 1200000 ms/],
    ['a shorter retention', handle('s', { retention: '20m' }), /retention is 1200000 ms .* 1260000 ms/],
    ['a longer retention', handle('s', { retention: '1d' }), /retention is 86400000 ms/],
    ['only one record of a time', handle('s', { retainDuplicates: false }), /set retainDuplicates: true/],
    [
      'timestamps',
      timestampedWindowStore('s', { windowSize: '20m', retention: '21m', retainDuplicates: true }),
      /give a windowStore/,
    ],
  ] as never)('with %s are refused', (_what, store, message) => {
    for (const side of ['thisStore', 'otherStore']) {
      const join = () => compiled((b) => b.stream('l').join(b.stream('r'), pair, window, { name: 'j', [side]: store }))
      expect(join).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
      )
      expect(join).toThrow('store "s" does not fit the join "j-merge"')
    }
  })

  test('of one name are refused', () => {
    expect(() =>
      compiled((b) =>
        b.stream<string, unknown>('l').join(b.stream<string, unknown>('r'), pair, window, {
          thisStore: handle('same'),
          otherStore: handle('same'),
        }),
      ),
    ).toThrow(expect.objectContaining({ code: 'DUPLICATE_NAME' }))
  })
})

test('the changelog of a store that retains duplicates is deleted, whatever the app says of its topics', () => {
  const store = windowStore('twice', { windowSize: '1m', retention: '1h', retainDuplicates: true })
  const topology = new Topology().addSource('in', 'in').addProcessor('p', () => ({ process: () => {} }), 'in', store)
  const [sub] = compileTopology(topology.definition, {
    applicationId: 'app',
    topicConfig: { 'cleanup.policy': 'compact' },
  }).subTopologies
  expect(sub!.changelogTopics.get('app-twice-changelog')!.config['cleanup.policy']).toBe('delete')
})

describe('a stream joined more than once', () => {
  test('shares the repartition topic of joins without a name, and has its own for each named one', () => {
    const topology = compiled((b) => {
      const stream = b.stream('in').selectKey((value) => value)
      stream.join(b.table('t1'), pair)
      stream.leftJoin(b.table('t2'), pair)
      stream.join(b.table('t3'), pair, 'own')
    })
    expect(repartitionTopics(topology).sort()).toEqual([
      'app-KSTREAM-KEY-SELECT-0000000001-repartition',
      'app-own-repartition',
    ])
  })

  test('keeps one topic for all of them when repartition topics are merged', () => {
    const topology = compiled(
      (b) => {
        const stream = b.stream('in').selectKey((value) => value)
        stream.join(b.table('t1'), pair, 'first')
        stream.join(b.table('t2'), pair, 'second')
      },
      { optimization: 'all' },
    )
    expect(repartitionTopics(topology)).toEqual(['app-first-repartition'])
    expect(topology.copartitionGroups.map(({ topics }) => [...topics].sort())).toEqual([
      ['app-first-repartition', 't1', 't2'],
    ])
  })
})

describe('co-partitioning', () => {
  test('binds the topics of both sides, and those that the sides were joined with before', () => {
    const topology = compiled((b) => b.stream('a').join(b.table('t'), pair).join(b.stream('b'), pair, window))
    expect(topology.copartitionGroups.map(({ topics }) => [...topics].sort())).toEqual([['a', 'b', 't']])
  })

  test('does not bind a global table', () => {
    const topology = compiled((b) => {
      const table = b.globalTable('g')
      b.stream('a').join(table, (_value, key) => key, pair)
    })
    expect(topology.copartitionGroups).toEqual([])
    expect(topology.subTopologies.map(({ id, sourceTopics }) => [id, sourceTopics])).toEqual([[1, ['a']]])
    expect(topology.global.stores.map(({ builder, topic }) => [builder.name, topic])).toEqual([
      ['g-STATE-STORE-0000000000', 'g'],
    ])
  })

  test('holds for two streams of one topic, which share a source', () => {
    const topology = compiled((b) => {
      b.stream('a').to('x')
      b.stream('a').join(b.stream('b'), pair, window)
    })
    expect(topology.copartitionGroups.map(({ topics }) => [...topics].sort())).toEqual([['a', 'b']])
  })
})

test('both sides of a join need stores of their own', () => {
  expect(() =>
    compiled((b) => b.stream('l').join(b.stream('r'), pair, window, { thisStore: 'same', otherStore: 'same' })),
  ).toThrow(expect.objectContaining({ code: 'DUPLICATE_NAME', location: expect.objectContaining({ store: 'same' }) }))
})

test('streams and tables of another builder are refused', () => {
  const other = new StreamsBuilder()
  for (const partner of [other.table('t'), other.globalTable('g')] as never[]) {
    expect(() => new StreamsBuilder().stream('a').join(partner, pair as never, pair as never)).toThrow(
      /join can't take streams and tables of different StreamsBuilders/,
    )
  }
})
