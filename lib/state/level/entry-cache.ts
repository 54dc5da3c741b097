import { hashBytes } from '../byte-hash'
import type { StateCacheBudget } from '../state-engine'
import { EntryTable } from './entry-table'
import { KeyFilter } from './key-filter'

/** The share of the memory that the filter of keys takes. */
const FILTER_SHARE = 1 / 32

/**
 * The entries of several databases, as bytes in memory that the garbage collector does not look at. At its bound, what
 * came first goes first, unless it was used since.
 */
export class EntryCache {
  readonly #table: EntryTable
  readonly #keys: KeyFilter
  readonly #databases = new Map<number, DatabaseCache>()
  #lastId = 0

  constructor(maxBytes: number) {
    this.#keys = new KeyFilter(maxBytes * FILTER_SHARE)
    this.#table = new EntryTable(maxBytes - this.#keys.maxBytes, (id) => this.#databases.get(id))
  }

  /** A part for a database as it is now: nothing that was cached of it before is found. `empty`: it has no entries. */
  open(empty: boolean): DatabaseCache {
    const id = ++this.#lastId
    const cache = new DatabaseCache(this.#table, empty ? this.#keys : undefined, id, () => {
      this.#databases.delete(id)
      if (this.#databases.size > 0) return
      this.#table.clear()
      this.#keys.clear()
    })
    this.#databases.set(id, cache)
    return cache
  }
}

/** The caches by the budget that they were opened for: databases of one instance share one. */
export class EntryCaches {
  readonly #byBudget = new WeakMap<StateCacheBudget, EntryCache>()

  of(budget: StateCacheBudget | undefined): EntryCache | undefined {
    if (budget === undefined || budget.maxBytes === 0) return undefined
    let cache = this.#byBudget.get(budget)
    if (cache === undefined) this.#byBudget.set(budget, (cache = new EntryCache(budget.maxBytes)))
    return cache
  }
}

/**
 * Entries of one database, by full key, as the database has them once all commits under way are done. Whoever reads looks
 * among the sealed writes first, so that only restored records need care: they are not to be read before their commit.
 * Each batch of them has a number; its entries are hidden until that is committed.
 */
export class DatabaseCache {
  /** The number of the batch that collects restored records, or of the last one that did. */
  #restoring = 0
  /** The number of the last batch committed. */
  #committed = 0
  #closed = false
  /** Has every entry of the database: what is not here does not exist. */
  #complete: boolean

  constructor(
    private readonly table: EntryTable,
    /** Has every key that the database ever had, if that began empty: a key that is not in it does not exist. */
    private readonly keys: KeyFilter | undefined,
    private readonly id: number,
    private readonly left: () => void,
  ) {
    this.#complete = keys !== undefined
  }

  get batch(): number {
    return this.#restoring
  }

  /** `null`: there is no such entry; `undefined`: ask the database. */
  get(key: Buffer): Buffer | null | undefined {
    if (this.#closed) return undefined
    const found = this.table.get(this.id, this.#committed, key)
    if (found !== undefined) return found
    const isAbsent = (this.#complete && !this.#hasPending) || this.keys?.mayHave(this.#hashOf(key)) === false
    return isAbsent ? null : undefined
  }

  /** The database was read: `length` bytes of `value` are the entry's, `null` if there is none. */
  read(key: Buffer, value: Buffer | null, length: number): void {
    // of a restored key, the database still has the former value
    if (!this.#closed && !this.#hasPending) this.#set(this.#committed, key, value, length)
  }

  /** A write goes into the batch of that number. Until it is committed, reads find it among the sealed writes. */
  written(batch: number, key: Buffer, value: Buffer | null, length: number): void {
    if (this.#closed) return
    if (value !== null) this.keys?.add(this.#hashOf(key))
    if (batch === this.#restoring) return this.#set(batch, key, value, length)
    // a later batch may have the key, too, and have been evicted
    this.#complete = false
    this.table.delete(this.id, batch, key)
  }

  /** The next records restored are those of a new batch. */
  beginBatch(): void {
    this.#restoring++
  }

  restored(key: Buffer, value: Buffer | null, length: number): void {
    if (this.#closed) return
    if (value !== null) this.keys?.add(this.#hashOf(key))
    this.#set(this.#restoring, key, value, length)
  }

  /** Commits are done in the order of their numbers. */
  batchCommitted(batch: number): void {
    this.#committed = batch
  }

  /** An entry was evicted, or found no room. */
  lost(): void {
    this.#complete = false
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.left()
  }

  get #hasPending(): boolean {
    return this.#restoring !== this.#committed
  }

  #hashOf(key: Buffer): number {
    return hashBytes(this.id, key, 0, key.length)
  }

  #set(batch: number, key: Buffer, value: Buffer | null, length: number): void {
    if (!this.table.set(this.id, batch, key, value, length) && value !== null) this.#complete = false
  }
}
