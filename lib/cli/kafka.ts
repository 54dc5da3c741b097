import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { brokerFault, type KafkaConfig } from '../kafka/kafkajs'
import type { Admin, KafkaClient } from '../kafka/port'
import type { CommandIo } from './io'
import { unreadable } from './unreadable'
import { UsageError } from './usage-error'

/** The options of every command that talks to Kafka. */
export const KAFKA_OPTIONS = {
  'bootstrap-servers': {
    type: 'string',
    value: 'host:port,…',
    help: 'default: KAFKA_BOOTSTRAP_SERVERS, else those of the config, else localhost:9092',
  },
  config: {
    type: 'string',
    value: 'file.json',
    help: 'configuration of kafkajs: ssl, sasl, brokers …; default: MILLRACE_KAFKA_CONFIG',
  },
} as const

interface KafkaOptions {
  readonly 'bootstrap-servers': string | undefined
  readonly config: string | undefined
}

interface Connecting {
  readonly options: KafkaOptions
  readonly io: CommandIo
}

/** A person waits: give up after some seconds, where an application would keep trying. */
const RETRIES = 5

/** Connects, and closes the connection however `use` ends. */
export const withKafka = async <T>(
  { options, io }: Connecting,
  use: (admin: Admin, client: KafkaClient) => Promise<T>,
): Promise<T> => {
  const client = io.connect(await kafkaConfig(options, io))
  try {
    return await use(client.admin(), client)
  } finally {
    await client.close()
  }
}

const kafkaConfig = async (options: KafkaOptions, io: CommandIo): Promise<KafkaConfig> => {
  const file = options.config ?? io.env.MILLRACE_KAFKA_CONFIG
  const fromFile = file === undefined ? {} : await readConfig(resolve(io.cwd, file))
  const brokers = givenBrokers(options, io) ?? brokersOfFile(fromFile) ?? ['localhost:9092']
  return { clientId: 'millrace-cli', retry: { retries: RETRIES }, ...fromFile, brokers }
}

const givenBrokers = (options: KafkaOptions, io: CommandIo): string[] | undefined => {
  const option = options['bootstrap-servers']
  const servers = option ?? io.env.KAFKA_BOOTSTRAP_SERVERS
  if (servers === undefined) return undefined
  const brokers = servers
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '')
  return addresses(brokers, option === undefined ? 'KAFKA_BOOTSTRAP_SERVERS' : '--bootstrap-servers')
}

const brokersOfFile = ({ brokers }: { readonly brokers?: unknown }): string[] | undefined => {
  if (brokers === undefined) return undefined
  if (Array.isArray(brokers) && brokers.every((broker) => typeof broker === 'string')) {
    return addresses(brokers, 'brokers of --config')
  }
  throw new UsageError('brokers of --config is no list of texts: write "brokers": ["host:port"]')
}

const addresses = (brokers: string[], from: string): string[] => {
  if (brokers.length === 0) throw new UsageError(`${from} is empty: give host:port,host:port …`)
  for (const broker of brokers) {
    const fault = brokerFault(broker)
    if (fault !== undefined) throw new UsageError(`${from} has '${broker}': ${fault}`)
  }
  return brokers
}

const readConfig = async (file: string): Promise<Partial<KafkaConfig>> => {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--config: ${unreadable(file, error)}`)
  }
  try {
    const config: unknown = JSON.parse(text)
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config
  } catch {
    // the message of JSON.parse quotes the text, which has secrets
  }
  throw new UsageError(`--config ${file} is not a JSON object: { "ssl": true, "sasl": { … } }`)
}
