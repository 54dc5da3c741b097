import { type Database, type NativeBatch, newNativeBatch } from './level-database'

/** One whose commits became so much smaller than the largest is not kept. */
const SHRUNK = 8
/** So little memory is kept whatever the next commits take. */
const SMALL_BYTES = 1 << 16
const MOST_KEPT_BYTES = 16 << 20

/** The writes of one commit, in native memory: keys and values are copied as they are added. */
export class WriteBatch {
  #length = 0
  #bytes = 0
  #mostBytes = 0

  readonly #native: NativeBatch

  /** Throws unless the database is open. */
  constructor(private readonly database: Database) {
    this.#native = newNativeBatch(database)
  }

  /** How many writes there are. */
  get length(): number {
    return this.#length
  }

  put(key: Buffer, value: Buffer): void {
    this.#native._put(key, value)
    this.#added(key.length + value.length)
  }

  del(key: Buffer): void {
    this.#native._del(key)
    this.#added(key.length)
  }

  async write(): Promise<void> {
    // LevelDB itself does not look
    if (this.database.status !== 'open') throw new Error('the database is not open')
    await this.#native._write({})
  }

  /** Makes it empty. It keeps its memory; returns whether that is worth while. */
  clear(): boolean {
    this.#native._clear()
    const mayKeep = this.#mostBytes <= Math.max(SMALL_BYTES, Math.min(MOST_KEPT_BYTES, SHRUNK * this.#bytes))
    this.#length = this.#bytes = 0
    return mayKeep
  }

  close(): void {
    this.#native.close().catch(() => {})
  }

  #added(bytes: number): void {
    this.#length++
    this.#bytes += bytes
    if (this.#bytes > this.#mostBytes) this.#mostBytes = this.#bytes
  }
}

/**
 * The batches of a database, each used again once it is written: the memory of one that is not is free only when the garbage
 * collector finds it, and that does not know how large it is.
 */
export class WriteBatches {
  #spare: WriteBatch | null = null

  constructor(private readonly database: Database) {}

  take(): WriteBatch {
    const batch = this.#spare ?? new WriteBatch(this.database)
    this.#spare = null
    return batch
  }

  giveBack(batch: WriteBatch): void {
    if (batch.clear() && this.#spare === null) this.#spare = batch
    else batch.close()
  }
}
