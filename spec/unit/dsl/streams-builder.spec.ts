import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { type StreamsError } from '../../../lib/errors'
import { JoinWindows } from '../../../lib/dsl/windows/join-windows'
import * as serdes from '../../../lib/serdes'
import { ChangeSerde } from '../../../lib/serdes/change'
import { keyValueStore, timestampedKeyValueStore } from '../../../lib/state/stores'
import { versionedKeyValueStore } from '../../../lib/state/versioned/versioned-key-value-store'
import type { NodeDefinition, SinkDefinition, SourceDefinition } from '../../../lib/topology/definition'
import type { Topology } from '../../../lib/topology/topology'

const idle = () => ({ process: () => undefined })
const string = serdes.string()
const long = serdes.long()

const node = <T extends NodeDefinition>(topology: Topology, name: string): T =>
  topology.definition.nodes.find((definition) => definition.name === name) as T

const failure = (act: () => unknown): StreamsError => {
  try {
    act()
  } catch (error) {
    return error as StreamsError
  }
  throw new Error('did not fail')
}

describe('the DSL refuses', () => {
  test.each<[string, (builder: StreamsBuilder) => unknown]>([
    ['filter', (builder) => builder.stream('in').filter(undefined as never)],
    ['mapValues', (builder) => builder.stream('in').mapValues('x' as never)],
    ['groupBy', (builder) => builder.stream('in').groupBy({} as never)],
    [
      'reduce',
      (builder) =>
        builder
          .stream('in')
          .groupByKey()
          .reduce(null as never),
    ],
    [
      'aggregate',
      (builder) =>
        builder
          .stream('in')
          .groupByKey()
          .aggregate(0 as never, () => 1),
    ],
    [
      'branch',
      (builder) =>
        builder
          .stream('in')
          .split()
          .branch(true as never),
    ],
    ['process', (builder) => builder.stream('in').process({ process: () => undefined } as never)],
  ])('%s without its function', (operator, call) => {
    const error = failure(() => call(new StreamsBuilder()))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain(operator)
  })

  const shared = idle()
  const sharedTransformer = { transform: () => 1 }
  test.each<[string, (builder: StreamsBuilder) => unknown]>([
    ['process', (builder) => builder.stream('in').process(() => shared)],
    ['processValues', (builder) => builder.stream('in').processValues(() => shared)],
    ['transformValues', (builder) => builder.table('in').transformValues(() => sharedTransformer)],
    ['addGlobalStore', (builder) => builder.addGlobalStore(keyValueStore('g'), 'in', {}, () => shared)],
  ])('%s with a supplier that returns one instance twice', (operator, call) => {
    const error = failure(() => call(new StreamsBuilder()))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain(`the supplier of ${operator} returns the same object every time`)
  })

  test.each<[string, string, (builder: StreamsBuilder, supplier: never) => unknown]>([
    ['process', 'process', (builder, supplier) => builder.stream('in').process(supplier)],
    ['processValues', 'process', (builder, supplier) => builder.stream('in').processValues(supplier)],
    ['transformValues', 'transform', (builder, supplier) => builder.table('in').transformValues(supplier)],
    [
      'addGlobalStore',
      'process',
      (builder, supplier) => builder.addGlobalStore(keyValueStore('g'), 'in', {}, supplier),
    ],
  ])('%s with a supplier that returns no %s()', (operator, method, call) => {
    for (const [supplier, what] of [
      [() => undefined, 'undefined'],
      [() => ({ init() {} }), 'an object'],
      [async () => idle(), 'a promise'],
    ] as const) {
      const error = failure(() => call(new StreamsBuilder(), supplier as never))
      expect(error.code).toBe('INVALID_ARGUMENT')
      expect(error.message).toContain(`the supplier of ${operator} returns ${what} without the method ${method}()`)
    }
  })

  test('a class in place of a supplier', () => {
    class Reporter {
      process(): void {}
    }
    const error = failure(() => new StreamsBuilder().stream('in').process(Reporter as never))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toBe('process needs a supplier, and got the class Reporter: pass () => new Reporter()')
  })

  test('a join of a stream and a table by a foreign key', () => {
    const builder = new StreamsBuilder()
    const join = builder.stream('in').join.bind(builder.stream('in')) as (...given: unknown[]) => unknown
    const error = failure(() =>
      join(
        builder.table('other'),
        () => 'key',
        () => 'joined',
      ),
    )
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toMatch(/^join with a table .*two functions.*selectKey.*globalTable/)
  })

  test('a versioned store for a global table', () => {
    const history = versionedKeyValueStore('history', { historyRetention: '1h' })
    const error = failure(() => new StreamsBuilder().globalTable('in', {}, history))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain('the store "history" of a global table can\'t be versioned')
  })

  test('joining two repartitioned streams of unequal counts, naming both topics, when it is built', () => {
    const builder = new StreamsBuilder()
    const left = builder.stream('a').repartition({ name: 'left', partitions: 2 })
    const right = builder.stream('b').repartition({ name: 'right', partitions: 4 })
    left.mapValues((value) => value).join(right, (value) => value, JoinWindows.of({ timeDifference: 1 }), 'pairs')
    const error = failure(() => builder.build())
    expect(error.code).toBe('NOT_COPARTITIONED')
    expect(error.message).toContain(
      'pairs-merge needs the same number of partitions on both sides, but repartition() gives "left-repartition" 2 and ' +
        '"right-repartition" 4',
    )
  })

  test('joining a repartitioned stream with a repartitioned table of another count', () => {
    const builder = new StreamsBuilder()
    const table = builder.stream('b').repartition({ name: 'right', partitions: 4 }).toTable('rows')
    builder
      .stream('a')
      .repartition({ name: 'left', partitions: 2 })
      .leftJoin(table, (value) => value)
    expect(failure(() => builder.build()).code).toBe('NOT_COPARTITIONED')
  })

  test('names that are not valid, where they are given', () => {
    const builder = new StreamsBuilder()
    expect(failure(() => builder.stream('in', { name: 'a b' })).code).toBe('INVALID_NAME')
    expect(failure(() => builder.stream('in').groupByKey('a/b')).code).toBe('INVALID_NAME')
    expect(failure(() => builder.stream('in').groupByKey().count('a/b')).code).toBe('INVALID_NAME')
    expect(failure(() => builder.stream('in').repartition({ name: '' })).code).toBe('INVALID_NAME')
    expect(
      failure(() =>
        builder
          .stream('in')
          .split('s-')
          .branch(() => true, 'a b'),
      ).code,
    ).toBe('INVALID_NAME')
    const windows = JoinWindows.of({ timeDifference: 1 })
    for (const name of ['', '..', 'a b']) {
      const [left, right] = [builder.stream('left'), builder.stream('right')]
      expect(failure(() => left.join(right, (a) => a, windows, name)).code).toBe('INVALID_NAME')
      expect(failure(() => left.outerJoin(right, (a) => a, windows, name)).code).toBe('INVALID_NAME')
    }
  })

  test('a number of partitions that is none', () => {
    for (const partitions of [0, -1, 1.5, NaN]) {
      expect(failure(() => new StreamsBuilder().stream('in').repartition({ partitions })).message).toContain(
        String(partitions),
      )
    }
  })

  test('streams of different builders in one merge', () => {
    const other = new StreamsBuilder().stream('b')
    expect(failure(() => new StreamsBuilder().stream('a').merge(other)).message).toContain('different StreamsBuilders')
  })

  test('names that are taken, when it is built', () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in')
      .filter(() => true, 'same')
      .peek(() => undefined, 'same')
    expect(failure(() => builder.build())).toMatchObject({ code: 'DUPLICATE_NAME', location: { operator: 'same' } })
  })

  test('two stores of one name', () => {
    const builder = new StreamsBuilder()
    builder.stream('in').groupByKey().count('same')
    builder
      .stream('in')
      .groupByKey()
      .reduce((a) => a, 'same')
    expect(failure(() => builder.build())).toMatchObject({ code: 'DUPLICATE_NAME', location: { store: 'same' } })
  })

  test('two branches of one name', () => {
    const split = new StreamsBuilder()
      .stream('in')
      .split('s-')
      .branch(() => true, 'x')
    expect(failure(() => split.branch(() => true, 'x')).code).toBe('DUPLICATE_NAME')
  })

  test('a store that nobody has added', () => {
    const builder = new StreamsBuilder()
    builder.stream('in').process(idle, ['nope'])
    expect(failure(() => builder.build())).toMatchObject({ code: 'UNKNOWN_STORE', location: { store: 'nope' } })
  })

  test('a topic as a table and as a stream, or in streams of different topics', () => {
    const both = new StreamsBuilder()
    both.stream('in')
    both.table('in')
    expect(failure(() => both.build()).code).toBe('TOPIC_ALREADY_REGISTERED')
    const overlapping = new StreamsBuilder()
    overlapping.stream(['a', 'b'])
    overlapping.stream(['b', 'c'])
    expect(failure(() => overlapping.build())).toMatchObject({
      code: 'TOPIC_ALREADY_REGISTERED',
      location: { topic: 'b' },
    })
  })

  test('one topic with two offset resets', () => {
    const builder = new StreamsBuilder()
    builder.stream('in', { offsetReset: 'latest' })
    builder.stream('in')
    expect(failure(() => builder.build()).message).toMatch(/in with different offsetReset \(latest and not set\)/)
    const byDuration = new StreamsBuilder()
    byDuration.stream('in', { offsetReset: { byDuration: '1m' } })
    byDuration.stream('in', { offsetReset: { byDuration: 60_000 } })
    expect(() => byDuration.build()).not.toThrow()
    byDuration.stream('in', { offsetReset: { byDuration: '2m' } })
    expect(failure(() => byDuration.build()).message).toContain('(byDuration 60000 ms and byDuration 120000 ms)')
  })

  test('an optimization that does not exist', () => {
    const builder = new StreamsBuilder()
    expect(failure(() => builder.build({ optimization: ['faster' as never] })).message).toContain("'faster'")
    expect(failure(() => builder.build({ optimization: 'most' as never })).message).toContain("'most'")
  })
})

describe('serdes', () => {
  const sinkAfter = (build: (builder: StreamsBuilder) => void): SinkDefinition => {
    const builder = new StreamsBuilder()
    build(builder)
    return builder.build().definition.nodes.findLast((definition) => definition.kind === 'sink')!
  }
  const from = (builder: StreamsBuilder) => builder.stream('in', { key: string, value: long })

  test.each<[string, object, (builder: StreamsBuilder) => void]>([
    [
      'stay with the record',
      { keySerde: string, valueSerde: long },
      (b) =>
        from(b)
          .filter(() => true)
          .peek(() => undefined)
          .to('out'),
    ],
    [
      'of the key stay over mapValues',
      { keySerde: string, valueSerde: undefined },
      (b) =>
        from(b)
          .mapValues(() => 1)
          .to('out'),
    ],
    [
      'of the key stay over flatMapValues',
      { keySerde: string, valueSerde: undefined },
      (b) =>
        from(b)
          .flatMapValues(() => [1])
          .to('out'),
    ],
    [
      'of the key stay over processValues',
      { keySerde: string, valueSerde: undefined },
      (b) => from(b).processValues(idle).to('out'),
    ],
    [
      'of the value stay over selectKey',
      { keySerde: undefined, valueSerde: long },
      (b) =>
        from(b)
          .selectKey(() => 1)
          .to('out'),
    ],
    [
      'are lost in map',
      { keySerde: undefined, valueSerde: undefined },
      (b) =>
        from(b)
          .map(() => [1, 1])
          .to('out'),
    ],
    [
      'are lost in flatMap',
      { keySerde: undefined, valueSerde: undefined },
      (b) =>
        from(b)
          .flatMap(() => [[1, 1]])
          .to('out'),
    ],
    ['are lost in process', { keySerde: undefined, valueSerde: undefined }, (b) => from(b).process(idle).to('out')],
    ['are lost in merge', { keySerde: undefined, valueSerde: undefined }, (b) => from(b).merge(from(b)).to('out')],
    [
      'stay in branches',
      { keySerde: string, valueSerde: long },
      (b) => from(b).split('s').defaultBranch('x')['sx'].to('out'),
    ],
    [
      'that are given win',
      { keySerde: long, valueSerde: string },
      (b) =>
        from(b)
          .map(() => [1, 'x'])
          .to('out', { key: long, value: string }),
    ],
    [
      'stay over toTable and toStream',
      { keySerde: string, valueSerde: long },
      (b) => from(b).toTable().toStream().to('out'),
    ],
    [
      'stay over a filter of a table',
      { keySerde: string, valueSerde: long },
      (b) =>
        from(b)
          .toTable()
          .filter(() => true)
          .toStream()
          .to('out'),
    ],
    [
      'stay over reduce',
      { keySerde: string, valueSerde: long },
      (b) =>
        from(b)
          .groupByKey()
          .reduce((a) => a)
          .toStream()
          .to('out'),
    ],
    [
      'of an aggregate are its own',
      { keySerde: string, valueSerde: undefined },
      (b) =>
        from(b)
          .groupByKey()
          .aggregate(
            () => 1,
            (a) => a,
          )
          .toStream()
          .to('out'),
    ],
  ])('%s', (_, expected, build) => expect(sinkAfter(build)).toMatchObject(expected))

  test('of a count are long', () => {
    const sink = sinkAfter((builder) => from(builder).groupByKey().count().toStream().to('out'))
    expect(sink.valueSerde!.serialize('t', 1, [])).toEqual(long.serialize('t', 1, []))
  })

  test('of a grouping reach its repartition topic', () => {
    const builder = new StreamsBuilder()
    from(builder)
      .groupBy((value) => value, { name: 'g', key: long })
      .count()
    const expected = { keySerde: long, valueSerde: long }
    expect(node<SinkDefinition>(builder.build(), 'g-repartition-sink')).toMatchObject(expected)
    expect(node<SourceDefinition>(builder.build(), 'g-repartition-source')).toMatchObject(expected)
  })

  test('of a grouped table travel in changes', () => {
    const builder = new StreamsBuilder()
    builder
      .table('in')
      .groupBy((_, key) => [key, 1], { key: string, value: long })
      .count({ name: 'n' })
    const sink = node<SinkDefinition>(builder.build(), 'n-sink')
    expect(sink.valueSerde).toBeInstanceOf(ChangeSerde)
    expect((sink.valueSerde as ChangeSerde<number>).inner).toBe(long)
  })
})

describe('stores', () => {
  const storesOf = (build: (builder: StreamsBuilder) => void): string[] => {
    const builder = new StreamsBuilder()
    build(builder)
    return [...builder.build().definition.stores.keys()]
  }

  test('of source tables exist where something looks values up', () => {
    expect(
      storesOf((b) =>
        b
          .table('in')
          .mapValues(() => 1)
          .toStream(),
      ),
    ).toEqual([])
    expect(storesOf((b) => b.table('in', {}, 't').filter(() => true))).toEqual(['t'])
    expect(
      storesOf((b) =>
        b
          .table('in')
          .filter(() => true)
          .groupBy((v, k) => [k, v])
          .count('n'),
      ),
    ).toEqual(['in-STATE-STORE-0000000000', 'n'])
    expect(
      storesOf((b) =>
        b
          .stream('in')
          .toTable()
          .groupBy((v, k) => [k, v])
          .count('n'),
      ),
    ).toEqual(['KSTREAM-TOTABLE-STATE-STORE-0000000002', 'n'])
  })

  test('of a view spare the table before it', () => {
    expect(
      storesOf((b) =>
        b
          .table('in')
          .mapValues(() => 1, 'm')
          .groupBy((v, k) => [k, v])
          .count('n'),
      ),
    ).toEqual(['m', 'n'])
  })

  test('take their settings', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in').groupByKey()
    stream.count('plain')
    stream.count({ store: 'set', caching: false, logging: { 'segment.ms': '7' }, storeType: 'in-memory' })
    stream.count({ store: 'quiet', logging: false })
    const { stores } = builder.build().definition
    expect(stores.get('plain')!.builder).toMatchObject({ cachingEnabled: true, loggingEnabled: true, persistent: true })
    expect(stores.get('set')!.builder).toMatchObject({
      cachingEnabled: false,
      changelogConfig: { 'segment.ms': '7' },
      persistent: false,
    })
    expect(stores.get('quiet')!.builder.loggingEnabled).toBe(false)
  })

  test('given by a handle are the same for all that use it', () => {
    const counts = timestampedKeyValueStore('counts', { key: string, value: long, persistent: false })
    const builder = new StreamsBuilder()
    const stream = builder.stream('in')
    stream.process(idle, { name: 'reader', stores: counts })
    const table = stream.groupByKey().count(counts)
    const { stores } = builder.build().definition
    expect(table.queryableStoreName).toBe('counts')
    expect([...stores.keys()]).toEqual(['counts'])
    expect([...stores.get('counts')!.processors].sort()).toEqual(['KSTREAM-AGGREGATE-0000000001', 'reader'])
    expect(stores.get('counts')!.builder).toMatchObject({ persistent: false, cachingEnabled: true })
  })

  test('of global tables can be asked by a generated name, too', () => {
    const builder = new StreamsBuilder()
    expect(builder.globalTable('rates').queryableStoreName).toBe('rates-STATE-STORE-0000000000')
    expect(builder.globalTable('names', {}, 'by-id').queryableStoreName).toBe('by-id')
  })

  test('are added by hand, or by whoever is given their handle', () => {
    const own = keyValueStore('own')
    expect(
      storesOf((b) => b.addStateStore(keyValueStore('added')).stream('in').processValues(idle, [own, 'added'])),
    ).toEqual(['added', 'own'])
  })
})

describe('a split', () => {
  test('gives its streams by name, without those that were used up', () => {
    const builder = new StreamsBuilder()
    const streams = builder
      .stream('in')
      .split('s-')
      .branch(() => true, 'a')
      .branch(() => true, { with: (stream) => stream.mapValues(() => 1, 'mapped') })
      .branch(() => true, { name: 'gone', with: (stream) => stream.to('gone') })
      .defaultBranch()
    expect(Object.keys(streams)).toEqual(['s-a', 's-2', 's-0'])
  })

  test('without default branch has no stream for the rest', () => {
    const streams = new StreamsBuilder()
      .stream('in')
      .split()
      .branch(() => true)
      .noDefaultBranch()
    expect(Object.keys(streams)).toEqual(['KSTREAM-BRANCH-00000000011'])
  })
})

describe('build', () => {
  test('gives the same topology again, and a larger one after more calls', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in')
    stream.to('out')
    const text = builder.build().describe()
    expect(builder.build().describe()).toBe(text)
    stream.to('more')
    expect(builder.build().describe()).toContain('more')
  })

  test('reads a topic once that is named twice', () => {
    const builder = new StreamsBuilder()
    builder.stream(['in', 'other', 'in'], { name: 'src' })
    expect(node<SourceDefinition>(builder.build(), 'src').topics).toEqual(['in', 'other'])
  })

  test('makes a topology that the Processor API adds to', () => {
    const builder = new StreamsBuilder()
    builder.stream('in', { name: 'src' })
    const topology = builder.build().addProcessor('p', idle, 'src').addSink('s', 'out', 'p')
    expect(topology.describe()).toContain('Sink: s (topic: out)')
  })

  test('keeps what was added to the topology when it builds again', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', { name: 'src' })
    const first = builder.build().addProcessor('p', idle, 'src', keyValueStore('seen')).addSink('s', 'out', 'p')
    const text = first.describe()
    expect(builder.build().describe()).toBe(text)
    stream.to('more')
    const second = builder.build().addSink('t', 'also', 'p')
    expect(first.describe()).toBe(text)
    for (const topic of ['out', 'more', 'also']) expect(builder.build().describe()).toContain(`(topic: ${topic})`)
    expect(failure(() => second.addSink('s', 'out', 'p')).code).toBe('DUPLICATE_NAME')
    expect(() => builder.build()).not.toThrow()
  })

  test('shares a named repartition topic between the aggregations of one group', () => {
    const builder = new StreamsBuilder()
    const group = builder.stream('in').groupBy((value) => value, 'g')
    group.count()
    group.reduce((a) => a)
    expect([...builder.build().definition.repartitionTopics.keys()]).toEqual(['g-repartition'])
  })
})

test('a stream can come from an async function, and be awaited', async () => {
  const builder = new StreamsBuilder()
  const shouted = await (async () => builder.stream('in').mapValues(String))()
  shouted.to('out')
  expect(builder.build().definition.nodes.map(({ name }) => name)).toEqual([
    'KSTREAM-SOURCE-0000000000',
    'KSTREAM-MAPVALUES-0000000001',
    'KSTREAM-SINK-0000000002',
  ])
})
