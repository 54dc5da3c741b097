import { type Kind, LOGGING, NAME, SERDE } from '../../arguments'
import type { SerdeThatWrites } from '../../serdes/serde'
import type { NamedOptions } from './named'
import { STORE_TYPE } from './materialized'

/**
 * How an operator of a stream keeps what it has to know about the records of a key. `name` names the operator, and the topic
 * that the stream is repartitioned through if its key may have changed; `store` names the store.
 */
export interface KeptByKey<K, V> extends NamedOptions {
  /** The store's name; its changelog is `<application id>-<store>-changelog`. Default: a generated name. */
  store?: string
  /** Default: the stream's own serde, if the key is still the same; else the app's `defaultKeySerde`. */
  key?: SerdeThatWrites<K>
  /** For the repartition topic. Default: the stream's own serde, where it is known; else the app's `defaultValueSerde`. */
  value?: SerdeThatWrites<V>
  /**
   * Log changes to a changelog topic, from which the store is restored elsewhere; an object adds topic configs. Without it
   * the state is lost with the disk. Default: true.
   */
  logging?: boolean | Readonly<Record<string, string>>
  /** `in-memory` stores are rebuilt from the changelog at every start. Default: the builder's `defaultStoreType`. */
  storeType?: 'persistent' | 'in-memory'
}

export const KEPT_BY_KEY: Readonly<Record<keyof KeptByKey<unknown, unknown>, Kind>> = {
  name: NAME,
  store: NAME,
  key: SERDE,
  value: SERDE,
  logging: LOGGING,
  storeType: STORE_TYPE,
}
