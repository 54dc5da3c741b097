import type { StateStore, StoreBuilder } from '../../state/store'
import type { GraphNode, NewNode, NodeId } from './nodes'

/**
 * What the DSL calls said, as data: each call added nodes, none changes later. Passes turn a graph into another, and
 * `emit` turns the last one into a topology.
 */
export interface LogicalGraph {
  /** In the order of the calls that added them. */
  readonly nodes: readonly GraphNode[]
  /** Stores that no operator of the DSL owns. */
  readonly stores: readonly StoreBuilder<StateStore>[]
  /** Stores of tables by the handles they were given: what else is given the handle uses the same store. */
  readonly storesByHandle: ReadonlyMap<StoreBuilder<StateStore>, StoreBuilder<StateStore>>
}

/** Collects the nodes of a `StreamsBuilder`. */
export class GraphRecorder {
  private readonly nodes = new Map<NodeId, GraphNode>()
  private readonly stores: StoreBuilder<StateStore>[] = []
  private readonly storesByHandle = new Map<StoreBuilder<StateStore>, StoreBuilder<StateStore>>()
  private priority = 0

  get graph(): LogicalGraph {
    return { nodes: [...this.nodes.values()], stores: [...this.stores], storesByHandle: new Map(this.storesByHandle) }
  }

  add(parents: readonly NodeId[], node: NewNode): NodeId {
    const id = this.nodes.size
    // Kafka Streams adds a node once under each parent, and the last time counts.
    this.priority += Math.max(parents.length, 1)
    this.nodes.set(id, Object.freeze({ ...node, id, parents: [...new Set(parents)], priority: this.priority }))
    return id
  }

  /** A node that another call needs once more goes behind all that were added since. */
  reuse(id: NodeId): NodeId {
    this.nodes.set(id, Object.freeze({ ...this.nodes.get(id)!, priority: ++this.priority }))
    return id
  }

  useForHandle(handle: StoreBuilder<StateStore>, store: StoreBuilder<StateStore>): void {
    this.storesByHandle.set(handle, store)
  }

  addStore(store: StoreBuilder<StateStore>): void {
    this.stores.push(store)
  }
}

export function nodesById(graph: LogicalGraph): Map<NodeId, GraphNode> {
  return new Map(graph.nodes.map((node) => [node.id, node]))
}
