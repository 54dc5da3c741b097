import { StreamsError } from '../../errors'
import type { Serde } from '../../serdes/serde'
import { byteString } from '../../bytes/byte-string'
import type { ChangeLog } from '../changes/change-feeds'
import { storeUnavailable } from '../key-value/unavailable-entries'
import type {
  ChangelogRecord,
  ManagedStore,
  StateStoreContext,
  VersionedKeyValueStore,
  VersionedRecord,
  VersionsOptions,
} from '../store'
import { StoreSerdes } from '../store-serdes'
import { type StoredVersion, VersionSegments } from './version-segments'

export interface TypedVersionedStoreOptions<K, V> {
  readonly name: string
  readonly persistent: boolean
  readonly historyRetentionMs: number
  readonly segmentIntervalMs: number
  /** What it is restored from. */
  readonly changelogTopic: string | null
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
}

interface Opened<K, V> {
  readonly serdes: StoreSerdes<K, V>
  readonly segments: VersionSegments
  readonly context: StateStoreContext
  readonly changes: ChangeLog | undefined
}

/**
 * Typed layer of the versioned stores, over change logging and segments. Every put is logged under its own timestamp, in
 * the order in which they came, those that were too old included, as in Kafka Streams.
 */
export class TypedVersionedStore<K, V> implements VersionedKeyValueStore<K, V>, ManagedStore {
  readonly name: string
  readonly persistent: boolean
  readonly changelogTopic: string | null
  #opened: Opened<K, V> | 'not open yet' | 'closed' = 'not open yet'

  constructor(private readonly options: TypedVersionedStoreOptions<K, V>) {
    this.name = options.name
    this.persistent = options.persistent
    this.changelogTopic = options.changelogTopic
  }

  init(context: StateStoreContext): void {
    const { name, persistent, keySerde, valueSerde, changelogTopic, historyRetentionMs, segmentIntervalMs } =
      this.options
    const serdes = new StoreSerdes(
      name,
      changelogTopic ?? `${context.applicationId}-${name}-changelog`,
      keySerde,
      valueSerde,
      context,
    )
    const bytes = context.openBytes(name, persistent)
    const segments = new VersionSegments(bytes, historyRetentionMs, segmentIntervalMs)
    context.beforeSeal(() => segments.writeClock())
    this.#opened = { serdes, segments, context, changes: context.changesOf?.(name) }
  }

  restore({ key, value, timestamp }: ChangelogRecord): void {
    this.#open().segments.put(key, value, timestamp)
  }

  changelogRecords(): AsyncIterable<ChangelogRecord> {
    return this.#open().segments.puts()
  }

  get(key: K, asOf?: number): VersionedRecord<V> | null {
    const { serdes, segments } = this.#open()
    const bytes = serdes.writtenKey(key)
    return this.#record(asOf === undefined ? segments.latest(bytes) : segments.asOf(bytes, asOf))
  }

  versions(key: K, { from = -Infinity, to = Infinity, reverse = false }: VersionsOptions = {}): VersionedRecord<V>[] {
    const { serdes, segments } = this.#open()
    const found = segments.versions(serdes.keyBytes(key), from, to).map((version) => this.#record(version)!)
    return reverse ? found.reverse() : found
  }

  put(key: K, value: V | null, timestamp: number): number | undefined {
    const { serdes, segments, context, changes } = this.#open()
    if (!(Number.isSafeInteger(timestamp) && timestamp >= 0)) {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `store '${this.name}': the timestamp of a version is milliseconds since 1970, and not ${timestamp}`,
        { store: this.name },
      )
    }
    // first: writing it may lead to a read of another key
    const valueBytes = value == null ? null : serdes.writtenValue(value)
    const keyBytes = serdes.writtenKey(key)
    const validTo = segments.put(keyBytes, valueBytes, timestamp)
    if (validTo === undefined) context.dropRecord(this.name, 'it is older than the history retention of the store')
    else if (changes?.active) changes.add(keyBytes, timestamp, 0, valueBytes, timestamp)
    if (this.changelogTopic !== null) context.logChange(this.changelogTopic, keyBytes, valueBytes, timestamp)
    return validTo
  }

  delete(key: K, timestamp: number): VersionedRecord<V> | null {
    const present = this.get(key, timestamp)
    return this.put(key, null, timestamp) === undefined ? null : present
  }

  /** All keys that have a version, in no order. */
  async *keys(): AsyncGenerator<K> {
    const { serdes, segments } = this.#open()
    const seen = new Set<string>()
    for await (const key of segments.keys()) {
      const text = byteString(key)
      if (!seen.has(text)) yield serdes.keyOf(key)
      seen.add(text)
    }
  }

  /** Versioned stores are not cached. */
  flushCache(): boolean {
    return true
  }

  close(): void {
    this.#opened = 'closed'
  }

  #open(): Opened<K, V> {
    if (typeof this.#opened === 'string') throw storeUnavailable(this.name, this.#opened)
    return this.#opened
  }

  #record(version: StoredVersion | null): VersionedRecord<V> | null {
    if (version === null) return null
    const { timestamp, validTo, bytes, valueAt } = version
    return { value: this.#open().serdes.valueIn(bytes, valueAt), timestamp, validTo }
  }
}
