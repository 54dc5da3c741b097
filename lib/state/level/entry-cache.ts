import type { ByteSpan } from '../../bytes/byte-span'
import type { StateCacheBudget } from '../state-engine'
import { EntryTable } from './entry-table'

/**
 * The entries of several databases, as bytes in memory that the garbage collector does not look at. At its bound, what
 * came first goes first, unless it was used since.
 */
export class EntryCache {
  readonly #table: EntryTable
  readonly #databases = new Set<number>()
  #lastId = 0

  constructor(maxBytes: number) {
    this.#table = new EntryTable(maxBytes, (id) => !this.#databases.has(id))
  }

  /** A part for a database as it is now: nothing that was cached of it before is found. `empty`: it has no entries. */
  open(empty: boolean): DatabaseCache {
    const id = ++this.#lastId
    this.#databases.add(id)
    return new DatabaseCache(this.#table, id, empty, () => {
      this.#databases.delete(id)
      if (this.#databases.size === 0) this.#table.clear()
    })
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

  constructor(
    private readonly table: EntryTable,
    private readonly id: number,
    /** Every entry of the database was added since: what is not here, and was not lost, does not exist. */
    private readonly beganEmpty: boolean,
    private readonly left: () => void,
  ) {}

  get batch(): number {
    return this.#restoring
  }

  /** Sets `span` to where the value lies until the next call; `false`: there is no such entry; `undefined`: ask the database. */
  find(key: Buffer, span: ByteSpan): boolean | undefined {
    if (this.#closed) return undefined
    const found = this.table.find(this.id, this.#committed, key, span)
    if (found !== undefined || !this.beganEmpty || this.#hasPending) return found
    return this.table.mayHaveLost(this.id, key) ? undefined : false
  }

  /** The database was read: `length` bytes of `value` are the entry's, `null` if there is none. */
  read(key: Buffer, value: Buffer | null, length: number): void {
    // of a restored key, the database still has the former value
    if (!this.#closed && !this.#hasPending) this.table.set(this.id, this.#committed, key, value, length)
  }

  /** A write goes into the batch of that number. Until it is committed, reads find it among the sealed writes. */
  written(batch: number, key: Buffer, value: Buffer | null, length: number): void {
    if (this.#closed) return
    if (batch === this.#restoring) return this.table.set(this.id, batch, key, value, length)
    // a later batch may have the key, too, and have been evicted
    this.table.delete(this.id, batch, key)
  }

  /** The next records restored are those of a new batch. */
  beginBatch(): void {
    this.#restoring++
  }

  /** Whether the last batch that has the key gives it a value, committed or not; `undefined`: ask the database. */
  has(key: Buffer): boolean | undefined {
    if (this.#closed) return undefined
    const found = this.table.has(this.id, key)
    if (found !== undefined || !this.beganEmpty) return found
    return this.table.mayHaveLost(this.id, key) ? undefined : false
  }

  restored(key: Buffer, value: Buffer | null, length: number): void {
    if (!this.#closed) this.table.set(this.id, this.#restoring, key, value, length)
  }

  /** Commits are done in the order of their numbers. */
  batchCommitted(batch: number): void {
    this.#committed = batch
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.left()
  }

  get #hasPending(): boolean {
    return this.#restoring !== this.#committed
  }
}
