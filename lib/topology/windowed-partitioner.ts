import { partitionFor } from '../bytes/murmur2'
import type { WindowedSerde } from '../serdes/windowed'
import type { Windowed } from '../record/windowed'
import type { StreamPartitioner } from './definition'
import { NO_HEADERS } from '../record/headers'

/** All windows of a key go to the partition of the key itself. */
export function windowedPartitioner<K, V>(serde: WindowedSerde<K>): StreamPartitioner<Windowed<K>, V> {
  return (topic, windowed, _value, partitions) => {
    if (windowed == null) return undefined
    const key = serde.keyBytes(topic, windowed.key, NO_HEADERS)
    return key === null ? undefined : partitionFor(key, partitions)
  }
}
