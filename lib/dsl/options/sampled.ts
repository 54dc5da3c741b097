import { COUNT, isObject, type Kind, kind, NAME, options, SERDE } from '../../arguments'
import type { RecordIdSelector } from '../../operators/record-ids'
import type { SerdeThatWrites } from '../../serdes/serde'
import { ID_SELECTOR } from './deduplicated'
import { KEPT_BY_KEY, type KeptByKey } from './kept-by-key'
import type { NamedOptions } from './named'

/** One of so many records of a key. */
export interface SampledEvery<K, V> extends KeptByKey<K, V> {
  /** The first record of a key is kept, and then one in so many. */
  every: number
}

/** All records of some of the keys. */
export interface SampledFraction<K, V> extends NamedOptions {
  /** The part of the keys, or ids, whose records are kept: from 0 to 1. */
  fraction: number
  /** An id to choose by, such as that of a user or an order. Default: the key. Records without either are chosen one by one. */
  by?: RecordIdSelector<K, V>
  /** Default: the stream's own serde, if the key is still the same; else the app's `defaultKeySerde`. */
  key?: SerdeThatWrites<K>
}

/** Which records to keep. */
export type Sampled<K, V> = SampledEvery<K, V> | SampledFraction<K, V>

const FRACTION = kind('a number from 0 to 1', (value) => typeof value === 'number' && value >= 0 && value <= 1)

const OF_EVERY = options<SampledEvery<unknown, unknown>>({ ...KEPT_BY_KEY, every: COUNT }, ['every'])

const OF_FRACTION = options<SampledFraction<unknown, unknown>>(
  { name: NAME, fraction: FRACTION, by: ID_SELECTOR, key: SERDE },
  ['fraction'],
)

export const SAMPLED: Kind = {
  is: `${OF_EVERY.is}, or ${OF_FRACTION.is}`,
  problem(value, name) {
    if (!isObject(value)) return `${name} to be ${this.is}, and got ${String(value)}`
    return ('fraction' in value ? OF_FRACTION : OF_EVERY).problem(value, name)
  },
}
