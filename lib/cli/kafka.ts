import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { KafkaConfig } from '../kafka/kafkajs'
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
  const servers = options['bootstrap-servers'] ?? io.env.KAFKA_BOOTSTRAP_SERVERS
  const brokers = servers === undefined ? (fromFile.brokers ?? ['localhost:9092']) : brokersOf(servers)
  return { clientId: 'millrace-cli', retry: { retries: RETRIES }, ...fromFile, brokers }
}

const brokersOf = (servers: string): string[] => {
  const brokers = servers
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '')
  if (brokers.length === 0) throw new UsageError('--bootstrap-servers is empty: give host:port,host:port …')
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
