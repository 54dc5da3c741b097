import type { Logger } from '../../observe/logger'
import type { Admin } from './admin'
import type { Fetcher, FetcherConfig } from './fetcher'
import type { GroupConfig, GroupListener, GroupMembership } from './group'
import type { Producer, ProducerConfig } from './producer'

/**
 * One application's access to Kafka. Nothing that it makes waits for another part of it (a request that the broker holds back blocks its connection), and it
 * connects when something is first sent. Failures are `ClientError`s. `kafkaClientContract` of `millrace/testing/contracts` tests what the runtime relies on.
 */
export interface KafkaClient {
  /** Reads partitions. */
  fetcher(config: FetcherConfig): Fetcher
  /** A member that has not joined yet. */
  group(config: GroupConfig, listener: GroupListener): GroupMembership
  /** Writes; to be used after `init()`. */
  producer(config: ProducerConfig): Producer
  /** Looks things up and changes them. */
  admin(): Admin
  /** Closes whatever it has made and is still open; after that it makes nothing more. */
  close(): Promise<void>
}

/** What an application tells the client that is made for it. */
export interface KafkaClientOptions {
  /** Names the application in the broker's logs and quotas. */
  readonly clientId: string
  /** The application's own. */
  readonly logger: Logger
}

/**
 * Makes the client of an application: `kafka` of `StreamsConfig`, for a client of your own.
 *
 * @example
 * const config: StreamsConfig = { applicationId: 'orders', kafka: { client: () => kafka.client() } }
 */
export interface KafkaClientFactory {
  /** Called at every start, for a client that the application closes. Connects to nothing yet. */
  client(options: KafkaClientOptions): KafkaClient
}
