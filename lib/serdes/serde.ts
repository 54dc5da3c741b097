import type { RecordHeaders } from '../kafka/port'

/**
 * How a type is written to and read from bytes. Synchronous: what must be fetched first (a schema) is fetched before
 * the record enters the task.
 *
 * A `null` object is always null bytes, so neither method ever sees one. Both throw what is wrong with their input;
 * the runtime adds operator, topic, partition and offset.
 */
export interface Serde<T> {
  /** `topic` is the topic the bytes go to, for a store its changelog topic. Returning `null` writes a tombstone. */
  serialize(topic: string, value: T, headers: RecordHeaders): Buffer | null
  /** `bytes` may be a view of a larger buffer: copy what outlives the call. */
  deserialize(topic: string, bytes: Buffer, headers: RecordHeaders): T
  /**
   * Where values are immutable primitives: the length `serialize` would give, or `undefined` where the value is not the
   * very one that comes back from its bytes (it would be rounded, normalised or refused). It lets a cache keep the value
   * itself and serialize only when it is written out.
   */
  sizeOf?(value: T): number | undefined
}

/** The type a serde carries. */
export type SerdeType<S> = S extends Serde<infer T> ? T : never
