import type { Aggregator, GroupSelector, Initializer, Predicate, Reducer, ValueMapper } from '../../operators/callbacks'
import type { Suppression } from '../../operators/table-suppress'
import type { TopN } from '../../operators/top-n'
import type { ValueTransformerSupplier } from '../../operators/value-transformer'
import type { Serde } from '../../serdes/serde'
import type { SuppressionBuffer } from '../../state/buffer/suppression-buffer'
import type { ResolvedExpiry } from '../../state/expiry/store-expiry'
import type { StateStore, StoreBuilder } from '../../state/store'
import type { StoreReference } from '../store-reference'
import type { NodeBase, NodeId, SourceSettings } from './node'

/* eslint-disable @typescript-eslint/no-explicit-any -- nodes of a graph are heterogeneous; the DSL's signatures have checked their types */

/** The store of a source table exists if the user named it, or if something below has to look old values up. */
export interface OptionalStore {
  readonly builder: StoreBuilder<StateStore>
  readonly requested: boolean
}

/** Rows that are not used for so long are deleted. */
export interface TableExpiry extends ResolvedExpiry {
  /** Nothing is forwarded for them. */
  readonly silent: boolean
  /** Which rows are due when. */
  readonly index: StoreBuilder<StateStore>
  readonly keySerde: Serde<any> | undefined
}

export interface TableSourceNode extends NodeBase {
  readonly kind: 'table-source'
  readonly sourceName: string
  readonly topic: string
  readonly settings: SourceSettings
  readonly store: OptionalStore
  /** The topic itself is the store's changelog. */
  readonly topicAsChangelog?: boolean
  readonly expiry?: TableExpiry
}

export interface StreamToTableNode extends NodeBase {
  readonly kind: 'stream-to-table'
  readonly store: OptionalStore
  readonly expiry?: TableExpiry
}

/** A table made from another value by value. It has a store only if the user named one. */
interface DerivedTable extends NodeBase {
  readonly store: StoreBuilder<StateStore> | null
  /** Said about its store; where nothing was said, the table is versioned if its parents are. */
  readonly versioned?: boolean
}

export interface TableFilterNode extends DerivedTable {
  readonly kind: 'table-filter'
  readonly predicate: Predicate<any, any>
  /** Keeps the rows for which the predicate does not hold. */
  readonly not: boolean
}

export interface TableMapValuesNode extends DerivedTable {
  readonly kind: 'table-map-values'
  readonly mapper: ValueMapper<any, any, any>
}

export interface TableTransformValuesNode extends DerivedTable {
  readonly kind: 'table-transform-values'
  readonly supplier: ValueTransformerSupplier<any, any, any>
  /** Stores that the transformer uses. */
  readonly stores: readonly StoreReference[]
}

/** Holds updates back. It takes them by their order, and so none of a versioned table. */
export interface SuppressNode extends NodeBase {
  readonly kind: 'suppress'
  readonly buffer: StoreBuilder<SuppressionBuffer<any, any>>
  readonly limits: Pick<Suppression, 'waitMs' | 'finalOnly' | 'maxRecords' | 'maxBytes' | 'onFull'>
}

/** Where the aggregations of cogrouped streams, all into one store, come together as a table. */
export interface CogroupMergeNode extends NodeBase {
  readonly kind: 'cogroup-merge'
  /** The streams, whose topics need equal partition counts. */
  readonly copartitioned: readonly NodeId[]
}

export interface TableToStreamNode extends NodeBase {
  readonly kind: 'table-to-stream'
}

/** A table under new keys, to be aggregated: takes back what old values have added. */
export interface TableGroupByNode extends NodeBase {
  readonly kind: 'table-group-by'
  readonly selector: GroupSelector<any, any, any, any>
}

/** What becomes of the rows of a group. */
export type TableAggregation =
  | { readonly kind: 'count' }
  | { readonly kind: 'reduce'; readonly adder: Reducer<any>; readonly subtractor: Reducer<any> }
  | {
      readonly kind: 'aggregate'
      readonly initializer: Initializer<any>
      readonly adder: Aggregator<any, any, any>
      readonly subtractor: Aggregator<any, any, any>
    }
  | ({ readonly kind: 'top-n'; readonly ranking: StoreBuilder<StateStore> } & TopN<any, any>)

/** A grouped table as another table: it always has its store. */
export interface TableAggregateNode extends NodeBase {
  readonly kind: 'table-aggregate'
  readonly aggregation: TableAggregation
  readonly store: StoreBuilder<StateStore>
}

export type TableNode =
  | TableSourceNode
  | StreamToTableNode
  | TableFilterNode
  | TableMapValuesNode
  | TableTransformValuesNode
  | SuppressNode
  | CogroupMergeNode
  | TableToStreamNode
  | TableGroupByNode
  | TableAggregateNode
