import type { KafkaConfig } from 'kafkajs'
import { silentLogger, type Logger } from '../../observe/logger'
import type {
  Admin,
  Fetcher,
  FetcherConfig,
  GroupConfig,
  GroupListener,
  GroupMembership,
  KafkaClient,
  Producer,
  ProducerConfig,
} from '../port'
import { KafkaAdmin } from './admin/admin'
import { type ConnectionOptions, KafkaConnection } from './connection/connection'
import { Outage } from './connection/outage'
import { loadKafkaJs } from './internals'
import { closedError } from './protocol/errors'
import { KafkaFetcher } from './fetcher/fetcher'
import { KafkaJsGroupMembership } from './group/membership'
import { KafkaJsProducer } from './producer/producer'

export type { KafkaConfig } from 'kafkajs'
export { brokerFault } from './connection/broker-address'

export interface KafkaJsClientOptions {
  /** Names the application in the broker's logs and quotas; default: the one of the `KafkaConfig`. */
  readonly clientId?: string
  readonly logger?: Logger
}

/** The port over kafkajs's connections: sockets, TLS and SASL are as `config` says. Connects when something is first sent. */
export const createKafkaJsClient = (
  config: KafkaConfig,
  { clientId, logger }: KafkaJsClientOptions = {},
): KafkaClient => {
  // not within an attempt to connect, which would be repeated
  loadKafkaJs()
  return new KafkaJsClient(clientId === undefined ? config : { ...config, clientId }, logger ?? silentLogger)
}

/** Every part has connections of its own: a request that the broker parks holds up whatever is behind it on its socket. */
class KafkaJsClient implements KafkaClient {
  /** The open ones. */
  private readonly connections = new Set<KafkaConnection>()
  /** What is done before a connection is closed, where its part has something to end. */
  private readonly farewells = new Map<KafkaConnection, () => Promise<void>>()
  private readonly outage: Outage
  private closed = false

  constructor(
    private readonly kafka: KafkaConfig,
    private readonly logger: Logger,
  ) {
    this.outage = new Outage(logger)
  }

  fetcher(config: FetcherConfig): Fetcher {
    return new KafkaFetcher(this.connect('fetcher', { requestTimeoutMs: config.requestTimeoutMs }), config)
  }

  group(config: GroupConfig, listener: GroupListener): GroupMembership {
    const join = this.connect('group')
    const heartbeat = this.connect('heartbeat')
    const offsets = this.connect('offsets')
    const membership = new KafkaJsGroupMembership({ join, heartbeat, offsets }, config, listener)
    this.farewells.set(offsets, () => membership.leave())
    return membership
  }

  producer(config: ProducerConfig): Producer {
    const { lease, requestTimeoutMs } = config
    const connection = this.connect('producer', { mayProduce: () => lease?.holds() ?? true, requestTimeoutMs })
    const producer = new KafkaJsProducer(connection, config)
    this.farewells.set(connection, () => producer.close())
    return producer
  }

  admin(): Admin {
    return new KafkaAdmin(this.connect('admin'))
  }

  async close(): Promise<void> {
    this.closed = true
    const ended = [...this.farewells.values()].map((end) => end())
    // the others give up their requests and connection attempts at once
    for (const connection of this.connections) if (!this.farewells.has(connection)) connection.close()
    await Promise.all(ended)
    for (const connection of this.connections) connection.close()
  }

  private connect(
    role: string,
    options: Pick<ConnectionOptions, 'mayProduce' | 'requestTimeoutMs'> = {},
  ): KafkaConnection {
    if (this.closed) throw closedError(`opening a ${role}`)
    const { kafka, logger, outage } = this
    const connection = new KafkaConnection({ kafka, logger, role, outage, ...options })
    this.connections.add(connection)
    connection.signal.addEventListener('abort', () => {
      this.connections.delete(connection)
      this.farewells.delete(connection)
    })
    return connection
  }
}
