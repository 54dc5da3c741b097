import type { RecordContext } from '../record/record-context'
import { murmur2 } from '../bytes/murmur2'
import { readTimestamp, writeTimestamp } from '../bytes/timestamped-bytes'

/** `i32 hash of the topic ‖ i64 offset ‖ i32 number among the records that came from that offset` */
export const ORIGIN_BYTES = 16

const OFFSET_AT = 4
const NUMBER_AT = 12

/**
 * Where the records of an operator come from, in a form that its store can keep. A record that is read again, after a failure
 * under at-least-once, has the same origin: what the store knows of it may be newer than the last commit, and its output lost.
 */
export class RecordOrigins {
  private topic: string | null = null
  private topicHash = 0
  private offset = -1
  private number = 0

  /** The next record. */
  advance({ topic, offset }: RecordContext): void {
    if (offset === this.offset && topic === this.topic) {
      this.number++
      return
    }
    if (topic !== this.topic) {
      this.topic = topic
      this.topicHash = murmur2(Buffer.from(topic ?? ''))
    }
    this.offset = offset
    this.number = 0
  }

  /** Writes the current origin. */
  write(bytes: Buffer, at: number): void {
    bytes.writeInt32BE(this.topicHash, at)
    writeTimestamp(bytes, this.offset, at + OFFSET_AT)
    bytes.writeInt32BE(this.number, at + NUMBER_AT)
  }

  isOfSameTopic(bytes: Buffer, at: number): boolean {
    return bytes.readInt32BE(at) === this.topicHash
  }

  /** How the current origin compares with one of the same topic: below 0 if it comes before, 0 if it is the same. */
  compare(bytes: Buffer, at: number): number {
    return this.offset - readTimestamp(bytes, at + OFFSET_AT) || this.number - bytes.readInt32BE(at + NUMBER_AT)
  }

  /** Whether the current record was read from a topic, and so may be read again. */
  get isKnown(): boolean {
    return this.offset >= 0
  }
}
