import type { RecordHeaders } from '../record/headers'

/** What a serde is used for under a topic: only to write, or also to read back what earlier runs have written. */
export type SerdeUse = 'sink' | 'store'

/**
 * How a type is written to and read from bytes. Synchronous: what must be fetched first (a schema) is fetched before
 * the record enters the task. A serde that needs that has `prepare`, and throws `MissingDependency` if a topic or a
 * record needs more: the runtime fetches it while the record waits, then calls again.
 *
 * A `null` object is always null bytes, so neither method ever sees one. Both throw an error for invalid input;
 * the runtime adds operator, topic, partition and offset.
 */
export interface Serde<T> {
  /**
   * `topic` is the topic the bytes go to, or a store's changelog topic. Returning `null` writes a tombstone. The bytes may be kept: don't
   * return memory that is written again.
   */
  serialize(topic: string, value: T, headers: RecordHeaders): Buffer | null
  /** `bytes` may be a view of a larger buffer: copy what outlives the call. */
  deserialize(topic: string, bytes: Buffer, headers: RecordHeaders): T
  /**
   * If values are immutable primitives: the length that `serialize` would return, or `undefined` if the value would not
   * round-trip exactly (it would be rounded, normalized or rejected). It lets a cache keep the value
   * itself and serialize only when it is flushed.
   */
  sizeOf?(value: T): number | undefined
  /**
   * Fetches what writing to `topic` requires; for stores, also what reading earlier data requires. Awaited
   * for each sink and store before a task's first record; may be called again at any time. A serde that wraps another one
   * delegates it.
   */
  prepare?(topic: string, use: SerdeUse): Promise<void>
}

/** A serde that can write every `T`. It never gets `null`. */
export interface SerdeThatWrites<T> extends Pick<Serde<unknown>, 'deserialize'> {
  /** As a serde's own `serialize`. */
  serialize: (topic: string, value: NonNullable<T>, headers: RecordHeaders) => Buffer | null
}

/** A serde of `T` that can also write every `T`: one for strings is not enough if a key may also be a number. */
export type SerdeFor<T> = Serde<T> & SerdeThatWrites<T>

/** The type of a serde's values. */
export type SerdeType<S> = S extends Serde<infer T> ? T : never
