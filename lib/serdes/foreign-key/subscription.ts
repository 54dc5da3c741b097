import type { Serde, SerdeUse } from '../serde'
import { Embedded } from './embedded'
import type { ForeignKeyBytes } from './foreign-key-bytes'
import { copyBytes } from '../../bytes/copy-bytes'
import type { RecordHeaders } from '../../record/headers'

/**
 * What the left table wants of the right one. Kafka Streams' instructions, by their numbers:
 *
 * - `unsubscribe` (`DELETE_KEY_NO_PROPAGATE`): the row has moved to another foreign key, whose side answers.
 * - `unsubscribe and answer` (`DELETE_KEY_AND_PROPAGATE`): the row, or its foreign key, is gone: answer with nothing.
 * - `answer` (`PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE`): also where there is no right row.
 * - `answer if present` (`PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE`): only where there is one.
 */
const INSTRUCTIONS = ['unsubscribe', 'unsubscribe and answer', 'answer', 'answer if present'] as const

export type Instruction = (typeof INSTRUCTIONS)[number]

/** Sent from a row of the left table to the row of the right one that it names; kept there until it is deleted. */
export interface Subscription<K> {
  readonly instruction: Instruction
  /** Of the left value, in 16 bytes; `null` if the row was deleted. It comes back with the answer. */
  readonly hash: Buffer | null
  readonly primaryKey: K
  /** Where the answer has to go. `null` in subscriptions of Kafka Streams before 3.4: by the key then. */
  readonly primaryPartition: number | null
}

/** Version and instruction. */
const HEAD_BYTES = 2
const HASH_BYTES = 16
const PARTITION_BYTES = 4
const NO_HASH = 0x80
const VERSION = 1

/** `i8 version, with the highest bit set if there is no hash ‖ i8 instruction ‖ hash? ‖ key ‖ i32 partition (from version 1 on)` */
export class SubscriptionSerde<K> implements Serde<Subscription<K>> {
  constructor(private readonly bytes: ForeignKeyBytes) {}

  prepare(): Promise<void> {
    return this.bytes.prepare()
  }

  serialize(_topic: string, { instruction, hash, primaryKey, primaryPartition }: Subscription<K>): Buffer {
    const keyAt = hash === null ? HEAD_BYTES : HEAD_BYTES + HASH_BYTES
    const version = primaryPartition === null ? 0 : VERSION
    const bytes = this.bytes.embeddedPrimaryKey(primaryKey, keyAt, version === 0 ? 0 : PARTITION_BYTES)
    bytes[0] = hash === null ? version | NO_HASH : version
    bytes[1] = INSTRUCTIONS.indexOf(instruction)
    if (hash !== null) bytes.set(hash, HEAD_BYTES)
    if (primaryPartition !== null) bytes.writeInt32BE(primaryPartition, bytes.length - PARTITION_BYTES)
    return bytes
  }

  deserialize(_topic: string, bytes: Buffer): Subscription<K> {
    return this.deserializeRange(bytes, 0, bytes.length)
  }

  deserializeRange(bytes: Buffer, from: number, to: number): Subscription<K> {
    const version = bytes[from]! & ~NO_HASH
    if (version > VERSION) throw new RangeError(`foreign-key subscriptions of version ${version} are not known`)
    const hasHash = (bytes[from]! & NO_HASH) === 0
    const start = from + (hasHash ? HEAD_BYTES + HASH_BYTES : HEAD_BYTES)
    const end = version === 0 ? to : to - PARTITION_BYTES
    if (end < start) throw new RangeError(`a foreign-key subscription is longer than ${to - from} bytes`)
    const instruction = INSTRUCTIONS[bytes[from + 1]!]
    if (instruction === undefined) throw new RangeError(`foreign-key instruction ${bytes[from + 1]} is not known`)
    return {
      instruction,
      hash: hasHash ? copyBytes(bytes, from + HEAD_BYTES, start) : null,
      primaryKey: this.bytes.readPrimaryKey(bytes, start, end) as K,
      primaryPartition: version === 0 ? null : bytes.readInt32BE(end),
    }
  }
}

/** The right row, or nothing, for one row of the left table. */
export interface SubscriptionResponse<VO> {
  /** Of the left value that it answers. */
  readonly hash: Buffer | null
  readonly foreignValue: VO | null
  /** Not part of the bytes: where they go. */
  readonly primaryPartition: number | null
}

/** The partitioner of responses without one of the user's: each returns to the partition that its row is in. */
export const toPrimaryPartition = (
  _topic: string,
  _key: unknown,
  response: SubscriptionResponse<unknown>,
): number | undefined => response.primaryPartition ?? undefined

/** `i8 version 0, with the highest bit set if there is no hash ‖ hash? ‖ value?` */
export class SubscriptionResponseSerde<VO> implements Serde<SubscriptionResponse<VO>> {
  private readonly value: Embedded<VO>

  constructor(value: Serde<VO>) {
    this.value = new Embedded(value)
  }

  async prepare(topic: string, use: SerdeUse): Promise<void> {
    await this.value.serde.prepare?.(topic, use)
  }

  serialize(topic: string, { hash, foreignValue }: SubscriptionResponse<VO>, headers: RecordHeaders): Buffer {
    const valueAt = hash === null ? 1 : 1 + HASH_BYTES
    const value = foreignValue === null ? null : this.value.serialize(topic, foreignValue, valueAt, 0, headers)
    const bytes = value ?? Buffer.allocUnsafe(valueAt)
    bytes[0] = hash === null ? NO_HASH : 0
    if (hash !== null) bytes.set(hash, 1)
    return bytes
  }

  deserialize(topic: string, bytes: Buffer, headers: RecordHeaders): SubscriptionResponse<VO> {
    return this.deserializeRange(topic, bytes, 0, bytes.length, headers)
  }

  deserializeRange(
    topic: string,
    bytes: Buffer,
    from: number,
    to: number,
    headers?: RecordHeaders,
  ): SubscriptionResponse<VO> {
    const version = bytes[from]! & ~NO_HASH
    if (version !== 0) throw new RangeError(`foreign-key responses of version ${version} are not known`)
    const hasHash = (bytes[from]! & NO_HASH) === 0
    const hashAt = from + 1
    const valueAt = hasHash ? hashAt + HASH_BYTES : hashAt
    if (to < valueAt) throw new RangeError(`a foreign-key response is longer than ${to - from} bytes`)
    return {
      hash: hasHash ? copyBytes(bytes, hashAt, valueAt) : null,
      foreignValue: to === valueAt ? null : this.value.deserialize(topic, bytes, valueAt, to, headers),
      primaryPartition: null,
    }
  }
}
