import type { RecordIdSelector } from '../../operators/record-ids'
import type { Serde } from '../../serdes/serde'
import type { StateStore, StoreBuilder } from '../../state/store'
import type { NodeBase } from './node'

/* eslint-disable @typescript-eslint/no-explicit-any -- nodes of a graph are heterogeneous; the DSL's signatures have checked their types */

/** Drops repetitions of records. */
export interface DeduplicateNode extends NodeBase {
  readonly kind: 'deduplicate'
  /** `null`: the key itself. */
  readonly by: RecordIdSelector<any, any> | null
  readonly withinMs: number
  readonly store: StoreBuilder<StateStore>
  /** The node that takes late records. Default: they are dropped. */
  readonly late?: string
}

/** Lets so many records of a key through in each window of time. */
export interface ThrottleNode extends NodeBase {
  readonly kind: 'throttle'
  readonly limit: number
  readonly perMs: number
  readonly store: StoreBuilder<StateStore>
  /** The node that takes late records. Default: they are dropped. */
  readonly late?: string
}

/** Keeps one of every so many records of a key. */
export interface SampleEveryNode extends NodeBase {
  readonly kind: 'sample-every'
  readonly every: number
  readonly store: StoreBuilder<StateStore>
}

/** Keeps all records of a fraction of the keys, or ids. */
export interface SampleFractionNode extends NodeBase {
  readonly kind: 'sample-fraction'
  readonly fraction: number
  /** `null`: the key itself. */
  readonly by: RecordIdSelector<any, any> | null
  readonly keySerde?: Serde<any>
}

/** Records that come too late for its parent, which forwards them to it by name. */
export interface LateRecordsNode extends NodeBase {
  readonly kind: 'late-records'
}

export type SelectionNode = DeduplicateNode | ThrottleNode | SampleEveryNode | SampleFractionNode | LateRecordsNode
