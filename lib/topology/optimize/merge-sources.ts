import { TopologyError } from '../../errors'
import type { LogicalGraph } from '../graph/logical-graph'
import type { NodeId } from '../graph/node'
import type { GraphNode } from '../graph/nodes'
import type { StreamSourceNode } from '../graph/stream-nodes'
import { offsetResetText } from '../offset-reset'

/**
 * Streams that read the same topics share one source, the first: a topology reads a topic once.
 *
 * @throws TopologyError TOPIC_ALREADY_REGISTERED, INVALID_TOPOLOGY if their offset resets differ
 */
export function mergeSources(graph: LogicalGraph): LogicalGraph {
  const sources: StreamSourceNode[] = []
  const replaced = new Map<NodeId, NodeId>()
  for (const node of graph.nodes) {
    if (node.kind !== 'stream-source') continue
    const same = sources.find((source) => sameTopics(source, node))
    if (same) {
      requireSameReset(same, node)
      requireSameIdleAfter(same, node)
      replaced.set(node.id, same.id)
    } else {
      requireNoOverlap(sources, node)
      sources.push(node)
    }
  }
  if (replaced.size === 0) return graph
  const nodes = graph.nodes.filter(({ id }) => !replaced.has(id))
  return { ...graph, nodes: nodes.map((node) => withStandIns(node, replaced)) }
}

function withStandIns(node: GraphNode, replaced: ReadonlyMap<NodeId, NodeId>): GraphNode {
  const parents = parentsOf(node, replaced)
  if (node.kind !== 'cogroup-merge') return { ...node, parents }
  return { ...node, parents, copartitioned: node.copartitioned.map((id) => replaced.get(id) ?? id) }
}

/** A parent that stands in for another comes last, as in Kafka Streams: topology texts show the order. */
function parentsOf({ parents }: GraphNode, replaced: ReadonlyMap<NodeId, NodeId>): NodeId[] {
  const kept = parents.filter((parent) => !replaced.has(parent))
  const standIns = parents.flatMap((parent) => replaced.get(parent) ?? [])
  return [...new Set([...kept, ...standIns])]
}

function sameTopics(a: StreamSourceNode, b: StreamSourceNode): boolean {
  if (a.topics instanceof RegExp || b.topics instanceof RegExp) return String(a.topics) === String(b.topics)
  const topics = new Set(a.topics)
  return topics.size === new Set(b.topics).size && b.topics.every((topic) => topics.has(topic))
}

function requireSameReset(first: StreamSourceNode, second: StreamSourceNode): void {
  const [a, b] = [first, second].map(({ settings }) => offsetResetText(settings.offsetReset) ?? 'not set')
  if (a === b) return
  throw new TopologyError(
    'INVALID_TOPOLOGY',
    `two streams read ${topicsText(second)} with different offsetReset (${a} and ${b}), but they share one source: give both the same`,
    { operator: second.name },
  )
}

function requireSameIdleAfter(first: StreamSourceNode, second: StreamSourceNode): void {
  const [a, b] = [first, second].map(({ settings }) => settings.idleAfterMs)
  if (a === b) return
  const [inFirst, inSecond] = [a, b].map((ms) => (ms === undefined ? 'not set' : `${ms} ms`))
  throw new TopologyError(
    'INVALID_TOPOLOGY',
    `two streams read ${topicsText(second)} with different idleAfter (${inFirst} and ${inSecond}), but they share one source: give both the same`,
    { operator: second.name },
  )
}

function requireNoOverlap(sources: readonly StreamSourceNode[], node: StreamSourceNode): void {
  if (node.topics instanceof RegExp) return
  for (const source of sources) {
    if (source.topics instanceof RegExp) continue
    const topic = node.topics.find((name) => (source.topics as readonly string[]).includes(name))
    if (topic === undefined) continue
    throw new TopologyError(
      'TOPIC_ALREADY_REGISTERED',
      `topic "${topic}" is read by two streams whose topics differ (${topicsText(source)} and ${topicsText(node)}): ` +
        'a topology reads a topic once. Read the same topics in both, or read each topic alone and merge the streams',
      { operator: node.name, topic },
    )
  }
}

function topicsText({ topics }: StreamSourceNode): string {
  return topics instanceof RegExp ? String(topics) : topics.join(', ')
}
