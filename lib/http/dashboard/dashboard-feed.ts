import { setTimeout as sleep } from 'node:timers/promises'
import { toJson } from '../../query/json-values'
import type { PeerOptions } from '../../query/query-types'
import { type HostInfo, hostText, sameHost } from '../../host-info'
import type { KafkaStreams } from '../../runtime/kafka-streams'
import type { InstanceObserver, InstanceState } from './instance-state'

/** What the page gets every second. */
interface DashboardEvent {
  readonly application: string
  /** The instance that sends it. */
  readonly host: string | null
  readonly stores: readonly { readonly name: string; readonly kind: string | null; readonly global: boolean }[]
  readonly instances: readonly (InstanceState | UnreachableInstance)[]
}

interface UnreachableInstance {
  readonly host: string
  readonly unreachable: string
}

/** How often the state is read. */
const PERIOD_MS = 1000
/** An instance that has not answered by then is shown as unreachable. */
const PEER_TIMEOUT_MS = 900

/**
 * The state of all instances, once a second, to everyone who has subscribed with the same rights: nothing is read while nobody has. This instance
 * asks the others, each of which answers for itself.
 */
export class DashboardFeed {
  readonly #subscribers = new Set<(event: string) => void>()
  #isPublishing = false
  /** Of the last second. */
  #latest: string | undefined

  constructor(
    private readonly streams: KafkaStreams,
    private readonly observer: InstanceObserver,
    /** How the other instances are reached; `undefined`: not at all. */
    private readonly peers: PeerOptions | undefined,
  ) {}

  get isIdle(): boolean {
    return this.#subscribers.size === 0
  }

  /** Returns what ends the subscription. */
  subscribe(listener: (event: string) => void): () => void {
    this.#subscribers.add(listener)
    if (this.#latest !== undefined) listener(this.#latest)
    if (!this.#isPublishing) void this.#publish()
    return () => void this.#subscribers.delete(listener)
  }

  async #publish(): Promise<void> {
    this.#isPublishing = true
    while (!this.isIdle) {
      const startedAt = performance.now()
      this.#latest = toJson(await this.#read())
      for (const listener of this.#subscribers) listener(this.#latest)
      await sleep(Math.max(0, PERIOD_MS - (performance.now() - startedAt)), undefined, { ref: false })
    }
    this.#isPublishing = false
    this.#latest = undefined
  }

  async #read(): Promise<DashboardEvent> {
    const { engine, applicationId } = this.streams.queries
    const { catalog, host } = engine
    const here = this.observer.state()
    const others = await Promise.all(this.#otherHosts().map((other) => this.#ask(other)))
    return {
      application: applicationId,
      host: host === undefined ? null : hostText(host),
      stores: catalog.names.map((name) => {
        const { kind, subTopology } = catalog.get(name)
        return { name, kind: kind ?? null, global: subTopology === undefined }
      }),
      instances: [here, ...others],
    }
  }

  #otherHosts(): HostInfo[] {
    const { host, isAssigned } = this.streams.queries.engine
    if (this.peers === undefined || !isAssigned) return []
    const others = this.streams.allMetadata().map((instance) => instance.host)
    return others.filter((other) => host === undefined || !sameHost(other, host))
  }

  async #ask(host: HostInfo): Promise<InstanceState | UnreachableInstance> {
    const text = hostText(host)
    try {
      const options = { timeoutMs: PEER_TIMEOUT_MS, peers: this.peers! }
      const state = await this.streams.queries.peers.json(host, '/dashboard/instance', options)
      return { ...(state as InstanceState), host: text }
    } catch (error) {
      return { host: text, unreachable: (error as Error).message }
    }
  }
}
