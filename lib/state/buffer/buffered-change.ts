import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../record/timestamped-bytes'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'
import type { RecordContext } from '../../record/record-context'

/** A waiting update, with the record that it came from. */
export interface BufferedChange {
  readonly context: RecordContext
  /** The key's value before its first waiting update; readers of the buffer see it until then. */
  readonly prior: Buffer | null
  readonly oldValue: Buffer | null
  readonly newValue: Buffer | null
}

/** Its position in the queue, and the update itself. */
export interface BufferedEntry {
  readonly time: number
  readonly change: BufferedChange
}

/** A record context that outlives the record: header values are views of a fetch response. */
export const keptContext = ({ topic, partition, offset, timestamp, headers }: RecordContext): RecordContext => ({
  topic,
  partition,
  offset,
  timestamp,
  headers:
    headers.length === 0
      ? NO_HEADERS
      : headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value)] as const),
})

/** Kafka Streams' estimate, which bounds in bytes are measured by. */
export const sizeOf = ({ context, prior, oldValue, newValue }: BufferedChange): number => {
  let size = 8 + 8 + 4 + (context.topic?.length ?? 0)
  for (const [name, value] of context.headers) size += name.length + (value?.length ?? 0)
  size += (prior?.length ?? 0) + (newValue?.length ?? 0)
  return sameBytes(prior, oldValue) ? size : size + (oldValue?.length ?? 0)
}

const NULL = -1
const AS_PRIOR = -2

/**
 * `context ‖ prior ‖ old ‖ new ‖ i64 time`, values behind their `i32` lengths, where −1 is `null` and −2 of the old value
 * that it is the prior one: version 3 of Kafka Streams' suppression buffer. `context` is `i64 timestamp ‖ i64 offset ‖
 * topic ‖ i32 partition ‖ i32 headers ‖ { name ‖ value }*`.
 */
export const encodeEntry = ({ time, change: { context, prior, oldValue, newValue } }: BufferedEntry): Buffer => {
  const parts = new Writer()
  parts.context(context)
  parts.bytes(prior)
  if (oldValue !== null && sameBytes(prior, oldValue)) parts.int(AS_PRIOR)
  else parts.bytes(oldValue)
  parts.bytes(newValue)
  parts.time(time)
  return parts.done()
}

/** A changelog record of a buffer, which says in a header by which version it was written. */
export interface LoggedEntry {
  readonly value: Buffer
  readonly version: 0 | 1 | 2 | 3
  /** Of the changelog record itself: version 0 has no other. */
  readonly context: RecordContext
  /** The prior value of the key if it is in the buffer already: versions 0 and 1 don't have it. */
  readonly buffered?: { readonly prior: Buffer | null }
}

/** Copies: changelog records are views. */
export const decodeEntry = ({ value, version, context, buffered }: LoggedEntry): BufferedEntry => {
  switch (version) {
    case 0:
    case 1: {
      const reader = new Reader(value)
      const time = reader.time()
      const own = version === 0 ? keptContext(context) : reader.context()
      const { oldValue, newValue } = version === 0 ? reader.values() : reader.lengthAndValues()
      reader.end()
      return { time, change: { context: own, prior: buffered?.prior ?? oldValue, oldValue, newValue } }
    }
    case 2:
      // Kafka Streams 2.4.0, 2.4.1 and 2.5.0 wrote version 3 under this number
      try {
        return decodeVersion2(value)
      } catch {
        return decodeVersion3(value)
      }
    case 3:
      return decodeVersion3(value)
  }
}

const decodeVersion2 = (value: Buffer): BufferedEntry => {
  const reader = new Reader(value)
  const context = reader.context()
  const { oldValue, newValue } = reader.lengthAndValues()
  const prior = reader.bytes()
  const time = reader.time()
  reader.end()
  return { time, change: { context, prior, oldValue, newValue } }
}

const decodeVersion3 = (value: Buffer): BufferedEntry => {
  const reader = new Reader(value)
  const context = reader.context()
  const prior = reader.bytes()
  const length = reader.int()
  const oldValue = length === AS_PRIOR ? prior : reader.bytesOf(length)
  const newValue = reader.bytes()
  const time = reader.time()
  reader.end()
  return { time, change: { context, prior, oldValue, newValue } }
}

const sameBytes = (a: Buffer | null, b: Buffer | null): boolean => a === b || (a !== null && b !== null && a.equals(b))

/** Writes numbers, and bytes behind their lengths. */
export class Writer {
  private readonly parts: Buffer[] = []

  int(value: number): void {
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeInt32BE(value)
    this.parts.push(bytes)
  }

  time(value: number): void {
    const bytes = Buffer.allocUnsafe(TIMESTAMP_BYTES)
    // unlimited windows end with Java's largest long
    if (value === Infinity) bytes.writeBigInt64BE((1n << 63n) - 1n)
    else writeTimestamp(bytes, value)
    this.parts.push(bytes)
  }

  bytes(value: Buffer | null): void {
    this.int(value === null ? NULL : value.length)
    if (value !== null) this.parts.push(value)
  }

  context({ timestamp, offset, topic, partition, headers }: RecordContext): void {
    this.time(timestamp)
    this.time(offset)
    this.bytes(Buffer.from(topic ?? ''))
    this.int(partition)
    this.int(headers.length)
    for (const [name, value] of headers) {
      this.bytes(Buffer.from(name))
      this.bytes(value)
    }
  }

  done(): Buffer {
    return Buffer.concat(this.parts)
  }
}

/** Reads what a `Writer` wrote; bytes are copied. */
export class Reader {
  private at = 0

  constructor(private readonly source: Buffer) {}

  int(): number {
    this.at += 4
    return this.source.readInt32BE(this.at - 4)
  }

  time(): number {
    this.at += TIMESTAMP_BYTES
    return readTimestamp(this.source, this.at - TIMESTAMP_BYTES)
  }

  bytes(): Buffer | null {
    return this.bytesOf(this.int())
  }

  bytesOf(length: number): Buffer | null {
    if (length === NULL) return null
    const end = this.at + length
    if (length < 0 || end > this.source.length) throw new RangeError(`a length of ${length} in a buffered update`)
    const bytes = Buffer.from(this.source.subarray(this.at, end))
    this.at = end
    return bytes
  }

  context(): RecordContext {
    const timestamp = this.time()
    const offset = this.time()
    const topic = this.bytes()?.toString() ?? null
    const partition = this.int()
    const headers: [string, Buffer | null][] = []
    for (let count = this.int(); count > 0; count--) headers.push([this.bytes()!.toString(), this.bytes()])
    return { topic, partition, offset, timestamp, headers: headers as RecordHeaders }
  }

  values(): Pick<BufferedChange, 'oldValue' | 'newValue'> {
    const oldValue = this.bytes()
    return { oldValue, newValue: this.bytes() }
  }

  lengthAndValues(): Pick<BufferedChange, 'oldValue' | 'newValue'> {
    const end = this.int() + this.at
    const values = this.values()
    if (this.at !== end) throw new RangeError('two values of another length than they are said to have')
    return values
  }

  end(): void {
    if (this.at !== this.source.length) throw new RangeError(`${this.source.length - this.at} bytes too many`)
  }
}
