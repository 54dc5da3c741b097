import { ENDLESS_DURATION, requireArgument, SERDE } from '../arguments'
import { type Duration, toEndlessMilliseconds } from '../durations'
import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../bytes/timestamped-bytes'
import { Windowed } from '../record/windowed'
import type { Serde, SerdeUse } from './serde'
import { shortcutsOf, withShortcuts } from './shortcuts'
import { NO_HEADERS, type RecordHeaders } from '../record/headers'

/** A serde of windowed keys, over one of the keys alone. */
export abstract class WindowedSerde<K> implements Serde<Windowed<K>> {
  #lastTopic = ''
  #lastKey: K | undefined
  #lastBytes: Buffer | null = null

  constructor(
    readonly inner: Serde<K>,
    /** Of what follows the key. */
    private readonly suffixBytes: number,
  ) {
    // a text has bytes, whatever the headers
    if (shortcutsOf(inner).toText !== undefined) withShortcuts(this, { newWriter: () => this.newWriter() })
  }

  serialize(topic: string, windowed: Windowed<K>, headers: RecordHeaders): Buffer | null {
    requireWindowed(windowed)
    const key = this.keyBytes(topic, windowed.key, headers)
    return key === null ? null : this.join(key, windowed, Buffer.allocUnsafe(key.length + this.suffixBytes))
  }

  /** The bytes of a key without its window, to be copied: the windows of a key mostly follow each other. */
  keyBytes(topic: string, key: K, headers: RecordHeaders): Buffer | null {
    if (typeof key !== 'string' || headers.length > 0) return this.inner.serialize(topic, key, headers)
    if (key !== this.#lastKey || topic !== this.#lastTopic) {
      this.#lastBytes = this.inner.serialize(topic, key, headers)
      this.#lastKey = key
      this.#lastTopic = topic
    }
    return this.#lastBytes
  }

  abstract deserialize(topic: string, bytes: Buffer, headers: RecordHeaders): Windowed<K>

  async prepare(topic: string, use: SerdeUse): Promise<void> {
    await this.inner.prepare?.(topic, use)
  }

  /** `target` has just the length that is needed. */
  protected abstract join(key: Buffer, windowed: Windowed<K>, target: Buffer): Buffer

  private newWriter(): (topic: string, windowed: unknown) => Buffer {
    let target = Buffer.alloc(0)
    return (topic, windowed) => {
      requireWindowed(windowed)
      const key = this.keyBytes(topic, windowed.key as K, NO_HEADERS)!
      const length = key.length + this.suffixBytes
      if (target.length !== length) target = Buffer.allocUnsafe(length)
      return this.join(key, windowed as Windowed<K>, target)
    }
  }
}

function requireWindowed(windowed: unknown): asserts windowed is Windowed<unknown> {
  if (windowed instanceof Windowed) return
  throw new TypeError(
    `a windowed serde writes keys of windowed tables, and got ${describe(windowed)}: make one by new Windowed(key, { start, end })`,
  )
}

/** `key ‖ i64 start` */
export class TimeWindowedSerde<K> extends WindowedSerde<K> {
  /** `sizeMs` may be infinite: of unlimited windows. */
  constructor(
    inner: Serde<K>,
    readonly sizeMs: number,
  ) {
    super(inner, TIMESTAMP_BYTES)
  }

  deserialize(topic: string, bytes: Buffer, headers: RecordHeaders): Windowed<K> {
    const end = endOfKey(bytes, TIMESTAMP_BYTES, 'a key with the start of its window')
    const start = readTimestamp(bytes, end)
    const key = this.inner.deserialize(topic, bytes.subarray(0, end), headers)
    return new Windowed(key, { start, end: start + this.sizeMs })
  }

  protected join(key: Buffer, { window }: Windowed<K>, target: Buffer): Buffer {
    target.set(key, 0)
    writeTimestamp(target, window.start, key.length)
    return target
  }
}

/** `key ‖ i64 end ‖ i64 start` */
export class SessionWindowedSerde<K> extends WindowedSerde<K> {
  constructor(inner: Serde<K>) {
    super(inner, 2 * TIMESTAMP_BYTES)
  }

  deserialize(topic: string, bytes: Buffer, headers: RecordHeaders): Windowed<K> {
    const end = endOfKey(bytes, 2 * TIMESTAMP_BYTES, 'a key with the end and start of its session')
    const key = this.inner.deserialize(topic, bytes.subarray(0, end), headers)
    return new Windowed(key, { start: readTimestamp(bytes, end + TIMESTAMP_BYTES), end: readTimestamp(bytes, end) })
  }

  protected join(key: Buffer, { window }: Windowed<K>, target: Buffer): Buffer {
    target.set(key, 0)
    writeTimestamp(target, window.end, key.length)
    writeTimestamp(target, window.start, key.length + TIMESTAMP_BYTES)
    return target
  }
}

const endOfKey = (bytes: Buffer, suffix: number, what: string): number => {
  if (bytes.length >= suffix) return bytes.length - suffix
  throw new RangeError(`${what} is ${suffix} bytes or more, got ${bytes.length}`)
}

const describe = (value: unknown): string =>
  typeof value === 'object' ? 'another object' : `the ${typeof value} ${String(value)}`

/**
 * Keys of tumbling, hopping and sliding windows, in Kafka Streams' bytes: only the start is written, so reading them
 * takes the windows' size (of sliding ones the time difference, of unlimited ones `Infinity`).
 *
 * @example
 * perHour.toStream().to('per-hour', { key: serdes.timeWindowed(serdes.string(), '1h'), value: serdes.long() })
 */
export const timeWindowed = <K>(inner: Serde<K>, size: Duration): Serde<Windowed<K>> => {
  requireArgument(inner, SERDE, 'serdes.timeWindowed', 'inner')
  requireArgument(size, ENDLESS_DURATION, 'serdes.timeWindowed', 'size')
  return new TimeWindowedSerde(inner, toEndlessMilliseconds(size, 'size'))
}

/**
 * Keys of session windows, in Kafka Streams' bytes.
 *
 * @example
 * visits.toStream().to('visits', { key: serdes.sessionWindowed(serdes.string()), value: serdes.long() })
 */
export const sessionWindowed = <K>(inner: Serde<K>): Serde<Windowed<K>> => {
  requireArgument(inner, SERDE, 'serdes.sessionWindowed', 'inner')
  return new SessionWindowedSerde(inner)
}
