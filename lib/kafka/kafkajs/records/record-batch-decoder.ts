import { ClientError, type RecordCursor } from '../../port'
import { decompress } from './compression'
import { crc32c } from '../../../bytes/crc32c'
import { TooLarge } from '../../../bytes/too-large'
import {
  ATTRIBUTES_AT,
  BASE_TIMESTAMP_AT,
  COMPRESSION_MASK,
  CONTROL,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_AT,
  LENGTH_ENDS_AT,
  LOG_APPEND_TIME,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_ID_AT,
  readInt64,
  RECORD_COUNT_AT,
  RECORDS_AT,
  TRANSACTIONAL,
} from './record-batch'
import { NO_HEADERS, type RecordHeaders } from '../../../record/headers'

/** As the broker lists it for a fetch: from this offset on, the producer's records up to its next abort marker are aborted. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** What the headers of the batches in a fetch response tell without reading a record. */
export interface BatchSummary {
  /** After the last complete batch; `from` where there is none. */
  readonly nextOffset: number
  /** Of the leader that has written the last complete batch; −1 where there is none. */
  readonly leaderEpoch: number
  /** Bytes of the complete batches: what follows is the beginning of one that was cut off. */
  readonly completeBytes: number
  /** A bit for each codec id in use. */
  readonly codecs: number
}

export const summarizeBatches = (bytes: Buffer, from: number): BatchSummary => {
  let at = 0
  let nextOffset = from
  let leaderEpoch = -1
  let codecs = 0
  while (bytes.length - at > MAGIC_AT) {
    const end = at + LENGTH_ENDS_AT + bytes.readInt32BE(at + LENGTH_AT)
    if (end <= at + MAGIC_AT || end > bytes.length) break
    const base = readInt64(bytes, at)
    const isBatch = bytes[at + MAGIC_AT]! >= MAGIC && end - at >= RECORDS_AT
    const last = isBatch ? base + bytes.readInt32BE(at + LAST_OFFSET_DELTA_AT) : base
    if (isBatch) codecs |= 1 << (bytes.readInt16BE(at + ATTRIBUTES_AT) & COMPRESSION_MASK)
    if (last >= from) nextOffset = last + 1
    if (isBatch) leaderEpoch = bytes.readInt32BE(at + LEADER_EPOCH_AT)
    at = end
  }
  return { nextOffset, leaderEpoch, completeBytes: at, codecs }
}

export interface CursorSource {
  readonly topic: string
  readonly partition: number
  /** Record batches as fetched; the last one may be cut off. */
  readonly bytes: Buffer
  /** Records before it are passed over: a fetch answers with whole batches. */
  readonly from: number
  /** Under `read_committed`, in any order; else null. */
  readonly aborted: readonly AbortedTransaction[] | null
  /** Of a batch. */
  readonly maxDecompressedBytes: number
}

/**
 * Walks the data records of fetched batches. A batch is checked, decompressed and entered when the cursor comes to it; control batches, aborted and
 * empty ones are passed. The hot loop of reading: no object per record but the views of key and value.
 */
export class BatchCursor implements RecordCursor {
  offset = -1
  timestamp = -1
  private batchAt = 0
  /** The records of the current batch. */
  bytes: Buffer
  private at = 0
  private nextRecordAt = 0
  private left = 0
  private baseOffset = 0
  private baseTimestamp = 0
  private logAppendTime = false
  keyStart = 0
  keyLength = -1
  valueStart = 0
  valueLength = -1
  producerId = -1
  leaderEpoch = -1
  private headersAt = 0
  private readonly aborted: AbortedTransaction[]
  private nextAborted = 0
  private readonly abortedProducers = new Set<number>()

  constructor(private readonly source: CursorSource) {
    this.bytes = source.bytes
    this.aborted = source.aborted ? [...source.aborted].sort((a, b) => a.firstOffset - b.firstOffset) : []
  }

  get key(): Buffer | null {
    return this.keyLength < 0 ? null : this.bytes.subarray(this.keyStart, this.keyStart + this.keyLength)
  }

  get value(): Buffer | null {
    return this.valueLength < 0 ? null : this.bytes.subarray(this.valueStart, this.valueStart + this.valueLength)
  }

  headers(): RecordHeaders {
    const { bytes, nextRecordAt: end } = this
    this.at = this.headersAt
    const count = this.varint()
    if (count === 0) return NO_HEADERS
    // each takes two bytes at least
    if (count < 0 || count > (end - this.at) / 2) throw this.corruptHeaders()
    const headers: Array<readonly [string, Buffer | null]> = []
    for (let i = 0; i < count; i++) {
      const nameLength = this.varint()
      if (nameLength < 0 || nameLength > end - this.at) throw this.corruptHeaders()
      const name = bytes.toString('utf8', this.at, this.at + nameLength)
      this.at += nameLength
      const length = this.varint()
      if (length < NULL_LENGTH || length > end - this.at) throw this.corruptHeaders()
      headers.push([name, length < 0 ? null : bytes.subarray(this.at, this.at + length)])
      if (length > 0) this.at += length
    }
    // the last length may have been read from the next record
    if (this.at > end) throw this.corruptHeaders()
    return headers
  }

  private corruptHeaders(): ClientError {
    return this.corrupt(this.offset, 'the headers of a record overrun it')
  }

  advance(): boolean {
    for (;;) {
      while (this.left > 0) {
        this.readRecord()
        this.left--
        if (this.offset >= this.source.from) return true
      }
      if (!this.enterNextBatch()) return false
    }
  }

  private readRecord(): void {
    const { bytes } = this
    this.at = this.nextRecordAt
    const length = this.varint()
    const end = this.at + length
    this.at++ // attributes: none are defined
    const timestampDelta = this.varlong()
    this.offset = this.baseOffset + this.varint()
    this.timestamp = this.logAppendTime ? this.baseTimestamp : this.baseTimestamp + timestampDelta
    const keyLength = (this.keyLength = this.varint())
    this.keyStart = this.at
    if (keyLength > 0) this.at += keyLength
    const valueLength = (this.valueLength = this.varint())
    this.valueStart = this.at
    if (valueLength > 0) this.at += valueLength
    this.headersAt = this.at
    if (length < 0 || end > bytes.length || this.at >= end)
      throw this.corrupt(this.offset, 'a record overruns its batch')
    if (keyLength < NULL_LENGTH || valueLength < NULL_LENGTH)
      throw this.corrupt(this.offset, 'the key or value of a record has a negative length')
    this.nextRecordAt = end
  }

  /** Stops at the next batch with records to return; false at the end. */
  private enterNextBatch(): boolean {
    const { bytes, from } = this.source
    for (;;) {
      const start = this.batchAt
      if (bytes.length - start <= MAGIC_AT) return false
      const end = start + LENGTH_ENDS_AT + bytes.readInt32BE(start + LENGTH_AT)
      const base = readInt64(bytes, start)
      if (end <= start + MAGIC_AT) throw this.corrupt(base, 'the length of a batch is invalid')
      if (end > bytes.length) return false // cut off: the next fetch brings it whole
      const magic = bytes[start + MAGIC_AT]!
      if (magic !== MAGIC) throw this.unsupported(base, magic)
      if (end - start < RECORDS_AT) throw this.corrupt(base, 'the length of a batch is invalid')
      const last = base + bytes.readInt32BE(start + LAST_OFFSET_DELTA_AT)
      if (last >= from) {
        if (crc32c(bytes, start + ATTRIBUTES_AT, end) !== bytes.readUInt32BE(start + CRC_AT)) {
          throw this.corrupt(base, 'the CRC of a batch does not match', { code: 'CRC_MISMATCH' })
        }
        if (this.enterBatch(start, end, base, last)) {
          this.batchAt = end
          return true
        }
      }
      this.batchAt = end
    }
  }

  private enterBatch(start: number, end: number, base: number, last: number): boolean {
    const { bytes } = this.source
    const attributes = bytes.readInt16BE(start + ATTRIBUTES_AT)
    const count = bytes.readInt32BE(start + RECORD_COUNT_AT)
    if (this.isAborted(start, attributes, last, count)) return false
    // compaction keeps the header of a producer's last batch, without records
    if (attributes & CONTROL || count <= 0) return false
    const codec = attributes & COMPRESSION_MASK
    const records = codec === 0 ? null : this.decompressed(codec, start + RECORDS_AT, end, base)
    this.bytes = records ?? (bytes.length === end ? bytes : bytes.subarray(0, end))
    this.nextRecordAt = records ? 0 : start + RECORDS_AT
    this.left = count
    this.baseOffset = base
    this.leaderEpoch = bytes.readInt32BE(start + LEADER_EPOCH_AT)
    this.logAppendTime = (attributes & LOG_APPEND_TIME) !== 0
    this.producerId = attributes & TRANSACTIONAL ? -1 : readInt64(bytes, start + PRODUCER_ID_AT)
    this.baseTimestamp = readInt64(bytes, start + (this.logAppendTime ? MAX_TIMESTAMP_AT : BASE_TIMESTAMP_AT))
    return true
  }

  /** Also keeps account of which producers are in an aborted transaction, so every batch must pass here, in order. */
  private isAborted(start: number, attributes: number, last: number, count: number): boolean {
    const { aborted } = this
    for (let next = aborted[this.nextAborted]; next && next.firstOffset <= last; next = aborted[++this.nextAborted]) {
      this.abortedProducers.add(next.producerId)
    }
    if (this.abortedProducers.size === 0 || !(attributes & TRANSACTIONAL)) return false
    const producerId = readInt64(this.source.bytes, start + PRODUCER_ID_AT)
    if (!(attributes & CONTROL)) return this.abortedProducers.has(producerId)
    if (count > 0 && this.controlType(start + RECORDS_AT) === ABORT) this.abortedProducers.delete(producerId)
    return false
  }

  /** The key of a control record is its version (int16) and its type (int16). */
  private controlType(recordAt: number): number {
    this.bytes = this.source.bytes
    this.at = recordAt
    this.varint() // length
    this.at++ // attributes
    this.varlong()
    this.varint()
    return this.varint() >= 4 ? this.bytes.readInt16BE(this.at + 2) : -1
  }

  private decompressed(codec: number, start: number, end: number, base: number): Buffer {
    try {
      return decompress(codec, this.source.bytes.subarray(start, end), this.source.maxDecompressedBytes)
    } catch (cause) {
      if (cause instanceof TooLarge) throw this.tooLarge(base, cause)
      if (cause instanceof ClientError) throw this.unreadable(base, cause.message, cause.code!, cause)
      throw this.corrupt(base, 'the records can not be decompressed', { cause })
    }
  }

  private varint(): number {
    const { bytes } = this
    let at = this.at
    let byte = bytes[at++]!
    let zigzag = byte & 0x7f
    for (let shift = 7; byte & 0x80; shift += 7) {
      byte = bytes[at++]!
      zigzag |= (byte & 0x7f) << shift
    }
    this.at = at
    return (zigzag >>> 1) ^ -(zigzag & 1)
  }

  private varlong(): number {
    const { bytes } = this
    let at = this.at
    let byte = bytes[at++]!
    const isNegative = (byte & 1) === 1
    let magnitude = (byte & 0x7f) >>> 1
    for (let factor = 64; byte & 0x80; factor *= 128) {
      byte = bytes[at++]!
      magnitude += (byte & 0x7f) * factor
    }
    this.at = at
    return isNegative ? -1 - magnitude : magnitude
  }

  private corrupt(
    offset: number,
    what: string,
    { code = 'CORRUPT_MESSAGE', cause }: { code?: string; cause?: unknown } = {},
  ): ClientError {
    const why =
      "the bytes were damaged on the way or on the broker's disk: read them again, from another replica if that does not help"
    return this.unreadable(offset, `${what}; ${why}`, code, cause)
  }

  private tooLarge(offset: number, cause: TooLarge): ClientError {
    const what = `the records of a batch take more than ${this.source.maxDecompressedBytes} bytes when decompressed`
    return this.unreadable(
      offset,
      `${what}; if they are meant to, raise maxDecompressedBytes of the consumer`,
      'DECOMPRESSED_TOO_LARGE',
      cause,
    )
  }

  private unsupported(offset: number, magic: number): ClientError {
    return this.unreadable(
      offset,
      `message format v${magic} was replaced in Kafka 0.11 and can't be read; rewrite the topic with a newer producer`,
      'UNSUPPORTED_FOR_MESSAGE_FORMAT',
    )
  }

  private unreadable(offset: number, why: string, code: string, cause?: unknown): ClientError {
    const { topic, partition } = this.source
    const message = `reading ${topic}-${partition} at offset ${offset}: ${why}`
    return new ClientError('invalid', message, code, { topic, partition, offset }, { cause })
  }
}

const ABORT = 0
/** Of a key or value that is null. */
const NULL_LENGTH = -1
