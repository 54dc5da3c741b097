/** Contract suites of what can be plugged into millrace: an implementation that passes them works with it. */
export type { TestFramework } from './test-framework'
export { stateEngineContract, type StateEngineSetup } from './state/state-engine-contract'
export { kafkaClientContract } from './kafka/kafka-client-contract'
export { FILLER_KEY, type KafkaClientSetup } from './kafka/kafka-client-setup'

// The port to Kafka, for who implements it.
export { ClientError } from '../../kafka/port'
export type {
  AcknowledgedRun,
  AclOperation,
  Admin,
  Assignment,
  ClientErrorKind,
  CommittedOffset,
  Compression,
  DeliveryListener,
  FetchedPartition,
  Fetcher,
  FetcherConfig,
  GroupConfig,
  GroupDescription,
  GroupListener,
  GroupListing,
  GroupMember,
  GroupMembership,
  GroupMetadata,
  Isolation,
  KafkaClient,
  KafkaClientFactory,
  KafkaClientOptions,
  Lease,
  MemberDescription,
  Payload,
  Producer,
  ProducerConfig,
  RecordCursor,
  TopicMetadata,
  TopicSpec,
} from '../../kafka/port'
export { tpKey } from '../../record/topic-partition'
