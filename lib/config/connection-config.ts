import { invalid, refuseUnknownKeys, shown } from './config-values'
import { isKafkaConnection, type KafkaConnection } from '../kafka/client'
import { brokerFault, type KafkaConfig } from '../kafka/kafkajs'

/** kafkajs ignores others. */
const KEYS: Readonly<Record<keyof KafkaConfig, true>> = {
  brokers: true,
  ssl: true,
  sasl: true,
  clientId: true,
  connectionTimeout: true,
  authenticationTimeout: true,
  reauthenticationThreshold: true,
  requestTimeout: true,
  enforceRequestTimeout: true,
  retry: true,
  socketFactory: true,
  logLevel: true,
  logCreator: true,
}

/** @throws StreamsError INVALID_CONFIG */
export const resolveConnection = (value: unknown): KafkaConnection => {
  if (isKafkaConnection(value)) return withAddresses(value)
  const brokers: unknown = typeof value === 'object' && value !== null && 'brokers' in value ? value.brokers : undefined
  if (typeof value === 'string') throw invalid(`kafka is ${shown(value)}: pass kafka: { brokers: ${listOf(value)} }`)
  if (typeof brokers === 'string') {
    throw invalid(`kafka.brokers is ${shown(brokers)}: pass a list, brokers: ${listOf(brokers)}`)
  }
  if (Array.isArray(brokers) && brokers.length > 0) {
    const at = brokers.findIndex((broker) => typeof broker !== 'string' || broker === '')
    throw invalid(
      `kafka.brokers[${at}] is ${shown(brokers[at])}: give host and port as text, such as 'localhost:9092'; ` +
        'if it comes from an environment variable, check that it is set',
    )
  }
  if (Array.isArray(brokers)) throw invalid("kafka.brokers is empty: name at least one, such as 'localhost:9092'")
  if (brokers === undefined && typeof value === 'object' && value !== null && !('client' in value)) {
    const keys = Object.keys(value).map(shown).join(', ')
    throw invalid(`kafka has no brokers${keys === '' ? '' : `, but ${keys}`}: pass { brokers: ['localhost:9092'] }`)
  }
  throw invalid(
    "kafka is missing: pass kafkajs's configuration such as { brokers: ['localhost:9092'] }, an EmbeddedKafka, " +
      'or { client: (options) => kafkaClient } for a client of your own',
  )
}

/** What a function gives is known when the application connects. */
const withAddresses = (connection: KafkaConnection): KafkaConnection => {
  if ('client' in connection) return connection
  const suggestions = new Map(Object.keys(KEYS).map((key) => [key, `kafka.${key}`]))
  refuseUnknownKeys({ values: connection, path: 'kafka.' }, KEYS, suggestions)
  if (typeof connection.brokers === 'function') return connection
  for (const [at, broker] of connection.brokers.entries()) {
    const fault = brokerFault(broker)
    if (fault !== undefined) throw invalid(`kafka.brokers[${at}] is ${shown(broker)}: ${fault}`)
  }
  return connection
}

/** The list that a text with one broker, or with commas between several, stands for. */
const listOf = (text: string): string => {
  const brokers = text.split(',').flatMap((broker) => broker.trim() || [])
  return `[${(brokers.length > 0 ? brokers : ['localhost:9092']).map(shown).join(', ')}]`
}
