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
import { MemoryAdmin } from './admin'
import { closedError } from './broker-error'
import type { MemoryCluster } from './cluster'
import { MemoryFetcher } from './fetcher'
import { MemoryMembership } from './membership'
import { MemoryProducer } from './producer'

/** One application's access to the cluster. Closing it closes whatever was made by it; members that have not left drop out of their groups in silence. */
export class MemoryClient implements KafkaClient {
  private readonly open = new Set<() => Promise<void>>()
  private closed = false

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly onClose: (client: MemoryClient) => void,
  ) {}

  fetcher(config: FetcherConfig): Fetcher {
    return this.track(
      (onClose) => new MemoryFetcher(this.cluster, config, onClose),
      (fetcher) => fetcher.close(),
    )
  }

  group(config: GroupConfig, listener: GroupListener): GroupMembership {
    return this.track(
      (onEnd) => new MemoryMembership(this.cluster, config, listener, onEnd),
      async (membership) => membership.abandon(),
    )
  }

  producer(config: ProducerConfig): Producer {
    return this.track(
      (onClose) => new MemoryProducer(this.cluster, config, onClose),
      (producer) => producer.close(),
    )
  }

  admin(): Admin {
    return this.track(
      (onClose) => new MemoryAdmin(this.cluster, onClose),
      (admin) => admin.close(),
    )
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    for (const close of [...this.open]) await close()
    this.onClose(this)
  }

  private track<T>(make: (onClose: () => void) => T, close: (made: T) => Promise<void>): T {
    if (this.closed) throw closedError('Kafka client')
    const closer = (): Promise<void> => close(made)
    const made = make(() => this.open.delete(closer))
    this.open.add(closer)
    return made
  }
}
