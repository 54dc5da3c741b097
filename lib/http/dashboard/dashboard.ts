import type { ServerResponse } from 'node:http'
import { StreamsError } from '../../errors'
import { toJson } from '../../query/json-values'
import type { PeerOptions } from '../../query/query-types'
import type { KafkaStreams } from '../../runtime/kafka-streams'
import type { HealthOptions } from '../../runtime/health'
import { DashboardFeed } from './dashboard-feed'
import { EventStream } from './event-stream'
import { InstanceObserver } from './instance-state'

/** Pages that are open at the same time. */
const MAX_SUBSCRIBERS = 32
/** Then the browser connects again, and is authorized again. */
const SUBSCRIPTION_MS = 5 * 60_000
const PATIENCE_MS = 30_000

/** What the dashboard of an instance answers. */
export class Dashboard {
  readonly #observer: InstanceObserver
  /** By how the other instances are reached: what one client may see of them is not shown to another. */
  readonly #feeds = new Map<string, DashboardFeed>()
  /** One for each subscriber: what ends its subscription. */
  readonly #endings = new Set<() => void>()

  constructor(
    private readonly streams: KafkaStreams,
    health: HealthOptions,
  ) {
    this.#observer = new InstanceObserver(streams, health)
    streams.queries.ending.addEventListener('abort', () => this.#endings.forEach((end) => end()), { once: true })
  }

  /** The state of this instance. */
  instance(): string {
    return toJson(this.#observer.state())
  }

  /** Sends the state of all instances until the client leaves or the instance closes. */
  async sendEvents(response: ServerResponse, peers: PeerOptions | undefined, signal: AbortSignal): Promise<void> {
    if (this.#endings.size >= MAX_SUBSCRIBERS) {
      throw new StreamsError('STORE_NOT_AVAILABLE', `${MAX_SUBSCRIBERS} dashboards are open already: close one`)
    }
    const stream = new EventStream(response, PATIENCE_MS)
    const key = toJson([peers?.path, peers?.headers])
    const feed = this.#feeds.get(key) ?? new DashboardFeed(this.streams, this.#observer, peers)
    this.#feeds.set(key, feed)
    const unsubscribe = feed.subscribe((event) => stream.sendLatest(event))
    try {
      await this.#untilOver(signal)
      stream.end()
    } finally {
      unsubscribe()
      if (feed.isIdle) this.#feeds.delete(key)
    }
  }

  #untilOver(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        clearTimeout(timer)
        this.#endings.delete(over)
        signal.removeEventListener('abort', over)
        resolve()
      }
      const timer = setTimeout(over, SUBSCRIPTION_MS).unref()
      this.#endings.add(over)
      signal.addEventListener('abort', over, { once: true })
      if (signal.aborted || this.streams.queries.ending.aborted) over()
    })
  }
}
