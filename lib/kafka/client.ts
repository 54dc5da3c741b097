import type { Logger } from '../observe/logger'
import { createKafkaJsClient, type KafkaConfig } from './kafkajs'
import { EmbeddedKafka } from './memory'
import type { KafkaClient } from './port'

/** How an application reaches its Kafka: kafkajs's configuration of a real cluster, or an embedded one in memory. */
export type KafkaConnection = KafkaConfig | EmbeddedKafka

export const isKafkaConnection = (value: unknown): value is KafkaConnection =>
  value instanceof EmbeddedKafka ||
  (typeof value === 'object' &&
    value !== null &&
    'brokers' in value &&
    (typeof value.brokers === 'function' || (Array.isArray(value.brokers) && value.brokers.length > 0)))

/** Connects with the matching adapter. `clientId` is used if the connection names none. */
export const connect = (
  kafka: KafkaConnection,
  { clientId, logger }: { clientId: string; logger: Logger },
): KafkaClient =>
  kafka instanceof EmbeddedKafka ? kafka.client() : createKafkaJsClient({ clientId, ...kafka }, { logger })
