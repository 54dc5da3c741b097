import type { StateStore, StoreBuilder } from '../../state/store'
import type { LogicalGraph } from './logical-graph'
import type { NodeId } from './node'
import type { GraphNode, NewNode } from './nodes'

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
