import type { StateCacheBudget } from '../state-engine'
import { EntryTable } from './entry-table'

/**
 * The entries of several databases, as bytes in memory that the garbage collector does not look at. At its bound, what
 * came first goes first, unless it was used since.
 */
export class EntryCache {
  readonly #table: EntryTable
  readonly #databases = new Map<number, DatabaseCache>()
  #lastId = 0

  constructor(maxBytes: number) {
    this.#table = new EntryTable(maxBytes, (id) => this.#databases.get(id))
  }

  /** A part for a database as it is now: nothing that was cached of it before is found. `empty`: it has no entries. */
  open(empty: boolean): DatabaseCache {
    const id = ++this.#lastId
    const cache = new DatabaseCache(this.#table, id, empty, () => {
      this.#databases.delete(id)
      if (this.#databases.size === 0) this.#table.clear()
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
 * among the sealed writes first.
 *
 * Restored records are not cached: most of them would be evicted before they are read, and a start is not to wait for that.
 */
export class DatabaseCache {
  /** A batch with restored records is being written. */
  #restoring = false
  #closed = false

  constructor(
    private readonly table: EntryTable,
    private readonly id: number,
    /** Has every entry of the database: what is not here does not exist. */
    private complete: boolean,
    private readonly left: () => void,
  ) {}

  /** `null`: there is no such entry; `undefined`: ask the database. */
  get(key: Buffer): Buffer | null | undefined {
    if (this.#closed) return undefined
    const found = this.table.get(this.id, key)
    return found === undefined && this.complete ? null : found
  }

  /** The database was read; `null`: there is no such entry. */
  read(key: Buffer, value: Buffer | null): void {
    // of a restored key, it still has the former value
    if (!this.#restoring) this.written(key, value)
  }

  /** A write is about to be committed. Until it is, reads find it among the sealed ones. */
  written(key: Buffer, value: Buffer | null): void {
    if (this.#closed) return
    if (!this.table.set(this.id, key, value) && value !== null) this.complete = false
  }

  /** A batch that begins with restored records is about to be written. */
  restoring(): void {
    this.#restoring = true
    this.complete = false
  }

  /** The batch has that record: until it is written, the database has what was there before. */
  restored(key: Buffer): void {
    if (!this.#closed) this.table.delete(this.id, key)
  }

  /** The batch is written. */
  hasRestored(): void {
    this.#restoring = false
  }

  /** An entry was evicted, or found no room. */
  lost(): void {
    this.complete = false
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.left()
  }
}
