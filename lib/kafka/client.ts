import { StreamsError } from '../errors'
import { createKafkaJsClient, type KafkaConfig } from './kafkajs'
import type { KafkaClient, KafkaClientFactory, KafkaClientOptions } from './port'

/** How an application reaches its Kafka: kafkajs's configuration of a real cluster, an `EmbeddedKafka`, or whatever else makes a client. */
export type KafkaConnection = KafkaConfig | KafkaClientFactory

export const isKafkaConnection = (value: unknown): value is KafkaConnection => {
  if (typeof value !== 'object' || value === null) return false
  if ('client' in value) return typeof value.client === 'function'
  if (!('brokers' in value)) return false
  const { brokers } = value
  return typeof brokers === 'function' || (Array.isArray(brokers) && brokers.length > 0 && brokers.every(isBroker))
}

const isBroker = (broker: unknown): boolean => typeof broker === 'string' && broker !== ''

/** Connects with the matching adapter. `clientId` is used if the connection names none. */
export const connect = (kafka: KafkaConnection, { clientId, logger }: KafkaClientOptions): KafkaClient =>
  'client' in kafka ? made(kafka.client({ clientId, logger })) : createKafkaJsClient({ clientId, ...kafka }, { logger })

const METHODS = ['fetcher', 'group', 'producer', 'admin', 'close'] as const satisfies ReadonlyArray<keyof KafkaClient>

/** A promise is the likely mistake. */
const made = (client: Partial<KafkaClient> | undefined): KafkaClient => {
  const missing = METHODS.filter((method) => typeof client?.[method] !== 'function')
  if (missing.length === 0) return client as KafkaClient
  throw new StreamsError(
    'INVALID_CONFIG',
    `kafka.client() returned no KafkaClient, ${missing.map((method) => `${method}()`).join(', ')} missing: ` +
      'return the client itself, not a promise of it; it connects when it is first used',
  )
}
