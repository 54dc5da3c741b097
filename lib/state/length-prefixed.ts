import { utf8Text } from '../bytes/buffer-text'
import { keptHeaders, type RecordHeaders } from '../record/headers'
import type { RecordContext } from '../record/record-context'
import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../bytes/timestamped-bytes'

/*
 * Records and their contexts as bytes behind their `i32` lengths, −1 for `null`. A context is
 * `i64 timestamp ‖ i64 offset ‖ topic ‖ i32 partition ‖ i32 headers ‖ { name ‖ value }*`, as in Kafka Streams.
 */

const NULL = -1
export const INT_BYTES = 4
/** Of a context: two times, the topic's length, the partition and the number of headers. */
const CONTEXT_BYTES = 2 * TIMESTAMP_BYTES + 3 * INT_BYTES
/** Two lengths. */
const HEADER_BYTES = 2 * INT_BYTES

/** Without the length itself. */
export const lengthOf = (part: string | Buffer | null): number =>
  part === null ? 0 : typeof part === 'string' ? Buffer.byteLength(part) : part.length

export const contextLength = ({ topic, headers }: RecordContext): number => {
  let length = CONTEXT_BYTES + lengthOf(topic)
  for (const [name, value] of headers) length += HEADER_BYTES + lengthOf(name) + lengthOf(value)
  return length
}

/** A record context that outlives the record. */
export const keptContext = ({ topic, partition, offset, timestamp, headers }: RecordContext): RecordContext => ({
  topic,
  partition,
  offset,
  timestamp,
  headers: keptHeaders(headers),
})

export const sameBytes = (a: Buffer | null, b: Buffer | null): boolean =>
  a === b || (a !== null && b !== null && a.equals(b))

/** Fills a buffer of the right size. */
export class LengthPrefixedWriter {
  readonly target: Buffer
  private at = 0

  constructor(size: number) {
    this.target = Buffer.allocUnsafe(size)
  }

  int(value: number): void {
    this.target.writeInt32BE(value, this.at)
    this.at += INT_BYTES
  }

  time(value: number): void {
    // unlimited windows end with Java's largest long
    if (value === Infinity) this.target.writeBigInt64BE((1n << 63n) - 1n, this.at)
    else writeTimestamp(this.target, value, this.at)
    this.at += TIMESTAMP_BYTES
  }

  text(value: string): void {
    const length = this.target.write(value, this.at + INT_BYTES)
    this.int(length)
    this.at += length
  }

  bytes(value: Buffer | null): void {
    this.int(value === null ? NULL : value.length)
    if (value === null) return
    this.target.set(value, this.at)
    this.at += value.length
  }

  context({ timestamp, offset, topic, partition, headers }: RecordContext): void {
    this.time(timestamp)
    this.time(offset)
    this.text(topic ?? '')
    this.int(partition)
    this.int(headers.length)
    for (const [name, value] of headers) {
      this.text(name)
      this.bytes(value)
    }
  }
}

/** Reads what a `LengthPrefixedWriter` wrote. Bytes are copied, unless they are `owned`: then they are views of the source. */
export class LengthPrefixedReader {
  private at = 0

  constructor(
    private readonly source: Buffer,
    private readonly owned = false,
  ) {}

  get position(): number {
    return this.at
  }

  int(): number {
    this.at += INT_BYTES
    return this.source.readInt32BE(this.at - INT_BYTES)
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
    const start = this.pass(length)
    const bytes = this.source.subarray(start, this.at)
    return this.owned ? bytes : Buffer.from(bytes)
  }

  text(): string | null {
    const length = this.int()
    if (length === NULL) return null
    const start = this.pass(length)
    return utf8Text(this.source, start, this.at)
  }

  context(): RecordContext {
    const timestamp = this.time()
    const offset = this.time()
    const topic = this.text()
    const partition = this.int()
    const headers: [string, Buffer | null][] = []
    for (let count = this.count(); count > 0; count--) headers.push([this.name(), this.bytes()])
    return { topic, partition, offset, timestamp, headers: headers as RecordHeaders }
  }

  private count(): number {
    const count = this.int()
    if (count < 0) throw new RangeError(`${count} headers in a stored record`)
    return count
  }

  private name(): string {
    const name = this.text()
    if (name === null) throw new RangeError('a header without a name in a stored record')
    return name
  }

  /** Returns where what is passed by starts. */
  private pass(length: number): number {
    const start = this.at
    if (length < 0 || start + length > this.source.length) {
      throw new RangeError(`a length of ${length} in a stored record`)
    }
    this.at += length
    return start
  }

  end(): void {
    if (this.at !== this.source.length) throw new RangeError(`${this.source.length - this.at} bytes too many`)
  }
}
