import { NO_HEADERS } from '../../record/headers'
import { contextWith } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'
import { type AppDefaults, keySerdeOf } from '../../serdes/open-serde'
import type { Serde } from '../../serdes/serde'
import type { KeyValueStore, ScanOptions } from '../store'
import { ExpiryIndex } from './expiry-index'
import { LastUses } from './last-uses'
import type { ResolvedExpiry } from './store-expiry'

/** How many rows expire with a record: more than a record adds. */
export const ROWS_WITH_A_RECORD = 64
/** With an advance of stream time that no record brings. */
export const ROWS_AT_ONCE = 4096

/** What it needs of the task that owns the store. */
export interface ExpiringTask extends AppDefaults {
  readonly streamTime: number
  recordContext: RecordContext
}

export interface ExpiringStoreOptions<K, V> extends ResolvedExpiry {
  readonly rows: KeyValueStore<K, V>
  readonly index: KeyValueStore<Buffer, Buffer>
  readonly keySerde: Serde<K> | undefined
  /** What the key's serde is told. */
  readonly topic: string
  readonly task: ExpiringTask
}

/**
 * A store as its processors see it whose rows expire when stream time is a while past their last use. What is due is not found any
 * more, even where it is still to be deleted.
 */
export class ExpiringStore<K, V> implements KeyValueStore<K, V> {
  readonly #options: ExpiringStoreOptions<K, V>
  readonly #rows: KeyValueStore<K, V>
  readonly #keySerde: Serde<K>
  readonly #task: ExpiringTask
  #index: ExpiryIndex | undefined
  #uses: LastUses | undefined

  constructor(options: ExpiringStoreOptions<K, V>) {
    this.#options = options
    this.#rows = options.rows
    this.#task = options.task
    this.#keySerde = keySerdeOf(options.keySerde, options.task)
  }

  /** The stores are restored. */
  open(): void {
    const { index, afterMs } = this.#options
    this.#index = new ExpiryIndex(index, afterMs, this.#task.streamTime)
    this.#uses = new LastUses(index, this.#index)
  }

  get name(): string {
    return this.#rows.name
  }

  get persistent(): boolean {
    return this.#rows.persistent
  }

  get(key: K): V | null {
    const value = this.#rows.get(key)
    if (value === null) return null
    if (!this.#options.onAccess) return this.#isDue(key) ? null : value
    const bytes = this.#bytesOf(key)
    const uses = this.#uses!
    const last = uses.get(bytes)
    if (this.#isPast(last)) return null
    uses.use(bytes, last, this.#task.streamTime)
    return value
  }

  put(key: K, value: V | null): void {
    this.#rows.put(key, value)
    this.#written(key, value)
  }

  #written(key: K, value: V | null): void {
    // its last use stays until it is due, so that a key that is deleted and written over and over is indexed once a bucket
    if (value === null) return
    const bytes = this.#bytesOf(key)
    const uses = this.#uses!
    uses.use(bytes, uses.get(bytes), this.#task.streamTime)
  }

  putIfAbsent(key: K, value: V): V | null {
    const present = this.get(key)
    if (present === null) this.put(key, value)
    return present
  }

  putAll(entries: Iterable<readonly [K, V | null]>): void {
    const all = [...entries]
    this.#rows.putAll(all)
    for (const [key, value] of all) this.#written(key, value)
  }

  delete(key: K): V | null {
    const present = this.#isDue(key) ? null : this.#rows.get(key)
    this.put(key, null)
    return present
  }

  range(from: K | null, to: K | null, options?: ScanOptions): AsyncIterable<[K, V]> {
    return this.#notDue(this.#rows.range(from, to, options))
  }

  all(options?: ScanOptions): AsyncIterable<[K, V]> {
    return this.#notDue(this.#rows.all(options))
  }

  prefixScan<P>(
    prefix: P,
    prefixSerde: { serialize(topic: string, value: P, headers: never): Buffer | null },
    options?: ScanOptions,
  ): AsyncIterable<[K, V]> {
    return this.#notDue(this.#rows.prefixScan(prefix, prefixSerde, options))
  }

  approximateNumEntries(): number {
    return this.#rows.approximateNumEntries()
  }

  /** Deletes up to so many rows that are due. */
  deleteDue(limit: number): void {
    const index = this.#index!
    const uses = this.#uses!
    const { streamTime } = this.#task
    for (let i = 0; i < limit; i++) {
      const due = index.takeDue(streamTime)
      if (due === undefined) return
      const { key, bucket } = due
      const last = uses.get(key)
      // it was used since, or has expired
      if (last === undefined || last >= bucket.start + bucket.ms) continue
      // it was written before the first record, which brought the time
      if (last < 0) uses.use(key, last, streamTime)
      else if (this.#isPast(last)) this.#expire(key, index.expiresAt(last))
      // it was indexed with a ttl that was shorter
      else index.add(last, key)
    }
  }

  #expire(bytes: Buffer, time: number): void {
    const task = this.#task
    const current = task.recordContext
    task.recordContext = contextWith(current, time, NO_HEADERS)
    this.#rows.put(this.#keySerde.deserialize(this.#options.topic, bytes, NO_HEADERS), null)
    this.#uses!.forget(bytes)
    task.recordContext = current
  }

  #isDue(key: K): boolean {
    return this.#index!.mayBeDue(this.#task.streamTime) && this.#isPast(this.#uses!.get(this.#bytesOf(key)))
  }

  #isPast(last: number | undefined): boolean {
    return last !== undefined && last >= 0 && this.#index!.expiresAt(last) <= this.#task.streamTime
  }

  async *#notDue(entries: AsyncIterable<[K, V]>): AsyncGenerator<[K, V]> {
    for await (const entry of entries) if (!this.#isDue(entry[0])) yield entry
  }

  #bytesOf(key: K): Buffer {
    return this.#keySerde.serialize(this.#options.topic, key, NO_HEADERS)!
  }
}
