import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeDefinition, StoreDefinition, TopologyDefinition } from '../../lib/topology/definition'
import { describe as describeTopology } from '../../lib/topology/describe'
import { nodeGroups } from '../../lib/topology/node-groups'

interface RandomNode {
  readonly name: string
  readonly preds: readonly string[]
  readonly type: 'source' | 'processor' | 'sink'
  readonly topics?: readonly string[]
  readonly topic?: string
  readonly stores?: readonly string[]
}

interface RandomTopology {
  readonly nodes: readonly RandomNode[]
  readonly groups: ReadonlyArray<readonly [id: number, names: readonly string[]]>
  readonly expect: string
}

const lines = readFileSync(join(__dirname, 'describe-random.jsonl'), 'utf8').trim().split('\n')
const cases = lines.map((line, i): [number, RandomTopology] => [i + 1, JSON.parse(line) as RandomTopology])

const definitionOf = ({ nodes }: RandomTopology): TopologyDefinition => {
  const stores = new Map<string, StoreDefinition>()
  for (const node of nodes) {
    for (const name of node.stores ?? []) {
      const processors = new Set([...(stores.get(name)?.processors ?? []), node.name])
      stores.set(name, { builder: { name } as StoreDefinition['builder'], processors })
    }
  }
  return { nodes: nodes.map(nodeOf), stores, repartitionTopics: new Map(), copartitionGroups: [] }
}

const nodeOf = (node: RandomNode): NodeDefinition => {
  const { name, preds: parents } = node
  if (node.type === 'source') return { kind: 'source', name, topics: node.topics! }
  if (node.type === 'sink') return { kind: 'sink', name, parents, topic: node.topic! }
  return { kind: 'processor', name, parents, stores: node.stores!, supplier: () => ({ process: () => undefined }) }
}

describe('topologies of random shape, described by Java Kafka Streams', () => {
  test('are all there', () => expect(cases).toHaveLength(200))

  test.each(cases)('line %i has the same text', (_, topology) => {
    expect(describeTopology(definitionOf(topology))).toBe(topology.expect)
  })

  test.each(cases)('line %i has the same sub-topologies', (_, topology) => {
    const groups = nodeGroups(definitionOf(topology)).map(({ id, nodes }) => [id, nodes.map(({ name }) => name).sort()])
    expect(groups).toEqual(topology.groups.map(([id, names]) => [id, [...names].sort()]))
  })
})
