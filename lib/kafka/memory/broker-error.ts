import { ClientError, type ClientErrorKind } from '../port'
import type { TopicPartition } from '../../record/topic-partition'

/** The broker's error names that the in-memory cluster answers with, and what each means to a client. */
const KIND_OF = {
  UNKNOWN_TOPIC_OR_PARTITION: 'unknownTopic',
  UNKNOWN_TOPIC_ID: 'unknownTopic',
  OFFSET_OUT_OF_RANGE: 'offsetOutOfRange',
  MESSAGE_TOO_LARGE: 'invalid',
  INVALID_RECORD: 'invalid',
  INVALID_TOPIC_EXCEPTION: 'invalid',
  INVALID_PARTITIONS: 'invalid',
  INVALID_REPLICATION_FACTOR: 'invalid',
  INVALID_CONFIG: 'invalid',
  INVALID_TRANSACTION_TIMEOUT: 'invalid',
  INCONSISTENT_GROUP_PROTOCOL: 'invalid',
  NON_EMPTY_GROUP: 'invalid',
  GROUP_ID_NOT_FOUND: 'invalid',
  GROUP_SUBSCRIBED_TO_TOPIC: 'invalid',
  REBALANCE_IN_PROGRESS: 'rebalance',
  ILLEGAL_GENERATION: 'fenced',
  UNKNOWN_MEMBER_ID: 'fenced',
  FENCED_INSTANCE_ID: 'fenced',
  PRODUCER_FENCED: 'fenced',
  UNSTABLE_OFFSET_COMMIT: 'unstableOffset',
} as const satisfies Record<string, ClientErrorKind>

export type BrokerErrorCode = keyof typeof KIND_OF

export const brokerError = (code: BrokerErrorCode, message: string, partition?: TopicPartition): ClientError =>
  new ClientError(KIND_OF[code], message, code, partition)

export const unknownPartition = (topic: string, partition: number): ClientError =>
  brokerError(
    'UNKNOWN_TOPIC_OR_PARTITION',
    `The embedded Kafka has no partition ${topic}-${partition}; create the topic first`,
    {
      topic,
      partition,
    },
  )

/** Positions in a topic that was deleted mean nothing in one of the same name. */
export const otherPartition = (topic: string, partition: number): ClientError =>
  brokerError('UNKNOWN_TOPIC_ID', `${topic}-${partition} was deleted and created again`, { topic, partition })

/** What every call on a closed client answers. */
export const closedError = (what: string): ClientError =>
  new ClientError('fatal', `The ${what} is closed`, 'CLIENT_CLOSED')
