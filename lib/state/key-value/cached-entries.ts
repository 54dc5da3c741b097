import { copyOfSpan, newByteSpan } from '../../bytes/byte-span'
import { type ByteString, byteString } from '../../bytes/byte-string'
import { entrySize, type FlushedEntry } from '../cache/flushed-entry'
import { SlotIndex } from '../cache/slot-index'
import { RecordCache } from '../cache/record-cache'
import { NO_SLOT } from '../cache/use-order'
import type { FlushListener } from '../cached-store'
import type { ChangeLoggingStore } from '../changelog/change-logging-store'
import { ByteMap } from '../memory/byte-map'
import { rangeOf } from '../memory/byte-range'
import { Scratch } from '../../bytes/scratch'
import { shortcutsOf } from '../../serdes/shortcuts'
import type { Serde } from '../../serdes/serde'
import { overlaid } from '../overlaid'
import type { ByteScan } from '../state-engine'
import type { RecordCacheBudget, StateStoreContext } from '../store'
import type { StoreSerdes } from '../store-serdes'
import { prefixTimestamp } from '../../bytes/timestamped-bytes'
import type { Entries } from './entries'
import { LastUpdates } from './last-updates'
import { valueAt, type ValueFormat } from './value-format'

const NO_BYTES = Buffer.alloc(0)

interface FlushedKey<V> extends FlushedEntry<V> {
  readonly text: ByteString
  /** Undefined if the serdes have to tell it from the text. */
  readonly key: unknown
}

/**
 * A record cache over a store: only the last of several updates of a key between two commits is written, logged
 * and forwarded.
 *
 * If the serdes allow it (`sizeOf`), primitive keys and values are cached themselves, and serialized when
 * they are flushed. Everything else is cached as bytes, so that objects which users change later don't change the store.
 */
export class CachedEntries<K, V, S> implements Entries<K, V, S> {
  readonly cacheUse = { reads: 0, hits: 0 }
  readonly #serdes: StoreSerdes<K, V>
  readonly #format: ValueFormat<V, S>
  readonly #bytes: ChangeLoggingStore
  readonly #context: Pick<StateStoreContext, 'recordContext' | 'heldBytes'>
  readonly #index = new SlotIndex()
  readonly #updates = new LastUpdates<V>()
  readonly #cache: RecordCache<FlushedKey<V>>
  /** Entries that the store below has evicted can still be read here. */
  readonly #evicts: boolean
  readonly #primitiveKeys: boolean
  readonly #primitiveValues: boolean
  #listener: FlushListener<K, V> | null = null
  #sendOldValues = false
  readonly #found = newByteSpan()
  #missedBytes: Buffer = NO_BYTES
  #missedText = ''
  #cachedLength: number | undefined
  readonly #scratch = new Scratch()
  /** What the listener gets for the bytes of a value. */
  #forwarded = (bytes: Buffer): V | null => this.#serdes.valueOf(bytes)

  constructor(
    serdes: StoreSerdes<K, V>,
    format: ValueFormat<V, S>,
    bytes: ChangeLoggingStore,
    context: Pick<StateStoreContext, 'recordContext' | 'heldBytes'>,
    budget: RecordCacheBudget,
    evicts: boolean,
  ) {
    this.#serdes = serdes
    this.#format = format
    this.#bytes = bytes
    this.#context = context
    this.#evicts = evicts
    const index = this.#index
    const updates = this.#updates
    this.#cache = new RecordCache<FlushedKey<V>>(budget, {
      isDeleted: (slot) => updates.value(slot) === null,
      take: (slot) => ({
        text: index.textOf(slot),
        key: index.keyOf(slot),
        value: updates.value(slot),
        valueTimestamp: updates.valueTimestamp(slot),
        context: updates.takeContext(slot),
      }),
      write: (flushed) => this.#write(flushed),
      removed: (slot) => {
        index.delete(slot)
        updates.remove(slot)
      },
    })
    this.#primitiveKeys = serdes.key.sizeOf !== undefined
    this.#primitiveValues = serdes.value.sizeOf !== undefined
  }

  get(key: K): S | null {
    const cached = this.#find(key)
    this.cacheUse.reads++
    if (cached === NO_SLOT) return this.#load(key)
    this.cacheUse.hits++
    return this.#valueOf(cached)
  }

  peek(key: K): S | null {
    let slot = this.#primitiveKeys ? this.#index.byKey(key) : NO_SLOT
    if (slot !== NO_SLOT) return this.#valueOf(slot)
    const keyBytes = this.#serdes.writtenKey(key)
    slot = this.#index.byText(byteString(keyBytes))
    if (slot !== NO_SLOT) return this.#valueOf(slot)
    const found = this.#found
    if (!this.#bytes.find(keyBytes, found)) return null
    return valueAt(this.#format, this.#serdes, found)
  }

  put(key: K, value: S | null): void {
    const cached = this.#cachedOf(value)
    const timestamp = cached === null ? -1 : this.#format.timestamp(value!)
    const length = this.#cachedLength
    const found = this.#find(key)
    this.#update(found === NO_SLOT ? this.#add(key) : found, cached, length, timestamp)
  }

  putAll(entries: ReadonlyArray<readonly [K, S | null]>): void {
    const written = entries.map(([key, value]) => {
      const cached = this.#cachedOf(value)
      const timestamp = cached === null ? -1 : this.#format.timestamp(value!)
      return { key, bytes: this.#serdes.keyBytes(key), cached, length: this.#cachedLength, timestamp }
    })
    for (const { key, bytes, cached, length, timestamp } of written) {
      const found = this.#findBytes(key, bytes)
      this.#update(found === NO_SLOT ? this.#add(key) : found, cached, length, timestamp)
    }
  }

  async *scan(scan: ByteScan): AsyncGenerator<[Buffer, Buffer]> {
    const newer = new ByteMap()
    for (const slot of this.#evicts ? this.#cache.entries() : this.#cache.dirtyEntries()) {
      newer.set(this.#index.textOf(slot), this.#storedBytes(slot))
    }
    yield* overlaid(this.#bytes.scan(scan), newer.view(rangeOf(scan)), scan)
  }

  approximateNumEntries(): number {
    return this.#bytes.approximateNumEntries()
  }

  flush(due?: () => boolean): boolean {
    return this.#cache.flush(due)
  }

  setFlushListener(
    listener: FlushListener<K, V>,
    sendOldValues: boolean,
    needsOnlyBytes?: (writtenBy: Serde<V>) => boolean,
  ): boolean {
    this.#listener = listener
    this.#sendOldValues = sendOldValues
    const serde = this.#serdes.value
    const { unread } = shortcutsOf(serde)
    if (unread !== undefined && needsOnlyBytes?.(serde)) this.#forwarded = unread as (bytes: Buffer) => V | null
    return true
  }

  close(): void {
    this.#cache.clear()
    this.#index.clear()
    this.#updates.clear()
  }

  #valueOf(slot: number): S | null {
    return this.#read(this.#updates.value(slot), this.#updates.valueTimestamp(slot))
  }

  /** What the store has, of what is cached of it. */
  #read(cached: V | Buffer | null, timestamp: number): S | null {
    if (cached === null) return null
    return this.#format.value(typeof cached === 'object' ? this.#serdes.valueOf(cached as Buffer) : cached, timestamp)
  }

  /** What is cached of a value: itself if its serde allows that, else its bytes. If it is itself, `#cachedLength` is that of its bytes. */
  #cachedOf(value: S | null): V | Buffer | null {
    this.#cachedLength = undefined
    const plain = value === null ? null : (this.#format.plain(value) ?? null)
    if (plain === null) return null
    if (this.#primitiveValues && typeof plain !== 'object') this.#cachedLength = this.#serdes.value.sizeOf!(plain)
    return this.#cachedLength === undefined ? this.#serdes.valueBytes(plain) : plain
  }

  #update(slot: number, value: V | Buffer | null, length: number | undefined, valueTimestamp: number): void {
    this.#cache.update(slot)
    this.#updates.setValue(slot, value, valueTimestamp)
    this.#updates.updatedBy(slot, this.#context.recordContext, this.#context.heldBytes?.() ?? null)
    this.#cache.resize(slot, this.#sizeOf(slot, length))
  }

  /** The slot of the cached entry, now the most recently used. If there is none, `#missed…` are the key's bytes. */
  #find(key: K): number {
    // a put follows the get of its key
    const newest = this.#cache.newest
    if (newest !== NO_SLOT && key !== undefined && this.#index.keyOf(newest) === key) return newest
    const slot = this.#primitiveKeys ? this.#index.byKey(key) : NO_SLOT
    if (slot === NO_SLOT) return this.#findBytes(key, this.#serdes.writtenKey(key))
    this.#cache.touch(slot)
    return slot
  }

  /** As `#find`, by the key's bytes. */
  #findBytes(key: K, bytes: Buffer): number {
    this.#missedBytes = bytes
    this.#missedText = byteString(bytes)
    const slot = this.#index.byText(this.#missedText)
    if (slot === NO_SLOT) return NO_SLOT
    this.#indexKey(slot, key)
    this.#cache.touch(slot)
    return slot
  }

  /** Reads what `#find` missed into the cache. */
  #load(key: K): S | null {
    const found = this.#found
    if (!this.#bytes.find(this.#missedBytes, found)) return null
    const { overhead } = this.#format
    const timestamp = this.#format.timestampOf(found.bytes, found.start)
    const length = found.end - found.start - overhead
    const value = this.#primitiveValues ? this.#serdes.valueAt(found, overhead) : null
    const cached = value === null || typeof value === 'object' ? copyOfSpan(found, overhead) : value
    const slot = this.#add(key)
    this.#updates.setValue(slot, cached, timestamp)
    // a small cache evicts it at once
    this.#cache.resize(slot, this.#sizeOf(slot, length))
    return this.#read(cached, timestamp)
  }

  /** The slot of an entry for what `#find` missed. */
  #add(key: K): number {
    const slot = this.#cache.add()
    this.#index.add(slot, this.#missedText)
    this.#updates.add(slot)
    this.#indexKey(slot, key)
    return slot
  }

  /** Makes it known by its key as well; of several keys with the same bytes, the first. */
  #indexKey(slot: number, key: K): void {
    if (this.#index.keyOf(slot) !== undefined) return
    if (!this.#primitiveKeys || typeof key === 'object' || this.#serdes.key.sizeOf!(key) === undefined) return
    // zero and minus zero are equal, and two keys to a double's serde; NaN equals nothing
    if ((key as unknown) !== 0 && key === key) this.#index.addKey(slot, key)
  }

  /** Its size in the budget. `valueLength`: that of its bytes, if the value is not cached as bytes. */
  #sizeOf(slot: number, valueLength: number | undefined): number {
    const value = this.#updates.value(slot)
    let { length } = this.#index.textOf(slot)
    if (value !== null) length += this.#format.overhead + (valueLength ?? (value as Buffer).length)
    return entrySize(length, this.#updates.topic(slot), this.#updates.headers(slot))
  }

  #write({ text, key: cachedKey, value, valueTimestamp, context }: FlushedKey<V>): void {
    const key = this.#scratch.ofByteString(text)
    const listener = this.#listener
    const current = this.#context.recordContext
    this.#context.recordContext = context
    try {
      let old: V | null = null
      if (listener !== null && (value === null || this.#sendOldValues)) {
        const found = this.#bytes.find(key, this.#found)
        if (value === null && !found) return
        if (found && this.#sendOldValues) old = this.#serdes.valueAt(this.#found, this.#format.overhead)
      }
      const typed = value === null || typeof value !== 'object'
      const bytes = typed ? (value === null ? null : this.#serdes.writtenValue(value)) : (value as Buffer)
      this.#bytes.put(key, bytes, valueTimestamp)
      if (listener === null) return
      listener(
        cachedKey === undefined ? this.#serdes.keyOf(key) : (cachedKey as K),
        typed ? value : this.#forwarded(value as Buffer),
        old,
        value === null || !this.#format.timestamped ? context.timestamp : valueTimestamp,
      )
    } finally {
      this.#context.recordContext = current
    }
  }

  #storedBytes(slot: number): Buffer | null {
    const value = this.#updates.value(slot)
    if (value === null) return null
    const bytes = typeof value === 'object' ? (value as Buffer) : this.#serdes.valueBytes(value)
    return bytes !== null && this.#format.timestamped
      ? prefixTimestamp(this.#updates.valueTimestamp(slot), bytes)
      : bytes
  }
}
