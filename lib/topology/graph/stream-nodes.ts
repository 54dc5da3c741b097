import type {
  Aggregator,
  ForeachAction,
  Initializer,
  KeyValueMapper,
  Merger,
  Predicate,
  Reducer,
  ValueMapper,
} from '../../operators/callbacks'
import type { AsyncCallback } from '../../operators/async/async-callback'
import type { ResultKind } from '../../operators/async/async-results'
import type { AsyncSettings } from '../../operators/async/async-settings'
import type { BatchOperation } from '../../operators/batch/batch-operator'
import type { EmitStrategy } from '../../operators/close-emission'
import type { ProcessorSupplier } from '../../operators/processor'
import type { PendingStore } from '../../state/pending/pending-store'
import type { TopN } from '../../operators/top-n'
import type { StateStore, StoreBuilder } from '../../state/store'
import type { LostFormat, StreamPartitioner, TopicNameExtractor } from '../definition'
import type { StoreReference } from '../store-reference'
import type { ValueRequirement } from '../tombstones'
import type { NodeBase, NodeSerdes, SourceSettings } from './node'
import type { TableExpiry } from './table-nodes'
import type { FixedWindowing, SessionWindowing } from './windowing'

/* eslint-disable @typescript-eslint/no-explicit-any -- nodes of a graph are heterogeneous; the DSL's signatures have checked their types */

export interface StreamSourceNode extends NodeBase {
  readonly kind: 'stream-source'
  readonly topics: readonly string[] | RegExp
  readonly settings: SourceSettings
}

export interface FilterNode extends NodeBase {
  readonly kind: 'filter'
  readonly predicate: Predicate<any, any>
  /** Keeps the records for which the predicate does not hold. */
  readonly not: boolean
}

export interface MapNode extends NodeBase {
  readonly kind: 'map'
  readonly mapper: KeyValueMapper<any, any, any, any>
}

export interface MapValuesNode extends NodeBase {
  readonly kind: 'map-values'
  readonly mapper: ValueMapper<any, any, any>
}

export interface FlatMapNode extends NodeBase {
  readonly kind: 'flat-map'
  readonly mapper: ValueMapper<any, any, Iterable<readonly [any, any]>>
}

export interface FlatMapValuesNode extends NodeBase {
  readonly kind: 'flat-map-values'
  readonly mapper: ValueMapper<any, any, Iterable<any>>
}

export interface SelectKeyNode extends NodeBase {
  readonly kind: 'select-key'
  readonly selector: ValueMapper<any, any, any>
}

export interface PeekNode extends NodeBase {
  readonly kind: 'peek'
  readonly action: ForeachAction<any, any>
}

export interface ForeachNode extends NodeBase {
  readonly kind: 'foreach'
  readonly action: ForeachAction<any, any>
}

/** Makes calls for its records, many at a time. */
export interface AsyncNode extends NodeBase {
  readonly kind: 'async'
  readonly callback: AsyncCallback
  readonly result: ResultKind
  readonly settings: AsyncSettings
  /** Of the records whose calls have not ended. */
  readonly store: StoreBuilder<PendingStore<any, any>>
}

/** Calls its action with batches of records. */
export interface BatchNode extends NodeBase {
  readonly kind: 'batch'
  readonly operation: Omit<BatchOperation, 'store'>
  /** Of the records whose batches are not done. */
  readonly store: StoreBuilder<PendingStore<any, any>>
}

/** Several streams as one. */
export interface MergeNode extends NodeBase {
  readonly kind: 'merge'
}

export interface BranchNode extends NodeBase {
  readonly kind: 'branch'
}

/** Takes what its predicate, and none before it, lets through; without one, all the rest. */
export interface BranchTargetNode extends NodeBase {
  readonly kind: 'branch-target'
  readonly predicate: Predicate<any, any> | null
}

/** A processor of the user's. */
export interface ProcessNode extends NodeBase {
  readonly kind: 'process'
  readonly supplier: ProcessorSupplier<any, any, any, any>
  readonly stores: readonly StoreReference[]
  /** It must not change keys: nothing behind it is repartitioned. */
  readonly keepsKey: boolean
}

export interface SinkNode extends NodeBase, NodeSerdes {
  readonly kind: 'sink'
  readonly topic: string | TopicNameExtractor<any, any>
  readonly lostFormat?: LostFormat
  readonly partitioner?: StreamPartitioner<any, any>
}

/** Reads a topic that another part of the topology writes. Its parent is the sink. */
export interface InternalSourceNode extends NodeBase, NodeSerdes {
  readonly kind: 'internal-source'
  readonly topic: string
}

/** Writes a stream to a topic of its own and reads it again, each key in its partition. `name` is the source's. */
export interface RepartitionNode extends NodeBase, NodeSerdes {
  readonly kind: 'repartition'
  readonly topic: string
  readonly sinkName: string
  /** Absent below a table: updates of a table have keys. */
  readonly filterName?: string
  readonly partitions?: number
  readonly partitioner?: StreamPartitioner<any, any>
  /** The DSL put it in, and may move it. */
  readonly implicit: boolean
}

/** What becomes of the values of a key. */
export type StreamAggregation =
  | { readonly kind: 'count' }
  /** The first value of a window reaches no reducer, which therefore can't refuse a null. */
  | ({ readonly kind: 'reduce'; readonly reducer: Reducer<any> } & ValueRequirement)
  | {
      readonly kind: 'aggregate'
      readonly initializer: Initializer<any>
      readonly aggregator: Aggregator<any, any, any>
    }
  | ({ readonly kind: 'top-n' } & TopN<any, any> & ValueRequirement)

/** As any aggregation; sessions that become one have their aggregates merged. */
export type SessionAggregation =
  | Exclude<StreamAggregation, { readonly kind: 'aggregate' }>
  | (Extract<StreamAggregation, { readonly kind: 'aggregate' }> & { readonly merger: Merger<any, any> })

/** A grouped stream as a table: it always has its store. */
export interface StreamAggregateNode extends NodeBase {
  readonly kind: 'stream-aggregate'
  readonly aggregation: StreamAggregation
  readonly store: StoreBuilder<StateStore>
  /** Never with windows: those have their retention. */
  readonly expiry?: TableExpiry
  /** Absent where there is one aggregate a key. */
  readonly windows?: {
    readonly windowing: FixedWindowing
    readonly emit: EmitStrategy
    /** The node that takes late records. Default: they are dropped. */
    readonly late?: string
  }
}

/** A stream grouped into sessions as a table. */
export interface SessionAggregateNode extends NodeBase {
  readonly kind: 'session-aggregate'
  readonly aggregation: SessionAggregation
  readonly store: StoreBuilder<StateStore>
  readonly windowing: SessionWindowing
  readonly emit: EmitStrategy
  /** The node that takes late records. Default: they are dropped. */
  readonly late?: string
}

/** A store that every instance holds in full, with the topic and the processor that feed it. `name` is the processor's. */
export interface GlobalStoreNode extends NodeBase {
  readonly kind: 'global-store'
  readonly sourceName: string
  readonly topic: string
  readonly settings: SourceSettings
  readonly store: StoreBuilder<StateStore>
  /** Absent for a global table: the store holds the topic's records as they are. */
  readonly supplier?: ProcessorSupplier<any, any, any, any>
}

export type StreamNode =
  | StreamSourceNode
  | FilterNode
  | MapNode
  | MapValuesNode
  | FlatMapNode
  | FlatMapValuesNode
  | SelectKeyNode
  | PeekNode
  | ForeachNode
  | AsyncNode
  | BatchNode
  | MergeNode
  | BranchNode
  | BranchTargetNode
  | ProcessNode
  | SinkNode
  | InternalSourceNode
  | RepartitionNode
  | StreamAggregateNode
  | SessionAggregateNode
  | GlobalStoreNode
