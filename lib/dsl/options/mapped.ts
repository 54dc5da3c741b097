import { either, NAME, optional, options, SERDE } from '../../arguments'
import type { Serde, SerdeFor } from '../../serdes/serde'
import type { NamedOptions } from './named'

/** How an operator's new keys are written, anywhere downstream. */
export interface MappedKey<K> extends NamedOptions {
  /** Default: the app's `defaultKeySerde`. */
  key?: SerdeFor<K>
}

/** How an operator's new values are written, anywhere downstream. */
export interface MappedValue<V> extends NamedOptions {
  /** Default: the serde of a sink, table or grouping downstream, else the app's `defaultValueSerde`. */
  value?: SerdeFor<V>
}

/** How an operator's new keys and values are written, anywhere downstream. */
export interface Mapped<K, V> extends MappedKey<K>, MappedValue<V> {}

export function mappedSerdes<K, V>(
  mapped: string | (MappedKey<K> & MappedValue<V>) | undefined,
): { readonly keySerde?: Serde<K>; readonly valueSerde?: Serde<V> } {
  return typeof mapped === 'object' ? { keySerde: mapped.key, valueSerde: mapped.value } : {}
}

export const MAPPED_KEY = optional(either(NAME, options<MappedKey<unknown>>({ name: NAME, key: SERDE })))

export const MAPPED_VALUE = optional(either(NAME, options<MappedValue<unknown>>({ name: NAME, value: SERDE })))

export const MAPPED = optional(
  either(NAME, options<Mapped<unknown, unknown>>({ name: NAME, key: SERDE, value: SERDE })),
)
