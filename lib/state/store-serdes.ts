import { type ByteSpan, copyOfSpan } from '../bytes/byte-span'
import { type ErrorCode, StreamsError } from '../errors'
import { MissingDependency } from '../serdes/missing-dependency'
import { type AppDefaults, keySerdeOf, valueSerdeOf } from '../serdes/open-serde'
import type { Serde } from '../serdes/serde'
import { asBytes, asObject } from '../serdes/serde-results'
import { type Shortcuts, shortcutsOf } from '../serdes/shortcuts'
import { Scratch } from '../bytes/scratch'
import type { StateStoreContext } from './store'
import { NO_HEADERS } from '../record/headers'
import { Windowed } from '../record/windowed'

/** A store's serdes, called with the changelog's name as topic; their errors name the store. */
export class StoreSerdes<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly #keyToText: ((key: unknown) => string) | undefined
  readonly #writeValue: ReturnType<NonNullable<Shortcuts['newWriter']>> | undefined
  readonly #valueRange: Shortcuts['readRange']
  readonly #keyScratch = new Scratch()
  readonly #valueScratch = new Scratch()
  /** Most accesses follow one of the same key. */
  #lastText: string | undefined
  #lastTextBytes: Buffer | undefined

  constructor(
    readonly store: string,
    readonly topic: string,
    key: Serde<K> | undefined,
    value: Serde<V> | undefined,
    context: AppDefaults & Pick<StateStoreContext, 'prepare'>,
  ) {
    this.key = keySerdeOf(key, context)
    this.value = valueSerdeOf(value, context)
    this.#keyToText = shortcutsOf(this.key).toText
    const { toText, newWriter, readRange } = shortcutsOf(this.value)
    this.#writeValue =
      toText === undefined ? newWriter?.() : (_topic, value) => this.#valueScratch.ofText(toText(value))
    this.#valueRange = readRange
    context.prepare(this.key as Serde<unknown>, topic)
    context.prepare(this.value as Serde<unknown>, topic)
  }

  /** The bytes of a key; they belong to the store. */
  keyBytes(key: K): Buffer {
    if (typeof key !== 'string') return this.#serializedKey(key)
    if (key !== this.#lastText) {
      this.#lastTextBytes = this.#serializedKey(key)
      this.#lastText = key
    }
    return this.#lastTextBytes!
  }

  #serializedKey(key: K): Buffer {
    if (key === null || key === undefined) {
      throw new StreamsError('INVALID_ARGUMENT', `store '${this.store}': a key must not be ${key}`, {
        store: this.store,
      })
    }
    let bytes: Buffer | null
    try {
      bytes = asBytes(this.key.serialize(this.topic, key, NO_HEADERS))
    } catch (error) {
      throw this.#unwritable('key', error, key)
    }
    if (bytes === null) throw this.#unwritable('key', new TypeError('its serde returned null'))
    return own(bytes, key)
  }

  /** As `keyBytes`, for bytes that are copied at once: they are valid until the next call. */
  writtenKey(key: K): Buffer {
    if (this.#keyToText === undefined || key === null || key === undefined) return this.keyBytes(key)
    try {
      return this.#keyScratch.ofText(this.#keyToText(key))
    } catch (error) {
      throw this.#unwritable('key', error, key)
    }
  }

  /** The bytes of a value; they belong to the store. A serde that returns `null` deletes. */
  valueBytes(value: V): Buffer | null {
    try {
      const bytes = asBytes(this.value.serialize(this.topic, value, NO_HEADERS))
      return bytes === null ? null : own(bytes, value)
    } catch (error) {
      throw this.#unwritable('value', error)
    }
  }

  /** As `valueBytes`, for bytes that are copied at once: they are valid until the next call. */
  writtenValue(value: V): Buffer | null {
    if (this.#writeValue === undefined) return this.valueBytes(value)
    try {
      return this.#writeValue(this.topic, value)
    } catch (error) {
      throw this.#unwritable('value', error)
    }
  }

  keyOf(bytes: Buffer): K {
    try {
      return asObject(this.key.deserialize(this.topic, bytes, NO_HEADERS))
    } catch (error) {
      throw this.#unreadable('key', error)
    }
  }

  valueOf(bytes: Buffer): V {
    try {
      return asObject(this.value.deserialize(this.topic, bytes, NO_HEADERS))
    } catch (error) {
      throw this.#unreadable('value', error)
    }
  }

  /** As `valueOf`, of the bytes from `start` on. */
  valueIn(stored: Buffer, start: number, end = stored.length): V {
    if (this.#valueRange === undefined) return this.valueOf(stored.subarray(start, end))
    try {
      return this.#valueRange(stored, start, end, this.topic) as V
    } catch (error) {
      throw this.#unreadable('value', error)
    }
  }

  /** As `valueOf`, of the bytes of `span` after the first `skipped`. */
  valueAt(span: ByteSpan, skipped: number): V {
    // a user's serde may keep what it is given, and the memory is used again
    if (this.#valueRange === undefined) return this.valueOf(copyOfSpan(span, skipped))
    return this.valueIn(span.bytes, span.start + skipped, span.end)
  }

  #unwritable(what: 'key' | 'value', cause: unknown, written?: unknown): Error {
    if (cause instanceof MissingDependency) return cause
    // a store behind a windowed aggregation takes the serde of its keys from the grouping, and has no option of its own
    const advice =
      written instanceof Windowed
        ? 'It is a key with its window: give the groupBy() or groupByKey() before windowedBy() a key serde (its `key` option)'
        : `Give the store a ${what} serde for what is put into it (the \`${what}\` option)`
    return new StreamsError(
      'SERIALIZATION_FAILED',
      `store '${this.store}' can't write this ${what}: ${(cause as Error).message}. ${advice}`,
      { store: this.store, topic: this.topic },
      { cause },
    )
  }

  #unreadable(what: 'key' | 'value', cause: unknown): Error {
    if (cause instanceof MissingDependency) return cause
    if (cause instanceof StreamsError && MIGRATION_FAILURES.has(cause.code)) {
      return new StreamsError(
        cause.code,
        `store '${this.store}' can't read a ${what} it holds: ${cause.message}`,
        { store: this.store, topic: this.topic },
        { cause },
      )
    }
    return new StreamsError(
      'DESERIALIZATION_FAILED',
      `store '${this.store}' can't read a ${what} it holds: ${(cause as Error).message}. ` +
        `It was written with another ${what} serde, or by another kind of store under this name: use that one again, give the store a ` +
        'new name, or reset the application',
      { store: this.store, topic: this.topic },
      { cause },
    )
  }
}

const MIGRATION_FAILURES: ReadonlySet<ErrorCode> = new Set(['STATE_VERSION_UNKNOWN', 'STATE_MIGRATION_FAILED'])

// Bytes that the user can still reach are copied: changing them later must not change the store.
const own = (bytes: Buffer, source: unknown): Buffer =>
  source instanceof Uint8Array && bytes.buffer === source.buffer ? Buffer.from(bytes) : bytes
