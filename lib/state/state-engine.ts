import type { ByteSpan } from '../bytes/byte-span'
import type { Logger } from '../observe/logger'

/**
 * Where the persistent stores of tasks live. millrace comes with LevelDB (`levelEngine()`, the default) and memory
 * (`memoryEngine()`); another embedded database can replace them by implementing these interfaces. The contract
 * that the runtime relies on is a test suite: `stateEngineContract` of `millrace/testing/contracts`.
 */
export interface StateEngine {
  /** For log lines and error messages, such as `LevelDB`. */
  readonly name: string
  /**
   * Whether `open` finds earlier commits. False: a database starts empty each time, so that all of its stores
   * are restored from their changelogs, and `discard` may empty it.
   */
  readonly persistent: boolean
  /**
   * Opens a task's database, and creates it if there is none.
   *
   * A database that turns out to be damaged is moved out of the way (never deleted), reported to `options.logger` at
   * `error`, and replaced by an empty one: the runtime then restores its stores from their changelogs.
   *
   * @throws StreamsError STATE_DIRECTORY_LOCKED while the database is already open, STATE_STORE_FAILED if it can't be opened
   */
  open(options: OpenDatabaseOptions): Promise<TaskDatabase>
}

/** Which database to open. */
export interface OpenDatabaseOptions {
  /** The task's own folder. It may not exist yet, nor may its parent. */
  readonly directory: string
  /** `<sub-topology>_<partition>`, or `global`; for log lines and errors. */
  readonly taskId: string
  /** The stores to open. The database may contain others, from an earlier topology. If empty, only `offsets` are read. */
  readonly stores: readonly DatabaseStore[]
  /** Where damage is reported. */
  readonly logger: Logger
  /** Memory that the engine may use to keep entries close. Default: none. */
  readonly cache?: StateCacheBudget
}

/**
 * The memory in which all databases of an instance together may keep entries that they have read or written
 * (`stateCacheMaxBytes`). Databases that share it are opened with the same object.
 */
export interface StateCacheBudget {
  /** In bytes; 0: no cache. */
  readonly maxBytes: number
}

/** What an engine needs to know about a store. */
export interface DatabaseStore {
  /** Unique in its task. */
  readonly name: string
  /** Whether the store has a changelog. One that has none can't be restored. */
  readonly logged: boolean
}

/**
 * The persistent stores of one task, and how far each has followed its changelog.
 *
 * Writes stay in memory, readable, until a commit writes them and the offsets in one atomic batch. A crash at any time
 * leaves the state of the last commit: never part of one, never stores that disagree with the offsets.
 *
 * A commit has two steps, so that processing continues while it is written: `seal` determines what is part of it, `commit`
 * writes it. Once a read or a write has thrown, the task closes the database and opens it again.
 */
export interface TaskDatabase {
  /**
   * By `<topic>-<partition>`: the offset of the last changelog record that the last finished commit contains. What else the
   * runtime knows about a changelog is kept with it, as numbers under `<topic>-<partition>#<name>`.
   */
  readonly offsets: ReadonlyMap<string, number>
  /** By name, as asked for in `open`. */
  readonly stores: ReadonlyMap<string, ByteStore>
  /** Memory used by uncommitted writes and restored records, in bytes. */
  readonly dirtyBytes: number
  /**
   * For engines that write tables and compact them later: how many tables wait for that. It is the metric `uncompacted-tables`.
   */
  readonly uncompactedTables?: number
  /**
   * The next commit writes everything put so far, and no later puts. Another call before that commit
   * extends it.
   *
   * @throws StreamsError ILLEGAL_STATE while a commit of sealed writes is in progress
   */
  seal(): void
  /**
   * Writes what was sealed, what was restored since the last call, and the offsets, in one atomic batch. Offsets of other
   * partitions are unchanged. Calls may overlap; they run in order. After one fails, every later one
   * fails too, since its offsets would cover the failed one's writes.
   *
   * @throws StreamsError STATE_STORE_FAILED, STATE_STORE_DAMAGED, STORE_NOT_AVAILABLE after `close`
   */
  commit(offsets: ReadonlyMap<string, number>): Promise<void>
  /**
   * Discards everything uncommitted. An engine that is not persistent may empty its stores instead, and drop their
   * offsets.
   */
  discard(): void
  /**
   * Waits for commits in progress and releases the database; uncommitted writes are lost. If damage was found, the
   * database is moved out of the way and reported. Afterwards, reads of a persistent engine fail with
   * STORE_NOT_AVAILABLE. May be called twice.
   */
  close(): Promise<void>
}

/**
 * One store's bytes: synchronous point reads and asynchronous ordered scans. Both see committed data, overlaid with
 * later puts.
 *
 * Buffers passed in belong to the caller, who may write them again afterwards; returned buffers must not be modified.
 *
 * Damage found by a read is a StreamsError STATE_STORE_DAMAGED: a read never returns anything that was not written.
 */
export interface ByteStore {
  /** The value of a key; `null` if there is none. */
  get(key: Buffer): Buffer | null
  /**
   * As `get`, without a copy, for a reader who decodes the value at once: sets `span` to where it lies, which is valid until the
   * next call of any of the task's stores. Returns whether there is a value. Absent where `get` makes no copy.
   */
  find?(key: Buffer, span: ByteSpan): boolean
  /** Sets the value of a key; `null` deletes it. */
  put(key: Buffer, value: Buffer | null): void
  /**
   * `put` for restore: in bulk, part of the next commit, and readable only once that is done. With `timestamp`, the
   * value is stored after it (8 bytes, big endian).
   */
  restore(key: Buffer, value: Buffer | null, timestamp?: number): void
  /** Entries in unsigned byte order of their keys. Sees the store as of the first `next()`, regardless of later writes. */
  scan(scan: ByteScan): AsyncIterable<[key: Buffer, value: Buffer]>
  /** Removes all entries with keys below `key`, with the first commit that is sealed after this call: nothing reads them any longer. */
  dropBelow(key: Buffer): void
  /** The approximate number of keys, without counting them. */
  approximateNumEntries(): number
  /**
   * The store as the last finished commit has left it, without anything put since, for queries with
   * `isolation: 'committed'`. Absent, as where puts apply at once: such queries fail with ISOLATION_UNSUPPORTED.
   */
  committedView?(): CommittedBytes
}

/** One store's bytes as of one commit: later ones don't show. */
export interface CommittedBytes {
  /** The value of a key; `null` if there is none. */
  get(key: Buffer): Buffer | null
  /** As `ByteStore.scan`. */
  scan(scan: ByteScan): AsyncIterable<[key: Buffer, value: Buffer]>
  /** Lets the database drop what only this view needs. Scans that have begun continue. */
  close(): void
}

/** Bounds and direction of a scan. */
export interface ByteScan {
  /** The first key, inclusive. Default: no bound. */
  from?: Buffer
  /** The last key, exclusive unless `toInclusive`. Default: no bound. */
  to?: Buffer
  /** Whether `to` itself is part of the range. */
  toInclusive?: boolean
  /** Descending key order. */
  reverse?: boolean
  /** Aborts the scan, which rejects with the signal's reason. */
  signal?: AbortSignal
}
