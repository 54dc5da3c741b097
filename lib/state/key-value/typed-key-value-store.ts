import { StreamsError } from '../../errors'
import type { Serde } from '../../serdes/serde'
import { afterPrefix, byteString, bytesOf } from '../../bytes/byte-string'
import type { CachedStore } from '../cached-store'
import { ChangeLoggingStore } from '../changelog/change-logging-store'
import type { ByteScan, ByteStore } from '../state-engine'
import { OpenScans } from '../open-scans'
import type { CacheUse, ChangelogRecord, KeyValueStore, ManagedStore, ScanOptions, StateStoreContext } from '../store'
import { StoreSerdes } from '../store-serdes'
import { BoundedBytes } from './bounded-bytes'
import { CachedEntries } from './cached-entries'
import { DirectEntries } from './direct-entries'
import type { Entries } from './entries'
import { storeUnavailable, unavailableEntries } from './unavailable-entries'
import type { ValueFormat } from './value-format'
import { NO_HEADERS } from '../../record/headers'

export interface TypedKeyValueStoreOptions<K, V, S> {
  readonly name: string
  readonly persistent: boolean
  readonly cached: boolean
  readonly format: ValueFormat<V, S>
  /** Its changelog. */
  readonly changelogTopic: string | null
  /** Changes are written to the changelog, unless that is a source topic, which already has them. */
  readonly logged: boolean
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
  /** Absent: no bound. */
  readonly maxEntries?: number
}

/** Typed layer of the key-value stores, over a record cache (or none), change logging (or none) and bytes. */
export class TypedKeyValueStore<K, V, S> implements KeyValueStore<K, S>, ManagedStore, CachedStore<K, V> {
  readonly name: string
  readonly persistent: boolean
  readonly changelogTopic: string | null
  readonly copiesRestored = true
  readonly openScans = new OpenScans()
  readonly #options: TypedKeyValueStoreOptions<K, V, S>
  #entries: Entries<K, V, S>
  #serdes: StoreSerdes<K, V> | null = null
  #bytes: ByteStore | null = null

  constructor(options: TypedKeyValueStoreOptions<K, V, S>) {
    this.name = options.name
    this.persistent = options.persistent
    this.changelogTopic = options.changelogTopic
    this.#options = options
    this.#entries = unavailableEntries(this.name, 'not open yet')
  }

  init(context: StateStoreContext): void {
    const { keySerde, valueSerde, changelogTopic, logged, cached, format, maxEntries } = this.#options
    const topic = changelogTopic ?? `${context.applicationId}-${this.name}-changelog`
    const serdes = new StoreSerdes(this.name, topic, keySerde, valueSerde, context)
    this.#serdes = serdes
    this.#bytes = this.#openBytes(context)
    const bytes = new ChangeLoggingStore({
      bytes: this.#bytes,
      context,
      changelogTopic: logged ? changelogTopic : null,
      timestamped: format.timestamped,
      changes: context.changesOf?.(this.name),
    })
    this.#entries =
      cached && context.cache !== undefined
        ? new CachedEntries(serdes, format, bytes, context, context.cache, maxEntries !== undefined)
        : new DirectEntries(serdes, format, bytes)
  }

  get cacheUse(): CacheUse | undefined {
    return this.#entries.cacheUse
  }

  /** It keeps so many keys at most. */
  get maxEntries(): number | undefined {
    return this.#options.maxEntries
  }

  /** Values are stored with the event time of their last update. */
  get timestamped(): boolean {
    return this.#options.format.timestamped
  }

  restore({ key, value, timestamp }: ChangelogRecord): void {
    if (this.#bytes === null) throw storeUnavailable(this.name, 'not open yet')
    this.#bytes.restore(key, value, this.#options.format.timestamped ? timestamp : undefined)
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    const { format } = this.#options
    for await (const [key, stored] of this.#entries.scan({})) {
      yield { key, value: format.plainBytes(stored), timestamp: format.timestampOf(stored) }
    }
  }

  get(key: K): S | null {
    return this.#entries.get(key)
  }

  /** `get` from outside the task's processing. */
  peek(key: K): S | null {
    return this.#entries.peek(key)
  }

  put(key: K, value: S | null): void {
    this.#entries.put(key, value)
  }

  putIfAbsent(key: K, value: S): S | null {
    const present = this.#entries.get(key)
    if (present === null) this.#entries.put(key, value)
    return present
  }

  putAll(entries: Iterable<readonly [K, S | null]>): void {
    this.#entries.putAll([...entries])
  }

  delete(key: K): S | null {
    const present = this.#entries.get(key)
    this.#entries.put(key, null)
    return present
  }

  range(from: K | null, to: K | null, options?: ScanOptions): AsyncIterable<[K, S]> {
    return this.#scan('range', {
      ...options,
      from: from === null ? undefined : this.#keyBytes(from),
      to: to === null ? undefined : this.#keyBytes(to),
      toInclusive: true,
    })
  }

  all(options?: ScanOptions): AsyncIterable<[K, S]> {
    return this.#scan('all', { ...options })
  }

  prefixScan<P>(
    prefix: P,
    prefixSerde: { serialize(topic: string, value: P, headers: never): Buffer | null },
    options?: ScanOptions,
  ): AsyncIterable<[K, S]> {
    if (prefix === null || prefix === undefined) throw this.#noPrefix(`the prefix must not be ${prefix}`)
    if (typeof prefixSerde?.serialize !== 'function')
      throw this.#noPrefix('prefixScan needs the serde that writes its prefix, such as serdes.string()')
    const from = prefixSerde.serialize(this.#openSerdes().topic, prefix, NO_HEADERS as never) ?? Buffer.alloc(0)
    const to = afterPrefix(byteString(from))
    return this.#scan('prefix-scan', { ...options, from, to: to === undefined ? undefined : bytesOf(to) })
  }

  approximateNumEntries(): number {
    return this.#entries.approximateNumEntries()
  }

  setFlushListener(...options: Parameters<CachedStore<K, V>['setFlushListener']>): boolean {
    return this.#entries.setFlushListener(...options)
  }

  flushCache(due?: () => boolean): boolean {
    return this.#entries.flush(due)
  }

  close(): void {
    this.#entries.close()
    this.#entries = unavailableEntries(this.name, 'closed')
  }

  #openBytes(context: StateStoreContext): ByteStore {
    const { maxEntries, changelogTopic, logged, format } = this.#options
    const bytes = context.openBytes(this.name, this.persistent)
    if (maxEntries === undefined) return bytes
    // Kafka Streams does not log what timestamped stores evict: restore evicts it again
    if (!logged || changelogTopic === null || format.timestamped) return new BoundedBytes(bytes, maxEntries, () => {})
    return new BoundedBytes(bytes, maxEntries, (key) => {
      context.logChange(changelogTopic, key, null, context.recordContext.timestamp)
    })
  }

  #noPrefix(problem: string): StreamsError {
    return new StreamsError('INVALID_ARGUMENT', `store '${this.name}': ${problem}`, { store: this.name })
  }

  #keyBytes(key: K): Buffer {
    return this.#openSerdes().keyBytes(key)
  }

  #openSerdes(): StoreSerdes<K, V> {
    if (this.#serdes === null) throw storeUnavailable(this.name, 'not open yet')
    return this.#serdes
  }

  /** Fails at once, not at the first `next()`, if the store is not available. */
  #scan(operation: string, scan: ByteScan): AsyncIterable<[K, S]> {
    const serdes = this.#openSerdes()
    const { format } = this.#options
    const entries = this.#entries
    const found = entries.scan(scan)
    const isClosed = (): boolean => this.#entries !== entries
    const { name, openScans } = this
    return (async function* () {
      // what it had may be gone without a trace
      if (isClosed()) throw storeUnavailable(name, 'closed')
      const open = openScans.begin(operation)
      try {
        for await (const [key, stored] of found) {
          const value = format.value(serdes.valueOf(format.plainBytes(stored)), format.timestampOf(stored))
          yield [serdes.keyOf(key), value] as [K, S]
        }
      } finally {
        openScans.end(open)
      }
    })()
  }
}
