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
import { KafkaConnection } from './connection/connection'
import { closedError } from './protocol/errors'
import { KafkaFetcher } from './fetcher/fetcher'
import { KafkaJsGroupMembership } from './group/membership'
import { KafkaJsProducer } from './producer/producer'

export type { KafkaConfig } from 'kafkajs'

export interface KafkaJsClientOptions {
  /** Names the application in the broker's logs and quotas; default: the one of the `KafkaConfig`. */
  readonly clientId?: string
  readonly logger?: Logger
}

/** The port over kafkajs's connections: sockets, TLS and SASL are as `config` says. Connects when something is first sent. */
export const createKafkaJsClient = (
  config: KafkaConfig,
  { clientId, logger }: KafkaJsClientOptions = {},
): KafkaClient => new KafkaJsClient(clientId === undefined ? config : { ...config, clientId }, logger ?? silentLogger)

/** Every part has connections of its own: a request that the broker parks holds up whatever is behind it on its socket. */
class KafkaJsClient implements KafkaClient {
  private readonly connections = new Set<KafkaConnection>()
  /** What has an end of its own; ending it twice does nothing. */
  private readonly endings: Array<() => Promise<void>> = []
  private closed = false

  constructor(
    private readonly kafka: KafkaConfig,
    private readonly logger: Logger,
  ) {}

  fetcher(config: FetcherConfig): Fetcher {
    return new KafkaFetcher(this.connect('fetcher'), config)
  }

  group(config: GroupConfig, listener: GroupListener): GroupMembership {
    const join = this.connect('group')
    const heartbeat = this.connect('heartbeat')
    const offsets = this.connect('offsets')
    const membership = new KafkaJsGroupMembership({ join, heartbeat, offsets }, config, listener)
    this.endings.push(() => membership.leave())
    return membership
  }

  producer(config: ProducerConfig): Producer {
    const { lease } = config
    const producer = new KafkaJsProducer(
      this.connect('producer', () => lease?.holds() ?? true),
      config,
    )
    this.endings.push(() => producer.close())
    return producer
  }

  admin(): Admin {
    return new KafkaAdmin(this.connect('admin'))
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all(this.endings.map((end) => end()))
    for (const connection of this.connections) connection.close()
  }

  private connect(role: string, mayProduce?: () => boolean): KafkaConnection {
    if (this.closed) throw closedError(`opening a ${role}`)
    const connection = new KafkaConnection({
      kafka: this.kafka,
      logger: this.logger,
      role,
      ...(mayProduce && { mayProduce }),
    })
    for (const known of this.connections) if (known.closed) this.connections.delete(known)
    this.connections.add(connection)
    return connection
  }
}
