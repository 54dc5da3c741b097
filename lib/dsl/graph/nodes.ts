import type { Predicate } from '../../operators/callbacks'
import type { OldValues } from '../../operators/change-forwarder'
import type { Processor, ProcessorSupplier } from '../../operators/processor'
import type { TableJoin } from '../../operators/joined-rows'
import type { ValueGetterSupplier } from '../../operators/value-getter'
import type { Serde } from '../../serdes/serde'
import type { StateStore, StoreBuilder } from '../../state/store'
import type {
  LostFormat,
  OffsetReset,
  StreamPartitioner,
  TimestampExtractor,
  TopicNameExtractor,
} from '../../topology/definition'
import type { StoreReference } from '../../topology/store-reference'

/** A node of the logical graph, by its position in the order of DSL calls. */
export type NodeId = number

/* eslint-disable @typescript-eslint/no-explicit-any -- nodes of a graph are heterogeneous; the DSL's signatures have checked their types */

interface NodeBase {
  readonly id: NodeId
  /** Of the topology node that children take their records from. */
  readonly name: string
  readonly parents: readonly NodeId[]
  /** Nodes enter the topology in this order, parents first. */
  readonly priority: number
  /**
   * Changes the key: repartition topics may be merged right behind it. As in Kafka Streams 4.2, `process` does not count,
   * so that topics keep their names.
   */
  readonly keyChanging?: boolean
  /** Changes the type of the value: a repartition topic must not move before it. `processValues` does not count either. */
  readonly valueChanging?: boolean
  /** A left or outer join with a stream: it has results for null keys, so that these must get to it. */
  readonly joinsNullKeys?: boolean
}

export interface SourceSettings {
  readonly keySerde?: Serde<any>
  readonly valueSerde?: Serde<any>
  readonly timestampExtractor?: TimestampExtractor
  readonly offsetReset?: OffsetReset
}

export interface StreamSourceNode extends NodeBase {
  readonly kind: 'stream-source'
  readonly topics: readonly string[] | RegExp
  readonly settings: SourceSettings
}

/** The store of a source table exists if the user named it, or if something below has to look old values up. */
export interface OptionalStore {
  readonly builder: StoreBuilder<StateStore>
  readonly requested: boolean
}

export interface TableSourceNode extends NodeBase {
  readonly kind: 'table-source'
  readonly sourceName: string
  readonly topic: string
  readonly settings: SourceSettings
  readonly store: OptionalStore
  /** The topic itself is the store's changelog. */
  readonly topicAsChangelog?: boolean
}

export interface StreamToTableNode extends NodeBase {
  readonly kind: 'stream-to-table'
  readonly store: OptionalStore
}

/** Any operator that is one processor and keeps no table. */
export interface ProcessorNode extends NodeBase {
  readonly kind: 'processor'
  readonly supplier: ProcessorSupplier<any, any, any, any>
  readonly stores?: readonly StoreReference[]
  /** Joins several streams into one. */
  readonly merge?: boolean
  /** Its parent is a table, and it takes back what old values have added. */
  readonly needsOldValues?: boolean
}

export interface BranchNode extends NodeBase {
  readonly kind: 'branch'
}

/** Takes what its predicate, and none before it, lets through; without one, all the rest. */
export interface BranchTargetNode extends NodeBase {
  readonly kind: 'branch-target'
  readonly predicate: Predicate<any, any> | null
}

export interface SinkNode extends NodeBase {
  readonly kind: 'sink'
  readonly topic: string | TopicNameExtractor<any, any>
  readonly keySerde?: Serde<any>
  readonly valueSerde?: Serde<any>
  readonly lostFormat?: LostFormat
  readonly partitioner?: StreamPartitioner<any, any>
}

/** Writes a stream to a topic of its own and reads it again, each key in its partition. `name` is the source's. */
export interface RepartitionNode extends NodeBase {
  readonly kind: 'repartition'
  readonly topic: string
  readonly sinkName: string
  /** Absent below a table: updates of a table have keys. */
  readonly filterName?: string
  readonly keySerde?: Serde<any>
  readonly valueSerde?: Serde<any>
  readonly partitions?: number
  readonly partitioner?: StreamPartitioner<any, any>
  /** The DSL put it in, and may move it. */
  readonly implicit: boolean
}

/** An aggregation: it always has its store. */
export interface AggregateNode extends NodeBase {
  readonly kind: 'aggregate'
  readonly store: StoreBuilder<StateStore>
  readonly operator: (options: OldValues) => Processor<any, any, any, any>
  /** Of windows: how long after its end one still takes records, or may still be joined to another. */
  readonly windowGraceMs?: number
}

/** A table made from another value by value. It has a store only if the user named one. */
export interface TableViewNode extends NodeBase {
  readonly kind: 'table-view'
  readonly store: StoreBuilder<StateStore> | null
  readonly operator: (options: OldValues) => Processor<any, any, any, any>
  /** Takes old values where its parent can look them up, to leave needless deletes out. */
  readonly prefersOldValues?: boolean
  /** It can't do without the old values of its parent. */
  readonly needsOldValues?: boolean
  /** Stores that the operator uses besides the table's own. */
  readonly stores?: readonly StoreReference[]
  /** Its rows computed from those of its parents, for joins that look them up while it has no store. */
  readonly rows?: (...parents: ValueGetterSupplier<any, any>[]) => ValueGetterSupplier<any, any>
  /** Nodes whose topics need equal partition counts. */
  readonly copartitioned?: readonly NodeId[]
  /** Said about its store; where nothing was said, the table is versioned if its parents are. */
  readonly versioned?: boolean
  /** Takes updates by their order, and so none of a versioned table. */
  readonly unversionedOnly?: boolean
}

/** Two tables joined by their keys: a processor for each side, and `name`, where the results come together. */
export interface TableJoinNode extends NodeBase {
  readonly kind: 'table-join'
  readonly left: NodeId
  readonly right: NodeId
  readonly leftName: string
  readonly rightName: string
  readonly join: TableJoin<any, any>
  readonly store: StoreBuilder<StateStore> | null
}

/** Reads a topic that another part of the topology writes. Its parent is the sink. */
export interface InternalSourceNode extends NodeBase {
  readonly kind: 'internal-source'
  readonly topic: string
  readonly keySerde?: Serde<any>
  readonly valueSerde?: Serde<any>
}

/** A stream that looks its records up in a table. The table is no parent: its updates trigger nothing. */
export interface StreamTableJoinNode extends NodeBase {
  readonly kind: 'stream-table-join'
  readonly table: NodeId
  readonly operator: (rows: ValueGetterSupplier<any, any>) => Processor<any, any, any, any>
  /** Where stream records wait for the table to catch up, and how long. */
  readonly waiting: { readonly buffer: StoreBuilder<StateStore>; readonly graceMs: number } | null
}

/** One side of a join of two streams. */
export interface JoinSide {
  /** The node that keeps this side's records. */
  readonly window: NodeId
  readonly name: string
  readonly supplier: ProcessorSupplier<any, any, any, any>
  readonly stores: readonly StoreBuilder<StateStore>[]
}

/** Two streams joined within a window: a processor for each side, and `name`, where their results come together. */
export interface StreamStreamJoinNode extends NodeBase {
  readonly kind: 'stream-stream-join'
  readonly left: JoinSide
  readonly right: JoinSide
  /** What can stand for all of them where both sides are the same stream. */
  readonly selfJoin: Pick<JoinSide, 'supplier' | 'stores'>
  /** It does: the right side's window is gone. */
  readonly selfJoined?: boolean
}

/** A store that every instance holds in full, with the topic and the processor that feed it. `name` is the processor's. */
export interface GlobalStoreNode extends NodeBase {
  readonly kind: 'global-store'
  readonly sourceName: string
  readonly topic: string
  readonly settings: SourceSettings
  readonly store: StoreBuilder<StateStore>
  readonly supplier: ProcessorSupplier<any, any, any, any>
  /** The store holds the topic's records as they are. */
  readonly holdsTopic: boolean
}

export type GraphNode =
  | StreamSourceNode
  | TableSourceNode
  | StreamToTableNode
  | ProcessorNode
  | BranchNode
  | BranchTargetNode
  | SinkNode
  | RepartitionNode
  | AggregateNode
  | TableViewNode
  | TableJoinNode
  | InternalSourceNode
  | StreamTableJoinNode
  | StreamStreamJoinNode
  | GlobalStoreNode

/** What a DSL call says about its node; the graph adds the rest. */
export type NewNode = GraphNode extends infer Node
  ? Node extends GraphNode
    ? Omit<Node, 'id' | 'parents' | 'priority'>
    : never
  : never
