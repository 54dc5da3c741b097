import { either, NAME, optional, options, SERDE } from '../../arguments'
import type { Serde, SerdeThatWrites } from '../../serdes/serde'
import { type NamedOptions, withName } from './named'

/**
 * How records are grouped. The name also names the repartition topic, if one is needed: name it to keep its
 * records when the topology changes.
 */
export interface Grouped<K, V> extends NamedOptions {
  /** Default: the stream's own serde, if the key is still the same; else the app's `defaultKeySerde`. */
  key?: SerdeThatWrites<K>
  /** Default: the stream's own serde, where it is known; else the app's `defaultValueSerde`. */
  value?: SerdeThatWrites<V>
}

/** What a serde has written it also reads: the types have seen to it that it writes every key and value. */
export function groupedSerdes<K, V>(
  grouped: string | Grouped<K, V> | undefined,
): { readonly name?: string; readonly keySerde?: Serde<K>; readonly valueSerde?: Serde<V> } {
  const { name, key, value } = withName<Grouped<K, V>>(grouped)
  return { name, keySerde: key as Serde<K> | undefined, valueSerde: value as Serde<V> | undefined }
}

export const GROUPED = optional(
  either(NAME, options<Grouped<unknown, unknown>>({ name: NAME, key: SERDE, value: SERDE })),
)
