import { RepartitionFilterOperator } from '../../operators/repartition-filter'
import { TableSourceOperator } from '../../operators/table-source'
import type { DefinitionBuilder } from '../definition-builder'
import type {
  GlobalStoreNode,
  InternalSourceNode,
  RepartitionNode,
  SinkNode,
  StreamSourceNode,
} from '../graph/stream-nodes'
import type { TableSourceNode } from '../graph/table-nodes'
import { failOnInvalidTimestamp } from '../timestamp-extractors'
import { type Compilation, parentNames } from './compilation'
import { expiring } from './processors'
import { leadsToNullKeys } from './join-requirements'

/** Nodes that read or write topics. */
export function compileSource(node: StreamSourceNode | InternalSourceNode, builder: DefinitionBuilder): void {
  const { name } = node
  if (node.kind === 'stream-source') return builder.addSource({ name, topics: node.topics, ...node.settings })
  builder.addRepartitionTopic(node.topic, {})
  addInternalSource(name, node, builder)
}

export function compileSink(node: SinkNode, compilation: Compilation): void {
  const { name, topic, keySerde, valueSerde, lostFormat, partitioner } = node
  const parents = parentNames(node, compilation)
  compilation.builder.addSink({ name, parents, topic, keySerde, valueSerde, lostFormat, partitioner })
}

export function compileRepartition(node: RepartitionNode, compilation: Compilation): void {
  const { name, topic, sinkName, filterName, keySerde, valueSerde, partitioner, partitions } = node
  const { graph, builder } = compilation
  const parents = parentNames(node, compilation)
  builder.addRepartitionTopic(topic, { partitions })
  if (filterName !== undefined) {
    // A record without a key goes to a random partition: only where an operator below has a result for it.
    const dropNullKeys = !leadsToNullKeys(graph, node.id)
    builder.addProcessor({ name: filterName, parents, supplier: () => new RepartitionFilterOperator(dropNullKeys) })
  }
  const sinkParents = filterName === undefined ? parents : [filterName]
  builder.addSink({ name: sinkName, parents: sinkParents, topic, keySerde, valueSerde, partitioner })
  addInternalSource(name, node, builder)
}

export function compileTableSource(node: TableSourceNode, { plans, builder }: Compilation): void {
  const plan = plans.get(node.id)!
  const store = plan.stored ? node.store.builder : null
  builder.addSource({ name: node.sourceName, topics: [node.topic], ...node.settings })
  const table = { supplier: () => new TableSourceOperator(store?.name ?? null, plan), stores: store ? [store] : [] }
  const { supplier, stores } = expiring(node.expiry, node.store.builder.name, plan, table)
  builder.addProcessor({ name: node.name, parents: [node.sourceName], supplier }, stores)
  // the topic knows nothing of rows that have expired
  if (store && node.topicAsChangelog && node.expiry === undefined)
    builder.useSourceTopicAsChangelog(store.name, node.topic)
}

export function compileGlobalStore(node: GlobalStoreNode, builder: DefinitionBuilder): void {
  const { name, sourceName, topic, settings, store } = node
  const holdsTopic = node.supplier === undefined
  const supplier = node.supplier ?? (() => new TableSourceOperator(store.name, { sendOldValues: false }))
  builder.addGlobalStore(store, { name: sourceName, topic, ...settings }, { name, supplier }, holdsTopic)
}

function addInternalSource(
  name: string,
  { topic, keySerde, valueSerde }: InternalSourceNode | RepartitionNode,
  builder: DefinitionBuilder,
): void {
  builder.addSource({ name, topics: [topic], keySerde, valueSerde, timestampExtractor: failOnInvalidTimestamp })
}
