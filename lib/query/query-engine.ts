import { StreamsError } from '../errors'
import { NO_HEADERS } from '../record/headers'
import { type HostInfo, hostText, sameHost } from '../record/host-info'
import { partitionFor } from '../record/murmur2'
import { taskId } from '../record/task-id'
import { MissingDependency, prepared } from '../serdes/missing-dependency'
import type { Serde } from '../serdes/serde'
import type { StateStore } from '../state/store'
import { type ClusterMetadata } from './cluster-metadata'
import type { LocalInstance, LocalTask } from './local-tasks'
import type {
  KeyMetadataOptions,
  KeyQueryMetadata,
  PeerOptions,
  Position,
  QueryOptions,
  StreamsMetadata,
} from './query-types'
import type { CatalogStore, StoreCatalog } from './store-catalog'
import type { PointQuery, Row, ScanQuery } from './store-query'
import { readPoint, readScan, requireKind } from './store-reads'

/** `QueryOptions` with its defaults filled in. */
export interface ResolvedQueryOptions extends Omit<QueryOptions, 'timeout' | 'signal' | 'peers'> {
  readonly timeoutMs: number
  /** Of the key, where the instance that asks has determined it: only there is its partitioner known. */
  readonly partition?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly peers: PeerOptions
}

export interface PointAnswer {
  readonly rows: readonly Row[]
  readonly partition: number
  readonly position: Position
  readonly stale: boolean
  /** Null: this instance. */
  readonly host: HostInfo | null
}

/** Entries with what is known of them so far. */
export interface ScanAnswer {
  readonly rows: AsyncIterable<Row>
  readonly position: Position
  readonly stale: boolean
}

/** Reads of other instances. */
export interface RemoteStores {
  point(
    host: HostInfo,
    store: CatalogStore,
    query: PointQuery<unknown>,
    partition: number,
    options: ResolvedQueryOptions,
  ): Promise<PointAnswer>
  /** Resolves when the instance has accepted the query. */
  scan(
    host: HostInfo,
    store: CatalogStore,
    query: ScanQuery<unknown>,
    partitions: readonly number[],
    options: ResolvedQueryOptions,
  ): Promise<ScanAnswer>
}

export interface QueryEngineOptions {
  readonly catalog: StoreCatalog
  readonly instance: LocalInstance
  /** The metadata of the current assignment. */
  readonly metadata: (view: NonNullable<LocalInstance['cluster']>) => ClusterMetadata
  readonly remote: RemoteStores
}

/** A global store's. */
const EVERY_INSTANCE = -1

/**
 * Answers queries from the partitions of this instance, and asks others for theirs. An answer is that of the partition's owner, or it is an error: a
 * key that another instance has is never missing.
 */
export class QueryEngine {
  constructor(private readonly options: QueryEngineOptions) {}

  get catalog(): StoreCatalog {
    return this.options.catalog
  }

  /** `host:port` of this instance. */
  get host(): HostInfo | undefined {
    return this.options.instance.host
  }

  async point(name: string, query: PointQuery<unknown>, options: ResolvedQueryOptions): Promise<PointAnswer> {
    const store = this.catalog.get(name)
    requireKind(name, store.kind, query)
    options.signal?.throwIfAborted()
    if (store.subTopology === undefined) return this.#globalPoint(store, query)
    const partition = await prepared(() => this.#partitionOf(store, query.key, options))
    const answer = await prepared(() => this.#localPoint(store, query, partition, options))
    if (answer !== undefined) return answer
    const host = this.#otherOwner(store, partition, options)
    return this.options.remote.point(host, store, query, partition, options)
  }

  /**
   * `partitions`: of which it must have every one, or fail; default: all. Resolves when every instance concerned has accepted the query.
   */
  async scan(
    name: string,
    query: ScanQuery<unknown>,
    options: ResolvedQueryOptions,
    partitions?: readonly number[],
  ): Promise<ScanAnswer> {
    const store = this.catalog.get(name)
    requireKind(name, store.kind, query)
    options.signal?.throwIfAborted()
    if (store.subTopology === undefined) {
      return { rows: readScan(this.#globalStore(name), query, options.signal), position: {}, stale: false }
    }
    const count = this.#metadata(name).partitionsOf(store.subTopology, name)
    const asked = partitions ?? this.#partitionsToRead(store, count, options)
    const local: number[] = []
    const remote = new Map<string, { readonly host: HostInfo; readonly partitions: number[] }>()
    for (const partition of asked) {
      if (partition >= count) throw noSuchPartition(store, partition, count)
      if (this.#localStore(store, partition, options) !== undefined) {
        local.push(partition)
        continue
      }
      const host = this.#otherOwner(store, partition, options)
      const group = remote.get(hostText(host))
      if (group) group.partitions.push(partition)
      else remote.set(hostText(host), { host, partitions: [partition] })
    }
    return this.#mergedScan(store, query, options, local, [...remote.values()])
  }

  keyMetadata(
    name: string,
    key: unknown,
    serde?: Serde<unknown>,
    options: KeyMetadataOptions = {},
  ): Promise<KeyQueryMetadata> {
    return prepared(() => {
      const store = this.catalog.get(name)
      const { cluster } = this.options.instance
      const { subTopology: sub } = store
      const metadata = this.#metadata(name)
      const { generation = -1, rebalancing = true } = cluster ?? {}
      if (sub === undefined) {
        return {
          partition: EVERY_INSTANCE,
          active: this.host ?? null,
          standbys: [],
          isLocal: true,
          generation,
          rebalancing,
        }
      }
      const partition = this.#partitionOf(serde === undefined ? store : { ...store, keySerde: serde }, key, options)
      return {
        partition,
        active: metadata.active(sub, partition) ?? null,
        standbys: metadata.standbys(sub, partition),
        isLocal: this.#task(store, partition)?.state === 'running',
        generation,
        rebalancing,
      }
    })
  }

  /** Of all instances, or of those that have partitions of a store. */
  metadata(name?: string): StreamsMetadata[] {
    if (name !== undefined) this.catalog.get(name)
    const all = this.#metadata(name).all()
    if (name === undefined) return all
    return all.filter(({ stores, standbyStores }) => stores.includes(name) || standbyStores.includes(name))
  }

  // ---------------------------------------------------------------------------------------- where

  #metadata(store?: string): ClusterMetadata {
    const { instance, metadata } = this.options
    if (instance.cluster !== undefined) return metadata(instance.cluster)
    throw new StreamsError(
      'STORE_NOT_AVAILABLE',
      `it is not known which instance has what: this one is ${instance.state}, and has not been assigned anything yet. Read when it is RUNNING`,
      store === undefined ? {} : { store },
    )
  }

  #partitionOf(
    store: CatalogStore,
    key: unknown,
    { partitioner, partition: known }: KeyMetadataOptions & Pick<ResolvedQueryOptions, 'partition'>,
  ): number {
    const { name, subTopology, keySerde, topic, hasPartitioner } = store
    const count = this.#metadata(name).partitionsOf(subTopology!, name)
    if (known !== undefined) {
      if (known < count) return known
      throw noSuchPartition(store, known, count)
    }
    if (partitioner !== undefined) {
      const chosen = partitioner(topic, key, null, count)
      const [partition] = chosen === undefined ? [undefined] : typeof chosen === 'number' ? [chosen] : chosen
      if (partition !== undefined) {
        if (Number.isInteger(partition) && partition >= 0 && partition < count) return partition
        throw noSuchPartition(store, partition, count)
      }
    } else if (hasPartitioner) {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `a topic that feeds store "${name}" has a partitioner of its own: pass the same as { partitioner }, so that the key is found`,
        { store: name },
      )
    }
    return partitionFor(keyBytes(store, keySerde, key), count)
  }

  /** With `local`, those of this instance. */
  #partitionsToRead(store: CatalogStore, count: number, { local = false }: ResolvedQueryOptions): number[] {
    const all = Array.from({ length: count }, (_, partition) => partition)
    if (!local) return all
    const found = all.filter((partition) => this.#task(store, partition) !== undefined)
    if (found.length > 0) return found
    throw new StreamsError('NOT_LOCAL', `this instance has no partition of store "${store.name}" now`, {
      store: store.name,
    })
  }

  /** The instance to ask, which is not this one. */
  #otherOwner(store: CatalogStore, partition: number, { local = false }: ResolvedQueryOptions): HostInfo {
    const { name, subTopology } = store
    const { view, owner } = this.#ownerOf(store, partition)
    const location = { store: name, partition, taskId: taskId(subTopology!.id, partition) }
    if (owner === undefined) {
      throw new StreamsError(
        view.rebalancing ? 'STORE_NOT_AVAILABLE' : 'NOT_LOCAL',
        view.rebalancing
          ? `partition ${partition} of store "${name}" is being handed over from one instance to another: try again`
          : `partition ${partition} of store "${name}" is on another instance, which can't be asked: set applicationServer on every ` +
              'instance, and listen there with millrace/http',
        location,
      )
    }
    if (this.host !== undefined && sameHost(owner, this.host)) {
      throw new StreamsError(
        'STORE_NOT_AVAILABLE',
        `partition ${partition} of store "${name}" is moving to or from this instance: try again`,
        { ...location, host: hostText(owner) },
      )
    }
    if (local) {
      throw new StreamsError(
        'NOT_LOCAL',
        `partition ${partition} of store "${name}" is on ${hostText(owner)}, and only this instance was to be read`,
        { ...location, host: hostText(owner) },
      )
    }
    return owner
  }

  #ownerOf(store: CatalogStore, partition: number) {
    const metadata = this.#metadata(store.name)
    return { view: metadata.view, owner: metadata.active(store.subTopology!, partition) }
  }

  // ---------------------------------------------------------------------------------------- here

  #task({ subTopology }: CatalogStore, partition: number): LocalTask | undefined {
    return this.options.instance.task(taskId(subTopology!.id, partition))
  }

  /** `undefined` if another instance has the partition. */
  #localStore(
    store: CatalogStore,
    partition: number,
    { allowStale = false, atLeast = {} }: ResolvedQueryOptions,
  ): { readonly part: StateStore; readonly position: Position; readonly stale: boolean } | undefined {
    const task = this.#task(store, partition)
    if (task === undefined || task.state === 'closing') return undefined
    const { name } = store
    const location = { store: name, taskId: task.id, partition }
    const part = task.store(name)
    if (part === undefined) {
      throw new StreamsError(
        'STORE_NOT_AVAILABLE',
        `partition ${partition} of store "${name}" is ${task.state} on this instance: read it when the state is RUNNING`,
        location,
      )
    }
    const stale = task.state !== 'running' || !this.options.instance.holdsLease
    if (stale && !allowStale) {
      throw new StreamsError(
        'STORE_NOT_AVAILABLE',
        `this instance has lost its group, and another one may have partition ${partition} of store "${name}" by now: try again, or pass ` +
          '{ allowStale: true } to read what was here before',
        location,
      )
    }
    const position = task.position()
    for (const { topic, partition } of task.inputs) {
      const wanted = atLeast[topic]?.[partition]
      const has = position[topic]?.[partition] ?? -1
      if (wanted === undefined || has >= wanted) continue
      throw new StreamsError(
        'STORE_BEHIND',
        `store "${name}" has the records of ${topic} partition ${partition} up to offset ${has}, and ${wanted} was asked for: try again`,
        { ...location, topic, partition, offset: wanted },
      )
    }
    return { part, position, stale }
  }

  #localPoint(
    store: CatalogStore,
    query: PointQuery<unknown>,
    partition: number,
    options: ResolvedQueryOptions,
  ): PointAnswer | undefined {
    const found = this.#localStore(store, partition, options)
    if (found === undefined) return undefined
    const { part, position, stale } = found
    return { rows: readPoint(part, query), partition, position, stale, host: null }
  }

  #globalPoint(store: CatalogStore, query: PointQuery<unknown>): Promise<PointAnswer> {
    return prepared(() => ({
      rows: readPoint(this.#globalStore(store.name), query),
      partition: EVERY_INSTANCE,
      position: {},
      stale: false,
      host: null,
    }))
  }

  #globalStore(name: string): StateStore {
    const { instance } = this.options
    const store = instance.globalStore(name)
    if (store !== undefined) return store
    throw new StreamsError(
      'STORE_NOT_AVAILABLE',
      `global store "${name}" is not restored yet, or closed: this instance is ${instance.state}; read it when it is RUNNING`,
      { store: name },
    )
  }

  // ---------------------------------------------------------------------------------------- scans

  async #mergedScan(
    store: CatalogStore,
    query: ScanQuery<unknown>,
    options: ResolvedQueryOptions,
    local: readonly number[],
    remote: readonly { readonly host: HostInfo; readonly partitions: readonly number[] }[],
  ): Promise<ScanAnswer> {
    const abort = new AbortController()
    const { signal: outer } = options
    const aborted = (): void => abort.abort(outer!.reason)
    outer?.addEventListener('abort', aborted, { once: true })
    const end = (reason: unknown): void => {
      outer?.removeEventListener('abort', aborted)
      abort.abort(reason)
    }
    const scoped = { ...options, signal: abort.signal }
    let others: ScanAnswer[]
    try {
      const asking = remote.map(({ host, partitions }) =>
        this.options.remote.scan(host, store, query, partitions, scoped),
      )
      others = await Promise.all(asking)
    } catch (error) {
      end(error)
      throw error
    }
    const answer = { position: {} as Position, stale: false }
    const here = (partition: number) => this.#localScan(store, query, partition, scoped, answer)
    const rows = async function* (): AsyncGenerator<Row> {
      try {
        for (const partition of local) yield* here(partition)
        for (const other of others) {
          yield* other.rows
          answer.position = mergePositions(answer.position, other.position)
          answer.stale ||= other.stale
        }
      } finally {
        end(new Error('the scan has ended'))
      }
    }
    return {
      rows: rows(),
      get position() {
        return answer.position
      },
      get stale() {
        return answer.stale
      },
    }
  }

  async *#localScan(
    store: CatalogStore,
    query: ScanQuery<unknown>,
    partition: number,
    options: ResolvedQueryOptions,
    answer: { position: Position; stale: boolean },
  ): AsyncGenerator<Row> {
    const found = this.#localStore(store, partition, options)
    if (found === undefined) {
      throw new StreamsError(
        'STORE_NOT_AVAILABLE',
        `partition ${partition} of store "${store.name}" has moved to another instance during the scan: begin it again`,
        { store: store.name, partition },
      )
    }
    answer.position = mergePositions(answer.position, found.position)
    answer.stale ||= found.stale
    yield* readScan(found.part, query, options.signal)
  }
}

const keyBytes = ({ name, topic }: CatalogStore, serde: Serde<unknown>, key: unknown): Buffer => {
  let problem = `it is ${key}`
  if (key !== null && key !== undefined) {
    try {
      const bytes = serde.serialize(topic, key, NO_HEADERS)
      if (bytes !== null) return bytes
      problem = 'its serde returned null'
    } catch (error) {
      if (error instanceof MissingDependency) throw error
      problem = (error as Error).message
    }
  }
  throw new StreamsError('INVALID_ARGUMENT', `store "${name}" can't have this key: ${problem}`, { store: name })
}

const noSuchPartition = ({ name }: CatalogStore, partition: number, count: number): StreamsError =>
  new StreamsError(
    'INVALID_ARGUMENT',
    `store "${name}" has ${count} partitions from 0 on, and no partition ${partition}`,
    {
      store: name,
    },
  )

const mergePositions = (a: Position, b: Position): Position => {
  const merged: Record<string, Record<number, number>> = {}
  for (const position of [a, b]) {
    for (const [topic, offsets] of Object.entries(position)) merged[topic] = { ...merged[topic], ...offsets }
  }
  return merged
}
