import { either, LOGGING, NAME, optional, options, SERDE } from '../../arguments'
import { STORE } from '../../topology/store-reference'
import { STORE_TYPE } from './materialized'
import type { Serde } from '../../serdes/serde'
import type { WindowStore } from '../../state/store'
import type { WindowStoreHandle } from '../../state/window/window-stores'
import { LATE, type LateJoinedRecords } from './late-records'
import type { NamedOptions } from './named'

/**
 * How two streams are joined. The name is that of the operators, and of the repartition topics of sides whose key has
 * changed; `store` names the stores.
 */
export interface StreamJoined<K, V, VO> extends NamedOptions {
  /**
   * Prefix of the stores that keep both sides' records for the time of the window, and so of their changelogs. Default:
   * generated names.
   */
  store?: string
  /**
   * Name of the store with the left side's records, or a `windowStore` handle, which also says how it is kept and logged:
   * with `retainDuplicates`, the join's whole window as `windowSize`, and window plus grace as `retention`. Default: a
   * name made from `store`.
   */
  thisStore?: string | WindowStoreHandle<K, V, WindowStore<K, V>>
  /** As `thisStore`, for the right side's records. */
  otherStore?: string | WindowStoreHandle<K, VO, WindowStore<K, VO>>
  /** Default: the left stream's own serde, if the key is still the same; else the app's `defaultKeySerde`. */
  key?: Serde<K>
  /** Of the left side. Default: the stream's own serde, where it is known; else the app's `defaultValueSerde`. */
  value?: Serde<V>
  /** Of the right side. Default: the stream's own serde, where it is known; else the app's `defaultValueSerde`. */
  otherValue?: Serde<VO>
  /**
   * Log the stores to changelog topics, from which they are restored elsewhere; an object adds topic configs. Without it
   * records that wait for the other side are lost with the disk. Stores given by a handle follow their own `logging`.
   * Default: true.
   */
  logging?: boolean | Readonly<Record<string, string>>
  /**
   * `in-memory` stores are rebuilt from the changelogs at every start. Default: the builder's `defaultStoreType`; stores
   * given by a handle follow their own `persistent`, and the store of a left or outer join that of `thisStore`.
   */
  storeType?: 'persistent' | 'in-memory'
}

export const STREAM_JOINED = optional(
  either(
    NAME,
    options<StreamJoined<unknown, unknown, unknown> & LateJoinedRecords<never, never>>({
      name: NAME,
      store: NAME,
      thisStore: either(NAME, STORE),
      otherStore: either(NAME, STORE),
      key: SERDE,
      value: SERDE,
      otherValue: SERDE,
      logging: LOGGING,
      storeType: STORE_TYPE,
      late: LATE,
      otherLate: LATE,
    }),
  ),
)
