import type { Serde } from '../serdes/serde'
import type { StreamPartitioner } from '../topology/definition'
import type { NewNode } from '../topology/graph/nodes'
import type { RepartitionNode } from '../topology/graph/stream-nodes'
import { type Naming, repartitionNames } from '../topology/naming/naming'

export interface RepartitionSettings<K, V> {
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
  readonly partitions?: number
  readonly partitioner?: StreamPartitioner<K, V>
  /** The DSL put it in, and may move it. */
  readonly implicit: boolean
  /** Whether the user named it, or what it is named after. Default: `prefix` is not the generated name of a store. */
  readonly named?: boolean
}

/** A repartition topic named after `prefix`. Takes three indices. */
export function repartitionNode<K, V>(
  naming: Naming,
  prefix: string,
  settings: RepartitionSettings<K, V>,
): NewNode<RepartitionNode> {
  const { named = !naming.unnamed.stores.has(prefix), ...rest } = settings
  const names = repartitionNames(naming, prefix)
  if (!named) naming.unnamed.repartitionTopics.add(names.topic)
  return {
    kind: 'repartition',
    name: names.source,
    topic: names.topic,
    sinkName: names.sink,
    filterName: names.filter,
    ...rest,
  }
}
