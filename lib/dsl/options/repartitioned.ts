import { callback, either, kind, NAME, optional, options, SERDE } from '../../arguments'
import type { SerdeThatWrites } from '../../serdes/serde'
import type { StreamPartitioner } from '../../topology/definition'
import type { NamedOptions } from './named'

/** The topic that a stream is repartitioned through: `<application id>-<name>-repartition`. */
export interface Repartitioned<K, V> extends NamedOptions {
  /** Default: the stream's own serde, where it is known; else the app's `defaultKeySerde`. */
  key?: SerdeThatWrites<K>
  /** Default: the stream's own serde, where it is known; else the app's `defaultValueSerde`. */
  value?: SerdeThatWrites<V>
  /** Partitions of the topic, and so the number of tasks downstream. Default: as many as the widest upstream source. */
  partitions?: number
  /** Default: murmur2 of the key's bytes. */
  partitioner?: StreamPartitioner<K, V>
}

export const REPARTITIONED = optional(
  either(
    NAME,
    options<Repartitioned<unknown, unknown>>({
      name: NAME,
      key: SERDE,
      value: SERDE,
      partitions: kind('a whole number above 0', (value) => Number.isInteger(value) && (value as number) > 0),
      partitioner: callback('a function that chooses partitions'),
    }),
  ),
)
