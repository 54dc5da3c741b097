import { callback, NAME, optional, options, SERDE } from '../../arguments'
import type { SerdeThatWrites } from '../../serdes/serde'
import type { StreamPartitioner } from '../../topology/definition'
import type { NamedOptions } from './named'

/** How a stream is written to a topic. */
export interface Produced<K, V> extends NamedOptions {
  /** Default: the stream's own serde, where it is known; else the app's `defaultKeySerde`. */
  key?: SerdeThatWrites<K>
  /** Default: the stream's own serde, where it is known; else the app's `defaultValueSerde`. */
  value?: SerdeThatWrites<V>
  /** Default: murmur2 of the key's bytes, as in every Kafka client; records without a key go to any partition. */
  partitioner?: StreamPartitioner<K, V>
}

export const PRODUCED = optional(
  options<Produced<unknown, unknown>>({
    name: NAME,
    key: SERDE,
    value: SERDE,
    partitioner: callback('a function that chooses partitions'),
  }),
)
