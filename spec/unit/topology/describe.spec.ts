import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { keyValueStore } from '../../../lib/state/stores'
import type { TopologyDefinition } from '../../../lib/topology/definition'
import { describe as describeTopology } from '../../../lib/topology/describe'

test('a global store takes an id, has a block of its own and makes no tasks', () => {
  const builder = new StreamsBuilder()
  const table = builder.globalTable('g')
  builder
    .stream('in')
    .join(
      table,
      (_value, key) => key,
      (value) => value,
    )
    .to('out')
  expect(builder.build().describe()).toBe(`Topologies:
   Sub-topology: 0 for global store (will not generate tasks)
    Source: KSTREAM-SOURCE-0000000001 (topics: [g])
      --> KTABLE-SOURCE-0000000002
    Processor: KTABLE-SOURCE-0000000002 (stores: [g-STATE-STORE-0000000000])
      --> none
      <-- KSTREAM-SOURCE-0000000001
  Sub-topology: 1
    Source: KSTREAM-SOURCE-0000000003 (topics: [in])
      --> KSTREAM-LEFTJOIN-0000000004
    Processor: KSTREAM-LEFTJOIN-0000000004 (stores: [])
      --> KSTREAM-SINK-0000000005
      <-- KSTREAM-SOURCE-0000000003
    Sink: KSTREAM-SINK-0000000005 (topic: out)
      <-- KSTREAM-LEFTJOIN-0000000004

`)
})

test('a topology of nothing', () => {
  const empty: TopologyDefinition = {
    nodes: [],
    stores: new Map(),
    repartitionTopics: new Map(),
    copartitionGroups: [],
  }
  expect(describeTopology(empty)).toBe('Topologies:\n ')
})

test('a topology as data has the nodes of its text, in the same order, and can be written as JSON', () => {
  const builder = new StreamsBuilder()
  builder.globalTable('g', {}, 'global')
  const byKind = (): string => 'x'
  builder.stream(/in-.*/, { name: 'src' }).process(() => ({ process: () => undefined }), {
    name: 'p',
    stores: [keyValueStore('zeta'), keyValueStore('alpha')],
  })
  const topology = builder.build().addSink('fixed', 'out', 'p').addSink('dynamic', byKind, 'p')
  expect(JSON.parse(JSON.stringify(topology.description))).toEqual({
    subtopologies: [
      {
        id: 1,
        nodes: [
          { kind: 'source', name: 'src', topics: [], pattern: 'in-.*', successors: ['p'] },
          {
            kind: 'processor',
            name: 'p',
            stores: ['zeta', 'alpha'],
            predecessors: ['src'],
            successors: ['dynamic', 'fixed'],
          },
          { kind: 'sink', name: 'dynamic', topic: null, topicSelector: 'byKind', predecessors: ['p'] },
          { kind: 'sink', name: 'fixed', topic: 'out', topicSelector: null, predecessors: ['p'] },
        ],
      },
    ],
    globalStores: [
      {
        id: 0,
        source: {
          kind: 'source',
          name: 'KSTREAM-SOURCE-0000000000',
          topics: ['g'],
          pattern: null,
          successors: ['KTABLE-SOURCE-0000000001'],
        },
        processor: {
          kind: 'processor',
          name: 'KTABLE-SOURCE-0000000001',
          stores: ['global'],
          predecessors: ['KSTREAM-SOURCE-0000000000'],
          successors: [],
        },
      },
    ],
  })
  expect(topology.describe()).toContain('Processor: p (stores: [zeta, alpha])')
})
