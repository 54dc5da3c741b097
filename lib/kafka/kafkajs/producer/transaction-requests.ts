import type { CommittedOffset, GroupMetadata } from '../../port'
import { brokerError } from '../protocol/error-codes'
import { flex, rigid, type Frame, throttledErrorCode } from '../protocol/frame'
import { groupByTopic, notePartitionError, type PartitionErrors } from '../protocol/partitions'
import type { TopicPartition } from '../../../record/topic-partition'

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

export const NO_IDENTITY: ProducerIdentity = { producerId: -1n, producerEpoch: -1 }

/**
 * v3 (KIP-360): with a `current` identity the coordinator bumps that producer's epoch and refuses when a newer producer
 * has taken over; with `NO_IDENTITY` this producer is the one that takes over.
 */
export const initProducerId = (
  transactionalId: string | null,
  transactionTimeoutMs: number,
  current: ProducerIdentity,
): Frame<ProducerIdentity & { errorCode: number }> =>
  flex(
    { key: 22, version: 3, name: 'InitProducerId' },
    (writer) =>
      writer
        .compactString(transactionalId)
        .int32(transactionTimeoutMs)
        .int64(current.producerId)
        .int16(current.producerEpoch),
    (reader) => {
      reader.int32()
      return { errorCode: reader.int16(), producerId: reader.bigint64(), producerEpoch: reader.int16() }
    },
  )

export const addPartitionsToTxn = (
  transactionalId: string,
  identity: ProducerIdentity,
  partitions: readonly TopicPartition[],
): Frame<PartitionErrors> =>
  rigid(
    { key: 24, version: 1, name: 'AddPartitionsToTxn' },
    (writer) => {
      writer.string(transactionalId).int64(identity.producerId).int16(identity.producerEpoch)
      writer.array([...groupByTopic(partitions)], ([topic, list]) => {
        writer.string(topic)
        writer.array(list, ({ partition }) => writer.int32(partition))
      })
    },
    (reader) => {
      reader.int32()
      const result: PartitionErrors = { errorCode: 0, failed: undefined }
      reader.array(() => {
        const topic = reader.string()
        reader.array(() => {
          const partition = reader.int32()
          const errorCode = reader.int16()
          if (precedence(errorCode) <= precedence(result.errorCode)) return
          result.errorCode = errorCode
          result.failed = { topic, partition }
        })
      })
      return result
    },
  )

const OPERATION_NOT_ATTEMPTED = 55

/**
 * The coordinator adds all partitions or none: where one is at fault, it has not attempted the others. As in Java, an error that may pass
 * takes precedence: all of them are added again.
 */
const precedence = (errorCode: number): number => {
  if (errorCode === 0) return 0
  if (errorCode === OPERATION_NOT_ATTEMPTED) return 1
  const { kind } = brokerError(errorCode)
  return kind === 'retriable' || kind === 'unknownTopic' ? 3 : 2
}

export const addOffsetsToTxn = (
  transactionalId: string,
  identity: ProducerIdentity,
  groupId: string,
): Frame<{ errorCode: number }> =>
  rigid(
    { key: 25, version: 1, name: 'AddOffsetsToTxn' },
    (writer) => writer.string(transactionalId).int64(identity.producerId).int16(identity.producerEpoch).string(groupId),
    throttledErrorCode,
  )

export const endTxn = (
  transactionalId: string,
  identity: ProducerIdentity,
  committed: boolean,
): Frame<{ errorCode: number }> =>
  rigid(
    { key: 26, version: 1, name: 'EndTxn' },
    (writer) =>
      writer.string(transactionalId).int64(identity.producerId).int16(identity.producerEpoch).boolean(committed),
    throttledErrorCode,
  )

/** v3 (KIP-447): carries member, generation and group instance, so that the group fences a zombie. */
export const txnOffsetCommit = (
  transactionalId: string,
  identity: ProducerIdentity,
  group: GroupMetadata,
  offsets: ReadonlyArray<TopicPartition & CommittedOffset>,
): Frame<PartitionErrors> =>
  flex(
    { key: 28, version: 3, name: 'TxnOffsetCommit' },
    (writer) => {
      writer.compactString(transactionalId).compactString(group.groupId)
      writer.int64(identity.producerId).int16(identity.producerEpoch)
      writer.int32(group.generationId).compactString(group.memberId).compactString(group.groupInstanceId)
      writer.compactArray([...groupByTopic(offsets)], ([topic, list]) => {
        writer.compactString(topic)
        writer
          .compactArray(list, ({ partition, offset, leaderEpoch = -1, metadata }) =>
            writer.int32(partition).int64(offset).int32(leaderEpoch).compactString(metadata).tags(),
          )
          .tags()
      })
    },
    (reader) => {
      reader.int32()
      const result: PartitionErrors = { errorCode: 0, failed: undefined }
      reader.compactArray(() => {
        const topic = reader.compactString()
        reader.compactArray(() => {
          notePartitionError(result, topic, reader.int32(), reader.int16())
          reader.tags()
        })
        reader.tags()
      })
      return result
    },
  )
