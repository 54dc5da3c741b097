import { DURATION, either, NAME, optional, options, SERDE } from '../../arguments'
import type { Duration } from '../../durations'
import type { Serde } from '../../serdes/serde'
import type { NamedOptions } from './named'

/**
 * How a stream is joined with a table. The name is also that of the stream's repartition topic, where its key has
 * changed and one is needed.
 */
export interface Joined<K, V, VO> extends NamedOptions {
  /** Default: the stream's own serde, if the key is still the same; else the app's `defaultKeySerde`. */
  key?: Serde<K>
  /** Of the stream's values. Default: the stream's own serde, where it is known; else the app's `defaultValueSerde`. */
  value?: Serde<V>
  /** Of the table's values, which the table itself knows: only for the sake of Kafka Streams' `Joined`. */
  otherValue?: Serde<VO>
  /**
   * How long stream records wait for updates of the table that come late: until the stream has got as much further. The
   * table has to be versioned, with at least as much history. Default: they don't wait (KIP-923).
   */
  grace?: Duration
}

export const JOINED = optional(
  either(
    NAME,
    options<Joined<unknown, unknown, unknown>>({
      name: NAME,
      key: SERDE,
      value: SERDE,
      otherValue: SERDE,
      grace: DURATION,
    }),
  ),
)
