import type { Serde } from '../../serdes/serde'
import type { TimestampExtractor } from '../definition'
import type { OffsetReset } from '../offset-reset'

/** A node of the logical graph, by its position in the order of DSL calls. */
export type NodeId = number

export interface NodeBase {
  readonly id: NodeId
  /** Of the topology node that children take their records from. */
  readonly name: string
  readonly parents: readonly NodeId[]
  /** Nodes enter the topology in this order, parents first. */
  readonly priority: number
}

/* eslint-disable @typescript-eslint/no-explicit-any -- nodes of a graph are heterogeneous; the DSL's signatures have checked their types */

/** Of what is read or written; undefined where the app's defaults apply. */
export interface NodeSerdes {
  readonly keySerde?: Serde<any>
  readonly valueSerde?: Serde<any>
}

export interface SourceSettings extends NodeSerdes {
  readonly timestampExtractor?: TimestampExtractor<any, any>
  readonly offsetReset?: OffsetReset
  readonly idleAfterMs?: number
}
