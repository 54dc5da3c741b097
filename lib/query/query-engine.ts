import { requireArgument } from '../arguments'
import { StreamsError } from '../errors'
import { type HostInfo, hostText } from '../host-info'
import { prepared } from '../serdes/missing-dependency'
import type { Serde } from '../serdes/serde'
import type { ClusterMetadata } from './cluster-metadata'
import { LocalStores } from './local-stores'
import type { LocalInstance } from './local-tasks'
import { mergedScan } from './merged-scan'
import { KEY_METADATA_OPTIONS, type ResolvedQueryOptions } from './query-options'
import type { KeyMetadataOptions, KeyQueryMetadata, StreamsMetadata } from './query-types'
import type { PointAnswer, RemoteStores, ScanAnswer } from './remote-stores'
import type { CatalogStore, StoreCatalog } from './store-catalog'
import { noSuchPartition, StoreLocations } from './store-locations'
import type { PointQuery, ScanQuery } from './store-query'
import { readPoint, readScan, requireKind } from './store-reads'

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
  readonly catalog: StoreCatalog
  readonly #instance: LocalInstance
  readonly #remote: RemoteStores
  readonly #local: LocalStores
  readonly #locations: StoreLocations

  constructor({ catalog, instance, metadata, remote }: QueryEngineOptions) {
    this.catalog = catalog
    this.#instance = instance
    this.#remote = remote
    this.#local = new LocalStores(instance)
    this.#locations = new StoreLocations(instance, metadata)
  }

  /** `host:port` of this instance. */
  get host(): HostInfo | undefined {
    return this.#instance.host
  }

  /** It is known which instance has what. */
  get isAssigned(): boolean {
    return this.#instance.cluster !== undefined
  }

  async point(name: string, query: PointQuery<unknown>, options: ResolvedQueryOptions): Promise<PointAnswer> {
    const store = this.catalog.get(name)
    requireKind(name, store.kind, query)
    options.signal?.throwIfAborted()
    if (store.subTopology === undefined) return prepared(() => this.#globalPoint(name, query))
    const partition = await prepared(() => this.#locations.partitionOf(store, query.key, options))
    const answer = await prepared(() => this.#localPoint(store, query, partition, options))
    if (answer !== undefined) return answer
    const host = this.#locations.otherOwner(store, partition, options)
    return this.#remote.point(host, store, query, partition, options)
  }

  /** Resolves when every instance concerned has accepted the query. */
  async scan(name: string, query: ScanQuery<unknown>, options: ResolvedQueryOptions): Promise<ScanAnswer> {
    const store = this.catalog.get(name)
    requireKind(name, store.kind, query)
    options.signal?.throwIfAborted()
    if (store.subTopology === undefined) {
      return { rows: readScan(this.#local.global(name), query, options.signal), position: {}, stale: false }
    }
    const count = this.#locations.partitionCount(store)
    const asked = options.partitions ?? this.#partitionsToRead(store, count, options)
    const local: number[] = []
    const remote = new Map<string, { readonly host: HostInfo; readonly partitions: number[] }>()
    for (const partition of asked) {
      if (partition >= count) throw noSuchPartition(store, partition, count)
      if (this.#local.find(store, partition, options) !== undefined) {
        local.push(partition)
        continue
      }
      const host = this.#locations.otherOwner(store, partition, options)
      const group = remote.get(hostText(host))
      if (group) group.partitions.push(partition)
      else remote.set(hostText(host), { host, partitions: [partition] })
    }
    return mergedScan(this.#local, this.#remote, store, query, options, { local, remote: [...remote.values()] })
  }

  /**
   * The partitions whose changes this instance can give: of a key, its only one; with `local`, whatever is here. Otherwise it must have them all.
   *
   * @throws StreamsError NOT_LOCAL, STORE_NOT_AVAILABLE
   */
  partitionsHere(
    name: string,
    {
      key,
      local,
      partitions,
    }: { readonly key?: unknown; readonly local: boolean } & Pick<ResolvedQueryOptions, 'partitions'>,
  ): Promise<readonly number[]> {
    return prepared(() => {
      const store = this.catalog.get(name)
      if (store.subTopology === undefined) return []
      const isHere = (each: number): boolean => {
        const task = this.#local.task(store, each)
        return task !== undefined && task.state !== 'closing'
      }
      const all = Array.from({ length: this.#locations.partitionCount(store) }, (_, each) => each)
      const asked = key === undefined ? all : [this.#locations.partitionOf(store, key, { partitions })]
      if (key === undefined && local) return all.filter(isHere)
      const missing = asked.find((each) => !isHere(each))
      if (missing === undefined) return asked
      const host = hostText(this.#locations.otherOwner(store, missing, {}))
      throw new StreamsError(
        'NOT_LOCAL',
        `changes come from the instance that has the partition, and partition ${missing} of store "${name}" is on ${host}: ask there` +
          (key === undefined ? ', or pass local=true for the partitions of this instance' : ''),
        { store: name, partition: missing, host },
      )
    })
  }

  keyMetadata(
    name: string,
    key: unknown,
    serde?: Serde<unknown>,
    options: KeyMetadataOptions = {},
  ): Promise<KeyQueryMetadata> {
    return prepared(() => {
      requireArgument(options, KEY_METADATA_OPTIONS, 'metadataForKey()', 'options')
      const store = this.catalog.get(name)
      const { cluster } = this.#instance
      const { subTopology: sub } = store
      const metadata = this.#locations.currentMetadata(name)
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
      const partition = this.#locations.partitionOf(
        serde === undefined ? store : { ...store, keySerde: serde },
        key,
        options,
      )
      return {
        partition,
        active: metadata.active(sub, partition) ?? null,
        standbys: metadata.standbys(sub, partition),
        isLocal: this.#local.task(store, partition)?.state === 'running',
        generation,
        rebalancing,
      }
    })
  }

  /** Of all instances, or of those that have partitions of a store. */
  metadata(name?: string): StreamsMetadata[] {
    if (name !== undefined) this.catalog.get(name)
    const all = this.#locations.currentMetadata(name).all()
    if (name === undefined) return all
    return all.filter(({ stores, standbyStores }) => stores.includes(name) || standbyStores.includes(name))
  }

  /** With `local`, those of this instance. */
  #partitionsToRead(store: CatalogStore, count: number, { local = false }: ResolvedQueryOptions): number[] {
    const all = Array.from({ length: count }, (_, partition) => partition)
    if (!local) return all
    const found = all.filter((partition) => this.#local.task(store, partition) !== undefined)
    if (found.length > 0) return found
    throw new StreamsError('NOT_LOCAL', `this instance has no partition of store "${store.name}" now`, {
      store: store.name,
    })
  }

  /** `undefined` if another instance has the partition. */
  #localPoint(
    store: CatalogStore,
    query: PointQuery<unknown>,
    partition: number,
    options: ResolvedQueryOptions,
  ): PointAnswer | undefined {
    const found = this.#local.find(store, partition, options)
    if (found === undefined) return undefined
    const { position, stale } = found
    const { store: part, close } = found.open()
    try {
      return { rows: readPoint(part, query), partition, position, stale, host: null }
    } finally {
      close()
    }
  }

  #globalPoint(name: string, query: PointQuery<unknown>): PointAnswer {
    return {
      rows: readPoint(this.#local.global(name), query),
      partition: EVERY_INSTANCE,
      position: {},
      stale: false,
      host: null,
    }
  }
}
