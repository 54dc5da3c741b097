import type { RecordHeaders } from '../record/headers'

/** What a serde is used for under a topic: only to write, or to read back as well what earlier runs have written. */
export type SerdeUse = 'sink' | 'store'

/**
 * How a type is written to and read from bytes. Synchronous: what must be fetched first (a schema) is fetched before
 * the record enters the task. A serde that needs that has `prepare`, and throws `MissingDependency` where a topic or a
 * record calls for more: the runtime fetches it while the record waits, then calls again.
 *
 * A `null` object is always null bytes, so neither method ever sees one. Both throw what is wrong with their input;
 * the runtime adds operator, topic, partition and offset.
 */
export interface Serde<T> {
  /** `topic` is the topic the bytes go to, for a store its changelog topic. Returning `null` writes a tombstone. */
  serialize(topic: string, value: T, headers: RecordHeaders): Buffer | null
  /** `bytes` may be a view of a larger buffer: copy what outlives the call. */
  deserialize(topic: string, bytes: Buffer, headers: RecordHeaders): T
  /** The same from the middle of a buffer, for serdes that look at nothing else: saves the view. */
  deserializeRange?(bytes: Buffer, start: number, end: number): T
  /**
   * Where values are immutable primitives: the length `serialize` would give, or `undefined` where the value is not the
   * very one that comes back from its bytes (it would be rounded, normalised or refused). It lets a cache keep the value
   * itself and serialize only when it is written out.
   */
  sizeOf?(value: T): number | undefined
  /**
   * Fetches what writing to `topic` takes, for stores also what reading takes that was written under it before. Awaited
   * for each sink and store before a task's first record; may be called again at any time. A serde around another one
   * hands it on.
   */
  prepare?(topic: string, use: SerdeUse): Promise<void>
}

/** A serde that can write every `T`. A `null` is never given to it. */
export interface SerdeThatWrites<T> extends Pick<Serde<unknown>, 'deserialize'> {
  /** As a serde's own `serialize`. */
  serialize: (topic: string, value: NonNullable<T>, headers: RecordHeaders) => Buffer | null
}

/** A serde of `T` that can also write every `T`: one for strings does not do where a key may be a number, too. */
export type SerdeFor<T> = Serde<T> & SerdeThatWrites<T>

/** The type a serde carries. */
export type SerdeType<S> = S extends Serde<infer T> ? T : never
