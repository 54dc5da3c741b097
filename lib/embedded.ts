/** A Kafka in memory, for quick starts, demos and tests. */
export {
  type CompactionOptions,
  EmbeddedKafka,
  type EmbeddedKafkaOptions,
  type EmbeddedRecord,
  type EmbeddedSerdes,
  type Isolation,
  type ReceivedRecord,
  type SubscribeOptions,
} from './kafka/memory'
