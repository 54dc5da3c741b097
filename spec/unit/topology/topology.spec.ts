import type { ErrorCode, TopologyError } from '../../../lib/errors'
import * as serdes from '../../../lib/serdes'
import { keyValueStore } from '../../../lib/state/stores'
import { Topology } from '../../../lib/topology/topology'

const idle = () => ({ process: () => undefined })

const expectFailure = (code: ErrorCode, build: () => unknown, ...words: string[]): void => {
  let failure: TopologyError | undefined
  try {
    build()
  } catch (error) {
    failure = error as TopologyError
  }
  expect(failure?.code).toBe(code)
  for (const word of words) expect(failure!.message).toContain(word)
}

describe('Topology refuses', () => {
  const base = (): Topology =>
    new Topology().addSource('src', 'in').addProcessor('p', idle, 'src').addSink('out', 'to', 'p')

  test('a name that is taken, whatever kind of node has it', () => {
    expectFailure('DUPLICATE_NAME', () => base().addSource('p', 'other'), 'processor', '"p"')
    expectFailure('DUPLICATE_NAME', () => base().addProcessor('src', idle, 'p'), 'source', '"src"')
    expectFailure('DUPLICATE_NAME', () => base().addSink('out', 'x', 'p'), 'sink', '"out"')
  })

  test('an empty name', () => expectFailure('INVALID_NAME', () => base().addSource('', 'other')))

  test('a parent that does not exist', () => {
    expectFailure('UNKNOWN_PARENT', () => base().addProcessor('q', idle, 'nope'), '"nope"', 'add parents first')
    expectFailure('UNKNOWN_PARENT', () => base().addSink('s', 'x', ['p', 'nope']), '"nope"')
  })

  test('no parent, a sink as parent, itself as parent, a parent twice', () => {
    expectFailure('UNKNOWN_PARENT', () => base().addProcessor('q', idle, []), 'at least one parent')
    expectFailure('UNKNOWN_PARENT', () => base().addProcessor('q', idle, 'out'), 'sink "out"')
    expectFailure('UNKNOWN_PARENT', () => base().addProcessor('q', idle, 'q'), 'own parent')
    expectFailure('UNKNOWN_PARENT', () => base().addProcessor('q', idle, ['p', 'p']), 'twice')
  })

  test('a topic that another source reads, also by pattern', () => {
    expectFailure('TOPIC_ALREADY_REGISTERED', () => base().addSource('again', ['x', 'in']), '"in"', '"src"')
    expectFailure('TOPIC_ALREADY_REGISTERED', () => base().addSource('again', /i./), '"in"', '"src"', 'i.')
    const patterned = new Topology().addSource('logs', /logs-.*/)
    expectFailure('TOPIC_ALREADY_REGISTERED', () => patterned.addSource('one', 'logs-1'), '"logs-1"', '"logs"')
  })

  test('but not a topic that a pattern matches only in part', () => {
    expect(() => base().addSource('again', /n/)).not.toThrow()
  })

  test('a source without topics', () =>
    expectFailure('INVALID_ARGUMENT', () => new Topology().addSource('s', []), 'at least one topic'))

  test('an offset reset that does not exist', () => {
    for (const offsetReset of ['newest', { byDuration: -1 }, { byDuration: 'PT1H' }, {}]) {
      const add = () => new Topology().addSource('s', 'in', { offsetReset: offsetReset as never })
      expectFailure('INVALID_ARGUMENT', add, 'addSource needs options.offsetReset', "{ byDuration: '1h' }")
    }
  })

  test('a store that has not been added', () => {
    const topology = base().addStateStore(keyValueStore('known'))
    expectFailure(
      'UNKNOWN_STORE',
      () => topology.addProcessor('q', idle, 'src', ['nope']),
      '"nope"',
      'known',
      'addStateStore',
    )
    expectFailure('UNKNOWN_STORE', () => topology.connectProcessorAndStateStores('p', 'nope'), '"nope"', '"p"')
  })

  test('to connect a processor to no stores', () => {
    expectFailure('INVALID_ARGUMENT', () => base().connectProcessorAndStateStores('p', []), '"p"')
  })

  test('a supplier that returns one instance twice', () => {
    const shared = idle()
    const words = ['the same object every time', 'inside the supplier']
    expectFailure('INVALID_ARGUMENT', () => base().addProcessor('q', () => shared, 'src'), 'processor "q"', ...words)
    const store = keyValueStore('g')
    const global = () => base().addGlobalStore(store, 'g-src', 'g', 'g-fill', () => shared)
    expectFailure('INVALID_ARGUMENT', global, 'processor "g-fill"', ...words)
  })

  test('two stores of one name, but not one store twice', () => {
    const store = keyValueStore('s')
    const topology = base().addStateStore(store).addStateStore(store, 'p')
    expectFailure('DUPLICATE_NAME', () => topology.addStateStore(keyValueStore('s')), '"s"')
  })

  test('a store for a source or for a processor that does not exist', () => {
    expectFailure('INVALID_TOPOLOGY', () => base().addStateStore(keyValueStore('s'), 'src'), '"src" is a source')
    expectFailure('UNKNOWN_PARENT', () => base().addStateStore(keyValueStore('s'), 'nope'), '"nope"')
  })
})

describe('Topology', () => {
  test('keeps what it was told, in order', () => {
    const key = serdes.string()
    const value = serdes.long()
    const partitioner = () => 0
    const { nodes } = new Topology()
      .addSource('src', ['a', 'b'], { key, value, offsetReset: 'latest' })
      .addProcessor('p', idle, 'src')
      .addSink('out', 'to', ['p', 'src'], { key, value, partitioner }).definition
    expect(nodes).toEqual([
      expect.objectContaining({
        kind: 'source',
        name: 'src',
        topics: ['a', 'b'],
        keySerde: key,
        valueSerde: value,
        offsetReset: 'latest',
      }),
      expect.objectContaining({ kind: 'processor', name: 'p', parents: ['src'], stores: [] }),
      expect.objectContaining({
        kind: 'sink',
        name: 'out',
        topic: 'to',
        parents: ['p', 'src'],
        keySerde: key,
        valueSerde: value,
        partitioner,
      }),
    ])
  })

  test('a definition once taken does not change', () => {
    const topology = new Topology().addSource('src', 'in')
    const before = topology.definition
    topology.addProcessor('p', idle, 'src')
    expect(before.nodes).toHaveLength(1)
    expect(topology.definition.nodes).toHaveLength(2)
    expect(Object.isFrozen(before.nodes)).toBe(true)
  })

  test('handles add their stores, by whatever processor comes first', () => {
    const counts = keyValueStore('counts')
    const topology = new Topology()
      .addSource('src', 'in')
      .addProcessor('a', idle, 'src', [counts])
      .addProcessor('b', idle, 'src', counts)
      .addProcessor('c', idle, 'src', 'counts')
    expect([...topology.definition.stores.get('counts')!.processors]).toEqual(['a', 'b', 'c'])
  })

  test('a topic selector gets the value first', () => {
    const topology = new Topology()
      .addSource('src', 'in')
      .addSink('out', (value: string, key: string) => `${key}-${value}`, 'src')
    const sink = topology.definition.nodes[1] as { topic: (key: string, value: string, context: unknown) => string }
    expect(sink.topic('key', 'value', {})).toBe('key-value')
  })

  test('describes itself', () => {
    const byKind = (): string => 'x'
    const topology = new Topology()
      .addSource('logs', /logs-[a-z]+/)
      .addProcessor('p', idle, 'logs', keyValueStore('s'))
      .addSink('dynamic', byKind, 'p')
      .addSink('anonymous', () => 'y', 'p')
    expect(topology.describe()).toBe(
      [
        'Topologies:',
        '   Sub-topology: 0',
        '    Source: logs (topics: logs-[a-z]+)',
        '      --> p',
        '    Processor: p (stores: [s])',
        '      --> anonymous, dynamic',
        '      <-- logs',
        '    Sink: anonymous (extractor class: LAMBDA)',
        '      <-- p',
        '    Sink: dynamic (extractor class: byKind)',
        '      <-- p',
        '',
        '',
      ].join('\n'),
    )
  })
})
