import { DURATION, either, NAME, optional, options, SERDE } from '../../arguments'
import type { Duration } from '../../durations'
import type { Serde } from '../../serdes/serde'
import type { NamedOptions } from './named'

/**
 * How a stream is joined with a table. The name also names the stream's repartition topic, if its key has
 * changed and one is needed.
 */
export interface Joined<K, V, VO> extends NamedOptions {
  /** Default: the stream's own serde, if the key is still the same; else the app's `defaultKeySerde`. */
  key?: Serde<K>
  /** Of the stream's values. Default: the stream's own serde, where it is known; else the app's `defaultValueSerde`. */
  value?: Serde<V>
  /** Of the table's values. The table knows it already: it exists only for parity with Kafka Streams' `Joined`. */
  otherValue?: Serde<VO>
  /**
   * How long, in stream time, records wait for late updates of the table. The
   * table must be versioned, with at least as much history. Default: they don't wait (KIP-923).
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
