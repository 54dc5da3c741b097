import type { ForeignKeyExtractor, ValueJoiner, ValueMapper } from '../../operators/callbacks'
import type { JoinKind, TableJoin } from '../../operators/joined-rows'
import type { JoinWindow } from '../../operators/stream-stream-join'
import type { ForeignKeyJoinSerdes } from '../../serdes/foreign-key/foreign-key-bytes'
import type { StateStore, StoreBuilder } from '../../state/store'
import type { NodeBase, NodeId } from './node'

/* eslint-disable @typescript-eslint/no-explicit-any -- nodes of a graph are heterogeneous; the DSL's signatures have checked their types */

/** A stream that looks its records up in a table. The table is no parent: its updates trigger nothing. */
export interface StreamTableJoinNode extends NodeBase {
  readonly kind: 'stream-table-join'
  readonly table: NodeId
  readonly joiner: ValueJoiner<any, any, any, any>
  /** Records without a row have a result, too. */
  readonly left: boolean
  /** Where stream records wait for the table to catch up, and how long. */
  readonly waiting: { readonly buffer: StoreBuilder<StateStore>; readonly graceMs: number } | null
}

/** A stream that looks its records up in a global table, by a key that is made of each. */
export interface StreamGlobalJoinNode extends NodeBase {
  readonly kind: 'stream-global-join'
  readonly globalStore: string
  readonly selector: ValueMapper<any, any, any>
  readonly joiner: ValueJoiner<any, any, any, any>
  /** Records without a row have a result, too. */
  readonly left: boolean
}

/** Keeps the records of one side of a join of two streams. */
export interface JoinWindowNode extends NodeBase {
  readonly kind: 'join-window'
  readonly store: StoreBuilder<StateStore>
  /** The node that takes late records. Default: they are dropped. */
  readonly late?: string
}

/** One side of a join of two streams. */
export interface JoinSide {
  readonly name: string
  /** The node that keeps this side's records, and the store it keeps them in. */
  readonly window: NodeId
  readonly store: StoreBuilder<StateStore>
}

/** Two streams joined within a window: a processor for each side, and `name`, where their results come together. */
export interface StreamStreamJoinNode extends NodeBase {
  readonly kind: 'stream-stream-join'
  readonly join: JoinKind
  readonly joiner: ValueJoiner<any, any, any, any>
  readonly window: JoinWindow
  readonly left: JoinSide
  readonly right: JoinSide
  /** For records that have met none yet; `null` for an inner join. */
  readonly outerJoinStore: StoreBuilder<StateStore> | null
  /** Both sides are the same stream: one processor stands for all, and the right side's window is gone. */
  readonly selfJoined?: boolean
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

/** Of a foreign-key join: rows of the left table subscribe to the right row that they name. */
export interface SubscriptionSendNode extends NodeBase {
  readonly kind: 'subscription-send'
  readonly extractor: ForeignKeyExtractor<any, any, any>
  /** Rows without a right one have a result, too. */
  readonly left: boolean
  readonly serdes: ForeignKeyJoinSerdes
}

/** Of a foreign-key join: enters subscriptions into their store, beside the right table. */
export interface SubscriptionReceiveNode extends NodeBase {
  readonly kind: 'subscription-receive'
  readonly store: StoreBuilder<StateStore>
  readonly serdes: ForeignKeyJoinSerdes
}

/** Of a foreign-key join: answers a new subscription with the right row. */
export interface SubscriptionJoinNode extends NodeBase {
  readonly kind: 'subscription-join'
  /** The right table. */
  readonly table: NodeId
}

/** Of a foreign-key join: tells subscribers of each update of the right table. */
export interface ForeignTableJoinNode extends NodeBase {
  readonly kind: 'foreign-table-join'
  readonly store: StoreBuilder<StateStore>
  readonly serdes: ForeignKeyJoinSerdes
}

/** Of a foreign-key join: joins answers with the left rows that asked. */
export interface ResponseJoinNode extends NodeBase {
  readonly kind: 'response-join'
  /** The left table. */
  readonly table: NodeId
  readonly joiner: ValueJoiner<any, any, any, any>
  readonly left: boolean
  readonly serdes: ForeignKeyJoinSerdes
}

export type JoinNode =
  | StreamTableJoinNode
  | StreamGlobalJoinNode
  | JoinWindowNode
  | StreamStreamJoinNode
  | TableJoinNode
  | SubscriptionSendNode
  | SubscriptionReceiveNode
  | SubscriptionJoinNode
  | ForeignTableJoinNode
  | ResponseJoinNode
