import { either, NAME, optional, options, SERDE } from '../../arguments'
import type { Serde } from '../../serdes/serde'
import type { NamedOptions } from './named'

/**
 * How records are grouped. The name is also that of the repartition topic, where one is needed: name it to keep its
 * records when the topology changes.
 */
export interface Grouped<K, V> extends NamedOptions {
  /** Default: the stream's own serde, if the key is still the same; else the app's `defaultKeySerde`. */
  key?: Serde<K>
  /** Default: the stream's own serde, where it is known; else the app's `defaultValueSerde`. */
  value?: Serde<V>
}

export const GROUPED = optional(
  either(NAME, options<Grouped<unknown, unknown>>({ name: NAME, key: SERDE, value: SERDE })),
)
