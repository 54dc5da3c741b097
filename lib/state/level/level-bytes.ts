import { hashBytes } from '../byte-hash'
import { rangeOf } from '../memory/byte-range'
import { overlaid } from '../overlaid'
import { type ByteSpan, copyOfSpan, newByteSpan, setSpan } from '../../bytes/byte-span'
import type { ByteScan, ByteStore, CommittedBytes } from '../state-engine'
import { EntryEstimate } from './entry-estimate'
import { CHECKSUM_BYTES, EntryFormat } from './entry-format'
import { KeySpace } from './key-space'
import type { WriteBatch } from './level-database'
import { LevelSnapshot } from './level-snapshot'
import type { SharedDatabase } from './shared-database'
import { storedEntries } from './stored-entries'
import { UncommittedEntries } from './uncommitted-entries'

/** One store's part of a task's database, overlaid with its uncommitted writes in two generations. */
export class LevelBytes implements ByteStore {
  readonly #keys: KeySpace
  readonly #format = new EntryFormat()
  readonly #estimate: EntryEstimate
  #current = new UncommittedEntries()
  #sealed: UncommittedEntries | null = null
  #dropBelow: Buffer | null = null
  #sealedDropBelow: Buffer | null = null
  /** Entries below it may be cached, but were removed. */
  #removedBelow: Buffer | null = null
  readonly #span = newByteSpan()
  /** A hash: it only serves an estimate. */
  #lastRead: number | null = null
  #lastFound = false
  /** Of the keys restored since the last commit began those that were counted: whether there is an entry. */
  #restored = new Map<number, boolean>()
  /** The same of the commit that began then, which may not be on disk yet. */
  #sealedRestored = new Map<number, boolean>()
  /** How many there are with what is sealed, and without what came after it. */
  #sealedEntries: number

  constructor(
    readonly store: string,
    readonly id: number,
    entries: number,
    private readonly shared: SharedDatabase,
  ) {
    this.#keys = new KeySpace(id)
    this.#estimate = new EntryEstimate(entries)
    this.#sealedEntries = entries
  }

  get(key: Buffer): Buffer | null {
    const span = this.#span
    return this.find(key, span) ? copyOfSpan(span) : null
  }

  find(key: Buffer, span: ByteSpan): boolean {
    const hash = hashOf(key)
    return this.#current.find(key, hash, span) ?? this.#sealed?.find(key, hash, span) ?? this.#read(key, hash, span)
  }

  put(key: Buffer, value: Buffer | null): void {
    const hash = hashOf(key)
    const before = this.#current.set(key, value, hash)
    if (before === undefined) this.#countBlind(key, value !== null, hash)
    else this.#estimate.changed(before, value !== null)
  }

  restore(key: Buffer, value: Buffer | null, timestamp?: number): void {
    const batch = this.shared.restoring(key.length + (value === null ? 0 : value.length))
    const fullKey = this.#keys.of(key)
    const { cache } = this.shared
    this.#countRestored(fullKey, value !== null)
    if (value === null) {
      batch.del(fullKey)
      cache?.restored(fullKey, null, 0)
    } else {
      const stored = this.#format.encode(fullKey, value, timestamp)
      batch.put(fullKey, stored)
      cache?.restored(fullKey, stored, stored.length - CHECKSUM_BYTES)
    }
  }

  /** A commit of what was restored begins. */
  sealRestored(): void {
    if (this.#restored.size > 0) this.#sealedEntries = this.#estimate.entries
    this.#sealedRestored = this.#restored
    this.#restored = new Map()
  }

  async *scan(scan: ByteScan): AsyncGenerator<[Buffer, Buffer]> {
    scan.signal?.throwIfAborted()
    try {
      // The views and the database's snapshot are taken together, before the first await: a commit under way is seen
      // either way with the same result.
      const range = rangeOf(scan)
      const sealed = this.#sealed?.view(range)
      const current = this.#current.view(range)
      const stored = storedEntries(this.shared.database, this.#keys, this.#format, scan)
      yield* overlaid(sealed === undefined ? stored : overlaid(stored, sealed, scan), current, scan)
    } catch (error) {
      if (scan.signal?.aborted) throw error
      throw this.shared.failure(error, 'scanning', this.store)
    }
  }

  committedView(): CommittedBytes {
    return new LevelSnapshot(this.store, this.#keys, this.shared)
  }

  dropBelow(key: Buffer): void {
    this.#dropBelow = Buffer.from(key)
  }

  approximateNumEntries(): number {
    return this.#estimate.entries
  }

  /** The key below which to remove entries, once the sealed generation is written. */
  takeDropBelow(): Buffer | null {
    const key = this.#sealedDropBelow
    this.#sealedDropBelow = null
    if (key === null) return null
    if (this.#removedBelow === null || Buffer.compare(key, this.#removedBelow) > 0) this.#removedBelow = key
    return key
  }

  get dirtyBytes(): number {
    return this.#current.bytes + (this.#sealed === null ? 0 : this.#sealed.bytes)
  }

  /** The generation to commit, if it has any writes. */
  get sealed(): UncommittedEntries | null {
    return this.#sealed
  }

  /** As `approximateNumEntries`, once that and what was restored are on disk. */
  get sealedEntries(): number {
    return this.#sealedEntries
  }

  get keys(): KeySpace {
    return this.#keys
  }

  /** Adds a write of the sealed generation to the batch that commits it, which has that number in the cache. */
  write(batch: WriteBatch, number: number, key: Buffer, value: Buffer | null): void {
    const fullKey = this.#keys.of(key)
    const { cache } = this.shared
    if (value === null) {
      batch.del(fullKey)
      cache?.written(number, fullKey, null, 0)
    } else {
      batch.put(fullKey, this.#format.encode(fullKey, value))
      cache?.written(number, fullKey, value, value.length)
    }
  }

  seal(): void {
    if (this.#dropBelow !== null) this.#sealedDropBelow = this.#dropBelow
    this.#dropBelow = null
    this.#sealedEntries = this.#estimate.entries
    if (this.#current.size === 0) return
    if (this.#sealed === null) {
      this.#sealed = this.#current
    } else {
      for (const { key, value } of this.#current.writes()) this.#sealed.set(key, value, hashOf(key))
    }
    this.#current = UncommittedEntries.behind(this.#current)
    this.#lastRead = null
  }

  /** The sealed generation is on disk. */
  committed(writes: UncommittedEntries): void {
    if (this.#sealed !== writes) return
    this.#sealed = null
    this.#current.reuse(writes)
  }

  discard(entries: number): void {
    this.#current = new UncommittedEntries()
    this.#sealed = null
    this.#dropBelow = null
    this.#sealedDropBelow = null
    this.#lastRead = null
    this.#restored.clear()
    this.#sealedRestored.clear()
    this.#estimate.entries = this.#sealedEntries = entries
  }

  #read(key: Buffer, hash: number, span: ByteSpan): boolean {
    try {
      const fullKey = this.#keys.of(key)
      const isRemoved = this.#removedBelow !== null && Buffer.compare(key, this.#removedBelow) < 0
      const cache = isRemoved ? undefined : this.shared.cache
      let found = cache?.find(fullKey, span)
      if (found === undefined) {
        const stored = this.shared.database.getSync(fullKey)
        found = stored !== undefined
        const length = stored === undefined ? 0 : this.#format.lengthOfValue(fullKey, stored)
        cache?.read(fullKey, stored ?? null, length)
        if (stored !== undefined) setSpan(span, stored, 0, length)
      }
      this.#lastRead = hash
      this.#lastFound = found
      return found
    } catch (error) {
      throw this.shared.failure(error, 'reading', this.store)
    }
  }

  #countRestored(fullKey: Buffer, present: boolean): void {
    const hash = hashOf(fullKey)
    const weight = this.#estimate.weightOfRestored(hash)
    if (weight === 0) return
    try {
      const uncommitted = this.#restored.get(hash) ?? this.#sealedRestored.get(hash)
      const before =
        uncommitted ?? this.shared.cache?.has(fullKey) ?? this.shared.database.getSync(fullKey) !== undefined
      this.#restored.set(hash, present)
      this.#estimate.changed(before, present, weight)
    } catch (error) {
      throw this.shared.failure(error, 'reading', this.store)
    }
  }

  /** Counts the first write of a key in this generation. */
  #countBlind(key: Buffer, present: boolean, hash: number): void {
    const sealed = this.#sealed?.find(key, hash, this.#span)
    if (sealed !== undefined) {
      this.#estimate.changed(sealed, present)
    } else if (this.#lastRead === hash) {
      this.#estimate.changed(this.#lastFound, present)
    } else {
      const weight = this.#estimate.sample()
      if (weight > 0) this.#estimate.changed(this.#read(key, hash, this.#span), present, weight)
    }
  }
}

const hashOf = (key: Buffer): number => hashBytes(0, key, 0, key.length)
