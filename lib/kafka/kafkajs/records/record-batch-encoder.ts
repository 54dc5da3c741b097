import { utf8Length, writeUtf8 } from '../../../bytes/buffer-text'
import type { Compression, Payload } from '../../port'
import { CODEC_IDS, compress } from './compression'
import { crc32c } from '../../../bytes/crc32c'
import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_AT,
  LENGTH_ENDS_AT,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
  RECORDS_AT,
  TRANSACTIONAL,
  writeInt64,
} from './record-batch'
import type { RecordHeaders } from '../../../record/headers'

export interface ProducerState {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** sequence of the batch's first record */
  readonly baseSequence: number
}

export interface FinishOptions extends Partial<ProducerState> {
  readonly transactional?: boolean
  readonly compression?: Compression
}

/** Of longer ones the bytes are counted first: a batch must not grow to three times what they take. */
const LONG_TEXT = 4096
/** Below this, a loop is faster than a call into the engine's copy. */
const COPY_BY_LOOP = 48

/**
 * Writes records into one growing record batch: their bytes are copied in, nothing is kept of them.
 * `finish` returns a view of the builder's own buffer unless it compresses, so `reset` only once those bytes are no longer needed.
 */
export class BatchBuilder {
  private buffer: Buffer
  /** Bytes of the batch as written so far, before compression. */
  sizeInBytes = RECORDS_AT
  recordCount = 0
  private baseTimestamp = 0
  private maxTimestamp = 0
  /** The texts of the last record were: then those of the next one likely are. */
  private ascii = true

  constructor(initialSize = 16_384) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(initialSize, RECORDS_AT))
  }

  reset(): void {
    this.sizeInBytes = RECORDS_AT
    this.recordCount = 0
  }

  append(key: Payload, value: Payload, timestamp: number, headers: RecordHeaders): void {
    if (this.recordCount === 0) this.baseTimestamp = this.maxTimestamp = timestamp
    else if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp
    if (!this.ascii || !this.write(key, value, timestamp, headers)) this.writeAnyText(key, value, timestamp, headers)
    this.recordCount++
  }

  /** Texts are mostly ASCII, one byte a character: false if that proves wrong. */
  private write(key: Payload, value: Payload, timestamp: number, headers: RecordHeaders): boolean {
    return this.writeRecord(key, likelyLengthOf(key), value, likelyLengthOf(value), timestamp, headers)
  }

  /** Counts the bytes of texts beforehand. */
  private writeAnyText(key: Payload, value: Payload, timestamp: number, headers: RecordHeaders): void {
    const keyLength = byteLengthOf(key)
    const valueLength = byteLengthOf(value)
    this.writeRecord(key, keyLength, value, valueLength, timestamp, headers)
    this.ascii = keyLength === lengthOf(key) && valueLength === lengthOf(value)
  }

  /** False if a text takes another number of bytes: then nothing is written. */
  private writeRecord(
    key: Payload,
    keyLength: number,
    value: Payload,
    valueLength: number,
    timestamp: number,
    headers: RecordHeaders,
  ): boolean {
    const timestampDelta = timestamp - this.baseTimestamp
    const length =
      1 +
      varlongSize(timestampDelta) +
      varintSize(this.recordCount) +
      (keyLength < 0 ? 1 : varintSize(keyLength) + keyLength) +
      (valueLength < 0 ? 1 : varintSize(valueLength) + valueLength) +
      (headers.length === 0 ? 1 : headersSize(headers))
    const start = this.sizeInBytes
    const room = length + MAX_VARINT + surplus(key, keyLength) + surplus(value, valueLength)
    if (start + room > this.buffer.length) this.grow(room)
    const { buffer } = this
    let at = writeVarint(buffer, start, length)
    buffer[at++] = 0 // attributes: none are defined
    at = writeVarlong(buffer, at, timestampDelta)
    at = writeVarint(buffer, at, this.recordCount)
    at = writePayload(buffer, at, key, keyLength)
    if (at < 0) return false
    at = writePayload(buffer, at, value, valueLength)
    if (at < 0) return false
    if (headers.length === 0) buffer[at++] = 0
    else at = writeHeaders(buffer, at, headers)
    this.sizeInBytes = at
    return true
  }

  /** Seals the batch. It keeps its content until `reset`: `finish` may be called again with other options. */
  finish({
    producerId = -1n,
    producerEpoch = -1,
    baseSequence = -1,
    transactional = false,
    compression = 'none',
  }: FinishOptions = {}): Buffer {
    const batch = compression === 'none' ? this.buffer.subarray(0, this.sizeInBytes) : this.compressed(compression)
    batch.fill(0, 0, LENGTH_AT) // base offset: the broker assigns it
    batch.writeInt32BE(batch.length - LENGTH_ENDS_AT, LENGTH_AT)
    batch.writeInt32BE(-1, LEADER_EPOCH_AT)
    batch[MAGIC_AT] = MAGIC
    batch.writeInt16BE(CODEC_IDS[compression] | (transactional ? TRANSACTIONAL : 0), ATTRIBUTES_AT)
    batch.writeInt32BE(this.recordCount - 1, LAST_OFFSET_DELTA_AT)
    writeInt64(batch, this.baseTimestamp, BASE_TIMESTAMP_AT)
    writeInt64(batch, this.maxTimestamp, MAX_TIMESTAMP_AT)
    batch.writeInt32BE(this.recordCount, RECORD_COUNT_AT)
    stampProducer(batch, { producerId, producerEpoch, baseSequence })
    return batch
  }

  private compressed(compression: Compression): Buffer {
    const records = compress(compression, this.buffer.subarray(RECORDS_AT, this.sizeInBytes))
    const batch = Buffer.allocUnsafeSlow(RECORDS_AT + records.length)
    batch.set(records, RECORDS_AT)
    return batch
  }

  private grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.sizeInBytes + bytes))
    this.buffer.copy(larger, 0, 0, this.sizeInBytes)
    this.buffer = larger
  }
}

/** Rewrites producer id, epoch, sequence and CRC of a finished batch, after the producer's epoch has changed. */
export const stampProducer = (batch: Buffer, { producerId, producerEpoch, baseSequence }: ProducerState): void => {
  batch.writeBigInt64BE(producerId, PRODUCER_ID_AT)
  batch.writeInt16BE(producerEpoch, PRODUCER_EPOCH_AT)
  batch.writeInt32BE(baseSequence, BASE_SEQUENCE_AT)
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT, batch.length), CRC_AT)
}

/** At most this many bytes does a batch of this one record take: to check it against a limit before it is appended. */
export const recordSizeBound = (key: Payload, value: Payload, headers: RecordHeaders): number =>
  sizeBound(key === null ? 0 : byteLengthOf(key), value === null ? 0 : byteLengthOf(value), headers)

/** The same without a look at texts, as if each character took the most bytes. */
export const quickSizeBound = (key: Payload, value: Payload, headers: RecordHeaders): number =>
  sizeBound(longest(key), longest(value), headers)

const sizeBound = (keyLength: number, valueLength: number, headers: RecordHeaders): number =>
  RECORDS_AT + MAX_RECORD_OVERHEAD + keyLength + valueLength + (headers.length === 0 ? 0 : headersSize(headers))

const longest = (payload: Payload): number =>
  payload === null ? 0 : typeof payload === 'string' ? 3 * payload.length : payload.length

/** In bytes if it is bytes or ASCII; −1 is null. */
const lengthOf = (payload: Payload): number => (payload === null ? -1 : payload.length)

const likelyLengthOf = (payload: Payload): number =>
  typeof payload === 'string' && payload.length > LONG_TEXT ? utf8Length(payload) : lengthOf(payload)

/** A text of unknown length needs room for the longest it could be. */
const surplus = (payload: Payload, length: number): number =>
  typeof payload === 'string' && payload.length <= LONG_TEXT ? 2 * length : 0

const byteLengthOf = (payload: Payload): number =>
  payload === null ? -1 : typeof payload === 'string' ? utf8Length(payload) : payload.length

const MAX_VARINT = 5
const MAX_VARLONG = 10
/** length, attributes, timestamp delta, offset delta, key length, value length, header count */
const MAX_RECORD_OVERHEAD = 5 * MAX_VARINT + 1 + MAX_VARLONG

/** Of a non-negative number, zigzag-encoded. */
const varintSize = (value: number): number =>
  value < 64 ? 1 : value < 8192 ? 2 : value < 1048576 ? 3 : value < 134217728 ? 4 : MAX_VARINT

/** Deltas of timestamps are fractions to the engine, which divides them slowly; up to here they are written as small integers. */
const MAX_SMALL_DELTA = 2 ** 29

const varlongSize = (value: number): number => {
  if (value >= 0 && value <= MAX_SMALL_DELTA) return varintSize(value | 0)
  let zigzag = value >= 0 ? value * 2 : -value * 2 - 1
  let size = 1
  while (zigzag >= 128) {
    size++
    zigzag = Math.floor(zigzag / 128)
  }
  return size
}

/** Of a non-negative number, or -1. */
const writeVarint = (buffer: Buffer, start: number, value: number): number => {
  let at = start
  let zigzag = (value << 1) ^ (value >> 31)
  while (zigzag & ~0x7f) {
    buffer[at++] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
  }
  buffer[at++] = zigzag
  return at
}

const writeVarlong = (buffer: Buffer, start: number, value: number): number => {
  if (value >= 0 && value <= MAX_SMALL_DELTA) return writeVarint(buffer, start, value | 0)
  // not zigzag-encoded as one number: beyond 2^52 that would not be exact
  const magnitude = value >= 0 ? value : -1 - value
  let at = start
  let bits = (magnitude % 64) * 2 + (value >= 0 ? 0 : 1)
  for (let rest = Math.floor(magnitude / 64); rest > 0; rest = Math.floor(rest / 128)) {
    buffer[at++] = bits | 0x80
    bits = rest % 128
  }
  buffer[at++] = bits
  return at
}

const NULL_LENGTH = 1 // -1, zigzag-encoded

/** −1 if it is a text of another length. */
const writePayload = (buffer: Buffer, start: number, payload: Payload, length: number): number => {
  if (typeof payload !== 'string') return writeBytes(buffer, start, payload)
  const at = writeVarint(buffer, start, length)
  return writeUtf8(buffer, payload, at) === length ? at + length : -1
}

const writeBytes = (buffer: Buffer, start: number, bytes: Uint8Array | null): number => {
  if (bytes === null) {
    buffer[start] = NULL_LENGTH
    return start + 1
  }
  const { length } = bytes
  const at = writeVarint(buffer, start, length)
  if (length < COPY_BY_LOOP) for (let i = 0; i < length; i++) buffer[at + i] = bytes[i]!
  else buffer.set(bytes, at)
  return at + length
}

const headersSize = (headers: RecordHeaders): number => {
  let size = varintSize(headers.length)
  for (const [name, value] of headers) {
    const nameLength = Buffer.byteLength(name)
    size += varintSize(nameLength) + nameLength + (value === null ? 1 : varintSize(value.length) + value.length)
  }
  return size
}

const writeHeaders = (buffer: Buffer, start: number, headers: RecordHeaders): number => {
  let at = writeVarint(buffer, start, headers.length)
  for (const [name, value] of headers) {
    at = writeVarint(buffer, at, Buffer.byteLength(name))
    at += buffer.write(name, at)
    at = writeBytes(buffer, at, value)
  }
  return at
}
