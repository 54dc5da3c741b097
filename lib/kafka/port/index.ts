/*
 * The only Kafka surface that the runtime sees. Offsets and timestamps are JavaScript numbers (exact to 2^53).
 *
 * Two adapters implement it, `kafkajs/` and `memory/`; one contract suite, `kafkaClientContract`, runs against both.
 */

export type { Admin, GroupDescription, GroupListing, MemberDescription, TopicMetadata, TopicSpec } from './admin'
export type { KafkaClient, KafkaClientFactory, KafkaClientOptions } from './client'
export { type AclOperation, ClientError, type ClientErrorKind } from './client-error'
export type { FetchedPartition, Fetcher, FetcherConfig, Isolation, RecordCursor } from './fetcher'
export type {
  Assignment,
  CommittedOffset,
  GroupConfig,
  GroupListener,
  GroupMember,
  GroupMembership,
  GroupMetadata,
  Lease,
} from './group'
export type { AcknowledgedRun, Compression, DeliveryListener, Payload, Producer, ProducerConfig } from './producer'
