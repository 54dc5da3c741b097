export {
  EmbeddedKafka,
  type EmbeddedKafkaOptions,
  type EmbeddedRecord,
  type EmbeddedSerdes,
  type ReceivedRecord,
  type SubscribeOptions,
} from './embedded-kafka'
export type { CompactionOptions } from './compaction'
export type { Isolation } from '../port'
