import type { KafkaConfig } from 'kafkajs'
import type { Logger } from '../../../observe/logger'
import { LastLookupMap } from '../../../collections/last-lookup-map'
import { ClientError } from '../../port'
import { createBackoff, sleep } from './backoff'
import { BrokerLink } from './broker-link'
import { parseBroker } from './broker-address'
import { kafkaJsLogger } from './client-logging'
import { Outage } from './outage'
import { RepeatedWarnings } from './repeated-warnings'
import {
  closedError,
  DISCONNECTED,
  INVALID_RESPONSE,
  isClosed,
  isRetriable,
  LEASE_ENDED,
  throwOnCode,
  toClientError,
} from '../protocol/errors'
import type { Frame } from '../protocol/frame'
import { ResponseMemory } from '../protocol/response-memory'
import type { KafkaJsLogger } from '../internals'
import {
  findCoordinatorFrame,
  metadataFrame,
  type ClusterMetadata,
  type CoordinatorKind,
  type PartitionLeader,
  type TopicLeaders,
} from './metadata'

export interface ConnectionOptions {
  readonly kafka: KafkaConfig
  readonly logger: Logger
  /** What the sockets are for, in log lines: a request parked by the broker holds up whatever is behind it on its socket, so each role has its own. */
  readonly role: string
  /** Of a producer: asked right before each Produce request is handed to its socket. Its sockets are never closed but reset. */
  readonly mayProduce?: () => boolean
  /** Shared by the connections of a client, so that an outage is reported once. Default: its own. */
  readonly outage?: Outage
  /** Default: the one of `kafka`, or 30 s. */
  readonly requestTimeoutMs?: number | undefined
}

const DEFAULT_REQUEST_TIMEOUT_MS = 30_000
const LOOKUP_TIMEOUT_MS = 10_000
/** How long `retry` continues if the user did not set `retry.retries`. */
const RETRY_PERIOD_MS = 30_000

/**
 * The sockets of one role to all brokers of a cluster, with the metadata to find the right one. It never gives up: after any failure the
 * next request reconnects, through the other brokers or the configured ones, for as long as the connection is open.
 */
export class KafkaConnection {
  readonly requestTimeoutMs: number
  readonly backoff
  readonly memory = new ResponseMemory()
  private readonly closing = new AbortController()
  private readonly links = new Map<string, BrokerLink>()
  private readonly nodes = new Map<number, string>()
  private readonly topics = new LastLookupMap<TopicLeaders>()
  private readonly watched = new Set<string>()
  private readonly coordinators = new Map<string, number>()
  private readonly clientLogger: KafkaJsLogger
  private controllerId = -1
  private refreshing: Promise<void> | undefined
  private nextRefresh: Promise<void> | undefined
  private readonly outage: Outage
  private readonly log: RepeatedWarnings

  constructor(private readonly options: ConnectionOptions) {
    const { kafka, logger } = options
    this.requestTimeoutMs = options.requestTimeoutMs ?? kafka.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT_MS
    this.backoff = createBackoff(kafka.retry)
    this.clientLogger = kafkaJsLogger(kafka, logger)
    this.outage = options.outage ?? new Outage(logger)
    this.log = new RepeatedWarnings(logger)
  }

  get logger(): Logger {
    return this.options.logger
  }

  /** Aborted by `close`: for what waits on behalf of this connection. */
  get signal(): AbortSignal {
    return this.closing.signal
  }

  get closed(): boolean {
    return this.closing.signal.aborted
  }

  // ------------------------------------------------------------------------------------------ metadata

  /** Includes these topics in every later metadata refresh. */
  watch(topics: Iterable<string>): void {
    for (const topic of topics) this.watched.add(topic)
  }

  unwatch(topic: string): void {
    this.watched.delete(topic)
    this.topics.delete(topic)
  }

  /** As of the last refresh. */
  topic(name: string): TopicLeaders | undefined {
    return this.topics.get(name)
  }

  /** As of the last refresh; undefined while the topic, the partition or its leader isn't known. */
  leader(topic: string, partition: number): PartitionLeader | undefined {
    const leader = this.topics.get(topic)?.partitions[partition]
    return leader && leader.leader >= 0 ? leader : undefined
  }

  /**
   * One attempt over all known brokers, begun after the call: it covers every topic watched by then, and is no older than what made the
   * caller ask. Calls during an attempt share the next one.
   */
  refreshMetadata(): Promise<void> {
    if (this.nextRefresh !== undefined) return this.nextRefresh
    if (this.refreshing === undefined) return this.startRefresh()
    const start = (): Promise<void> => this.startRefresh()
    return (this.nextRefresh = this.refreshing.then(start, start))
  }

  private startRefresh(): Promise<void> {
    this.nextRefresh = undefined
    this.refreshing = this.refresh().finally(() => {
      this.refreshing = undefined
    })
    return this.refreshing
  }

  /** A snapshot of its own, not kept. `topics` null: all of the cluster. */
  async fetchMetadata(topics: readonly string[] | null): Promise<ClusterMetadata> {
    const metadata = await this.sendToAny(metadataFrame(topics))
    this.learnBrokers(metadata)
    return metadata
  }

  private async refresh(): Promise<void> {
    const metadata = await this.fetchMetadata([...this.watched])
    for (const [name, topic] of metadata.topics) if (this.watched.has(name)) this.topics.set(name, topic)
  }

  private learnBrokers({ brokers, controllerId }: ClusterMetadata): void {
    if (this.closed || brokers.length === 0) return
    this.controllerId = controllerId
    this.nodes.clear()
    for (const { nodeId, host, port } of brokers) this.nodes.set(nodeId, `${host}:${port}`)
    for (const { host, port } of brokers) this.link(host, port)
    const known = new Set(this.nodes.values())
    for (const [address, link] of this.links) {
      if (known.has(address)) continue
      this.links.delete(address)
      link.close(new ClientError('retriable', `broker ${address} is no longer part of the cluster`, DISCONNECTED))
    }
  }

  // ------------------------------------------------------------------------------------------ requests

  /** One attempt at this broker. Rejects with a `ClientError`; `retriable` also where the broker isn't known. */
  async send<T>(nodeId: number, frame: Frame<T>, timeoutMs: number = this.requestTimeoutMs): Promise<T> {
    if (this.closed) throw closedError(frame.apiName)
    const address = this.nodes.get(nodeId)
    const link = address === undefined ? undefined : this.links.get(address)
    if (!link)
      throw new ClientError('retriable', `${frame.apiName}: broker ${nodeId} is not known`, 'BROKER_NOT_AVAILABLE')
    return link.send(frame, timeoutMs)
  }

  /** Tries every known broker once, connected ones first, then the configured ones. */
  async sendToAny<T>(
    frame: Frame<T>,
    timeoutMs: number = Math.min(this.requestTimeoutMs, LOOKUP_TIMEOUT_MS),
  ): Promise<T> {
    let failure: ClientError | undefined
    const attemptedAt = performance.now()
    const tried = new Set<string>()
    for await (const link of this.candidates()) {
      tried.add(link.address)
      try {
        const response = await link.send(frame, timeoutMs)
        this.outage.reached(link.address)
        return response
      } catch (error) {
        failure = toClientError(error, frame.apiName)
        if (this.closed) throw closedError(frame.apiName)
        if (failure.kind !== 'retriable') throw failure
      }
    }
    if (this.closed) throw closedError(frame.apiName)
    // it was `disconnect` that ended the request, and says nothing about the brokers
    if (failure?.code === LEASE_ENDED) throw failure
    const security = ENDED_BY_BROKER.has(failure?.code)
      ? ', and that `kafka.ssl` and `kafka.sasl` are those of its port'
      : ''
    const error = new ClientError(
      'retriable',
      `no broker could be reached${tried.size > 1 ? ` (tried ${[...tried].join(', ')})` : ''}: ${failure?.message ?? 'none is configured'}`,
      failure?.code ?? DISCONNECTED,
      undefined,
      { nextStep: `check \`kafka.brokers\` and the network${security}` },
    )
    this.outage.unreachable(attemptedAt, error)
    throw error
  }

  async sendToController<T>(frame: Frame<T>, timeoutMs?: number): Promise<T> {
    if (!this.nodes.has(this.controllerId)) await this.fetchMetadata([])
    try {
      return await this.send(this.controllerId, frame, timeoutMs)
    } catch (error) {
      if (isRetriable(error)) this.forgetController()
      throw error
    }
  }

  forgetController(): void {
    this.controllerId = -1
  }

  /** The broker that coordinates a group or transactional id; looked up once, and again after `forgetCoordinator`. */
  async coordinator(kind: CoordinatorKind, key: string): Promise<number> {
    const known = this.coordinators.get(`${kind}:${key}`)
    if (known !== undefined && this.nodes.has(known)) return known
    const found = await this.sendToAny(findCoordinatorFrame(kind, key))
    throwOnCode(found.errorCode, `finding the coordinator of ${kind} '${key}'`)
    this.link(found.host, found.port)
    this.nodes.set(found.nodeId, `${found.host}:${found.port}`)
    this.coordinators.set(`${kind}:${key}`, found.nodeId)
    return found.nodeId
  }

  /** As last looked up. */
  knownCoordinator(kind: CoordinatorKind, key: string): number | undefined {
    return this.coordinators.get(`${kind}:${key}`)
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.coordinators.delete(`${kind}:${key}`)
  }

  /** One attempt. A lost connection, or a `ClientError` of the frame that says so, makes the next call look the coordinator up again. */
  async sendToCoordinator<T>(kind: CoordinatorKind, key: string, frame: Frame<T>, timeoutMs?: number): Promise<T> {
    const nodeId = await this.coordinator(kind, key)
    try {
      return await this.send(nodeId, frame, timeoutMs)
    } catch (error) {
      const stays = error instanceof ClientError && STAYS_WITH_COORDINATOR.has(error.code ?? '')
      if (isRetriable(error) && !stays) this.forgetCoordinator(kind, key)
      throw error
    }
  }

  /** Repeats `attempt` while it fails with `retriable`, backing off, for 30 s or as often as the user's `retry.retries` says. */
  async retry<T>(doing: string, attempt: () => Promise<T>): Promise<T> {
    const { retries } = this.options.kafka.retry ?? {}
    const start = performance.now()
    for (let count = 0; ; count++) {
      if (this.closed) throw closedError(doing)
      try {
        return await attempt()
      } catch (error) {
        const failure = toClientError(error, doing)
        const exhausted = retries === undefined ? performance.now() - start > RETRY_PERIOD_MS : count >= retries
        if (isClosed(failure) || failure.kind !== 'retriable' || exhausted) throw failure
        await this.pause(count)
      }
    }
  }

  /** Backs off before retry number `attempt`; ends at once on `close`. */
  async pause(attempt: number): Promise<void> {
    await sleep(this.backoff.delay(attempt), this.signal)
  }

  /**
   * Drops every socket, once answers that have arrived are read; what is pending then rejects with `cause`, and the next request
   * connects again.
   */
  disconnect(cause: ClientError): void {
    for (const link of this.links.values()) link.disconnect(cause)
  }

  /** Closes every socket at once; what is pending rejects with `CLIENT_CLOSED`. */
  close(): void {
    if (this.closed) return
    this.closing.abort()
    for (const link of this.links.values()) link.close(closedError(`request to broker ${link.address}`))
    this.links.clear()
    this.nodes.clear()
  }

  // ------------------------------------------------------------------------------------------ links

  private link(host: string, port: number): BrokerLink {
    const address = `${host}:${port}`
    let link = this.links.get(address)
    if (!link) {
      const { kafka, mayProduce } = this.options
      link = new BrokerLink(host, port, {
        kafka,
        logger: this.clientLogger,
        memory: this.memory,
        dropped: (cause) => this.reportDropped(address, cause),
        ...(mayProduce && { mayProduce }),
      })
      this.links.set(address, link)
    }
    return link
  }

  private async *candidates(): AsyncGenerator<BrokerLink> {
    const tried = new Set<string>()
    const known = shuffle([...this.links.values()]).sort((a, b) => Number(b.connected) - Number(a.connected))
    for (const link of known) {
      if (this.closed) return
      tried.add(link.address)
      yield link
    }
    const { brokers } = this.options.kafka
    const configured = typeof brokers === 'function' ? await brokers() : brokers
    for (const broker of shuffle([...configured])) {
      const { host, port } = parseBroker(broker)
      if (this.closed) return
      if (!tried.has(`${host}:${port}`)) yield this.link(host, port)
    }
  }

  /** Other reasons to drop a connection are reported by the failing requests. */
  private reportDropped(broker: string, cause: ClientError): void {
    if (cause.code !== INVALID_RESPONSE) return
    this.log.warn(
      broker,
      { role: this.options.role, broker, err: cause },
      'a broker answered with bytes that are no Kafka response: its connection was closed, and the requests are tried again',
    )
  }
}

/** A broker ends what comes without the TLS or SASL of its port, or with TLS to a port without, and does not say why. */
const ENDED_BY_BROKER: ReadonlySet<string | undefined> = new Set([DISCONNECTED, 'ECONNRESET', 'EPIPE'])

/** Retriable errors of the right coordinator. */
const STAYS_WITH_COORDINATOR: ReadonlySet<string> = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'CONCURRENT_TRANSACTIONS',
  'THROTTLING_QUOTA_EXCEEDED',
])

const shuffle = <T>(items: T[]): T[] => {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
  return items
}
