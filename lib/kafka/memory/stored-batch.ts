import { NO_HEADERS, type RecordHeaders } from '../../record/headers'

/**
 * Records of one producer and one append, packed into one buffer: no object per stored record. Immutable but for
 * `aborted`, which turns true when the transaction ends so; compaction replaces batches instead of changing them.
 *
 * A record is a header of `RECORD_HEADER_BYTES` followed by key, value and headers:
 * offset delta (uint32), timestamp (double), key length, value length (-1: null), length of the headers (int32 each).
 */
export interface StoredBatch {
  readonly baseOffset: number
  /** Inclusive. Stays what it was when compaction takes the last record, or all of them. */
  readonly lastOffset: number
  readonly recordCount: number
  readonly bytes: Buffer
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly transactional: boolean
  /** A marker that ends a transaction: takes an offset, has no records. */
  readonly control: 'commit' | 'abort' | null
  aborted: boolean
}

/** What a batch's own header takes in Kafka's format. */
export const BATCH_OVERHEAD_BYTES = 61

const RECORD_HEADER_BYTES = 24
const TIMESTAMP = 4
const KEY_LENGTH = 12
const VALUE_LENGTH = 16
const HEADERS_LENGTH = 20

export const sizeOfBatch = (batch: StoredBatch): number => BATCH_OVERHEAD_BYTES + batch.bytes.length

/** Bytes that a record takes in a batch. */
export const sizeOfRecord = (key: Uint8Array | null, value: Uint8Array | null, headers: RecordHeaders): number =>
  RECORD_HEADER_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + sizeOfHeaders(headers)

const sizeOfHeaders = (headers: RecordHeaders): number => {
  let size = 0
  for (const [name, value] of headers) size += 8 + Buffer.byteLength(name) + (value?.length ?? 0)
  return size
}

/** Packs records; the buffer is reused from batch to batch, `take` copies out what was written. */
export class BatchBuilder {
  private buffer: Buffer
  private position = 0
  private maxTime = -1
  count = 0

  constructor(initialBytes = 0) {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes)
  }

  get size(): number {
    return this.position
  }

  append(
    offsetDelta: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers: RecordHeaders,
  ): void {
    const headerBytes = headers.length === 0 ? 0 : sizeOfHeaders(headers)
    const keyLength = key === null ? 0 : key.length
    const valueLength = value === null ? 0 : value.length
    const start = this.position
    const end = start + RECORD_HEADER_BYTES + keyLength + valueLength + headerBytes
    if (end > this.buffer.length) this.grow(end)
    const buffer = this.buffer
    buffer.writeUInt32LE(offsetDelta, start)
    buffer.writeDoubleLE(timestamp, start + TIMESTAMP)
    buffer.writeInt32LE(key === null ? -1 : keyLength, start + KEY_LENGTH)
    buffer.writeInt32LE(value === null ? -1 : valueLength, start + VALUE_LENGTH)
    buffer.writeInt32LE(headerBytes, start + HEADERS_LENGTH)
    const body = start + RECORD_HEADER_BYTES
    if (keyLength > 0) buffer.set(key!, body)
    if (valueLength > 0) buffer.set(value!, body + keyLength)
    if (headerBytes > 0) this.writeHeaders(headers, body + keyLength + valueLength)
    this.position = end
    this.count++
    if (timestamp > this.maxTime) this.maxTime = timestamp
  }

  /** The packed records, in their own buffer; resets the builder. */
  take(): { bytes: Buffer; recordCount: number; maxTimestamp: number } {
    const bytes = Buffer.allocUnsafe(this.position)
    this.buffer.copy(bytes, 0, 0, this.position)
    const taken = { bytes, recordCount: this.count, maxTimestamp: this.maxTime }
    this.clear()
    return taken
  }

  clear(): void {
    this.position = 0
    this.count = 0
    this.maxTime = -1
  }

  private writeHeaders(headers: RecordHeaders, at: number): void {
    const buffer = this.buffer
    for (const [name, value] of headers) {
      const nameLength = buffer.write(name, at + 4)
      buffer.writeInt32LE(nameLength, at)
      at += 4 + nameLength
      buffer.writeInt32LE(value === null ? -1 : value.length, at)
      at += 4
      if (value !== null) {
        buffer.set(value, at)
        at += value.length
      }
    }
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2, MIN_BYTES))
    this.buffer.copy(larger, 0, 0, this.position)
    this.buffer = larger
  }
}

/** Walks the records of one batch after the other; its fields hold until the next `advance()`. */
export class BatchReader {
  bytes: Buffer = EMPTY
  private baseOffset = 0
  private next = 0
  keyStart = 0
  keyLength = -1
  valueLength = -1
  private headersLength = 0
  offset = -1
  timestamp = -1

  start(batch: Pick<StoredBatch, 'bytes' | 'baseOffset'>): void {
    this.bytes = batch.bytes
    this.baseOffset = batch.baseOffset
    this.next = 0
  }

  advance(): boolean {
    const { bytes, next } = this
    if (next >= bytes.length) return false
    this.offset = this.baseOffset + bytes.readUInt32LE(next)
    this.timestamp = bytes.readDoubleLE(next + TIMESTAMP)
    this.keyLength = bytes.readInt32LE(next + KEY_LENGTH)
    this.valueLength = bytes.readInt32LE(next + VALUE_LENGTH)
    this.headersLength = bytes.readInt32LE(next + HEADERS_LENGTH)
    this.keyStart = next + RECORD_HEADER_BYTES
    this.next = this.headersStart() + this.headersLength
    return true
  }

  get hasKey(): boolean {
    return this.keyLength >= 0
  }

  get key(): Buffer | null {
    return this.keyLength < 0 ? null : this.bytes.subarray(this.keyStart, this.keyStart + this.keyLength)
  }

  get value(): Buffer | null {
    if (this.valueLength < 0) return null
    return this.bytes.subarray(this.valueStart, this.valueStart + this.valueLength)
  }

  get valueStart(): number {
    return this.keyStart + Math.max(this.keyLength, 0)
  }

  headers(): RecordHeaders {
    if (this.headersLength === 0) return NO_HEADERS
    const { bytes, next } = this
    const headers: [string, Buffer | null][] = []
    for (let at = this.headersStart(); at < next;) {
      const nameEnd = at + 4 + bytes.readInt32LE(at)
      const name = bytes.toString('utf8', at + 4, nameEnd)
      const valueLength = bytes.readInt32LE(nameEnd)
      const valueStart = nameEnd + 4
      at = valueStart + Math.max(valueLength, 0)
      headers.push([name, valueLength < 0 ? null : bytes.subarray(valueStart, at)])
    }
    return headers
  }

  private headersStart(): number {
    return this.valueStart + Math.max(this.valueLength, 0)
  }
}

const MIN_BYTES = 512
const EMPTY = Buffer.alloc(0)
