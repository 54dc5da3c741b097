import type { ByteScan, CommittedBytes } from '../state-engine'
import { EntryFormat } from './entry-format'
import type { KeySpace } from './key-space'
import type { Snapshot } from './level-database'
import type { SharedDatabase } from './shared-database'
import { storedEntries } from './stored-entries'

/**
 * One store's part of a database, as of one commit. A commit is written by another thread: without a snapshot, two reads of one
 * query could see the states before and after it.
 */
export class LevelSnapshot implements CommittedBytes {
  readonly #format = new EntryFormat()
  readonly #snapshot: Snapshot

  constructor(
    private readonly store: string,
    private readonly keys: KeySpace,
    private readonly shared: SharedDatabase,
  ) {
    this.#snapshot = this.#reading(() => shared.database.snapshot())
  }

  get(key: Buffer): Buffer | null {
    return this.#reading(() => {
      const fullKey = this.keys.of(key)
      const stored = this.shared.database.getSync(fullKey, { snapshot: this.#snapshot })
      return stored === undefined ? null : this.#format.decode(fullKey, stored)
    })
  }

  async *scan(scan: ByteScan): AsyncGenerator<[Buffer, Buffer]> {
    scan.signal?.throwIfAborted()
    try {
      yield* storedEntries(this.shared.database, this.keys, this.#format, scan, this.#snapshot)
    } catch (error) {
      if (scan.signal?.aborted) throw error
      throw this.shared.failure(error, 'scanning', this.store)
    }
  }

  close(): void {
    // the database, when it closes, closes what is still open
    this.#snapshot.close().catch(() => {})
  }

  #reading<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw this.shared.failure(error, 'reading', this.store)
    }
  }
}
