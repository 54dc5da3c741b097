import type { NodeId } from '../topology/graph/node'
import type { GraphReference } from './graph-reference'
import { repartitionNode } from './repartition'

/**
 * Where the aggregations of one grouped stream get their records: from the stream itself, or from a repartition topic. A
 * named topic is shared by all of them, an unnamed one is named after its aggregation's store.
 */
export class GroupedSource<K, V> {
  private sharedRepartition: NodeId | undefined

  constructor(
    readonly position: GraphReference<K, V>,
    /** Of the grouping, and so of the topic. */
    readonly name: string | undefined,
  ) {}

  /** `store` is what the topic is named after where the grouping has no name. */
  repartitioned(store: string): GraphReference<K, V> {
    if (!this.position.repartitionRequired) return this.position
    const { context, node: parent, keySerde, valueSerde, lostFormat } = this.position
    const created = repartitionNode(context.naming, this.name ?? store, { keySerde, valueSerde, implicit: true })
    const shared = this.name === undefined ? undefined : this.sharedRepartition
    const node = shared === undefined ? context.graph.add([parent], created) : context.graph.reuse(shared)
    this.sharedRepartition = node
    return { context, node, name: created.name, keySerde, valueSerde, lostFormat, repartitionRequired: false }
  }
}
