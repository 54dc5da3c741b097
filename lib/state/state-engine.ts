import type { Logger } from '../observe/logger'

/**
 * Where the persistent stores of tasks live. millrace comes with LevelDB (`levelEngine()`, the default) and memory
 * (`memoryEngine()`); another embedded database can take their place by implementing these interfaces. The contract
 * that the runtime relies on is a test suite: `stateEngineContract` of `millrace/testing/contracts`.
 */
export interface StateEngine {
  /** For log lines and error messages, such as `LevelDB`. */
  readonly name: string
  /**
   * Whether `open` finds what was committed before. False: a database starts empty each time, so that all of its stores
   * are restored from their changelogs, and `discard` may empty it.
   */
  readonly persistent: boolean
  /**
   * Opens the database of a task, and creates it where there is none.
   *
   * A database that turns out to be damaged is moved out of the way (never deleted), reported to `options.logger` at
   * `error`, and replaced by an empty one: the runtime then restores its stores from their changelogs.
   *
   * @throws StreamsError STATE_DIRECTORY_LOCKED while the database is open already, STATE_STORE_FAILED where it can't be opened
   */
  open(options: OpenDatabaseOptions): Promise<TaskDatabase>
}

/** Which database to open. */
export interface OpenDatabaseOptions {
  /** The task's own folder. It may not exist yet; its parent may be missing too. */
  readonly directory: string
  /** `<sub-topology>_<partition>`, or `global`; for log lines and errors. */
  readonly taskId: string
  /** The stores to open. The database may hold more, of an earlier topology. Without any, only `offsets` are read. */
  readonly stores: readonly DatabaseStore[]
  /** Where damage is reported. */
  readonly logger: Logger
}

/** A store of a task, as an engine needs to know it. */
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
 * leaves the state of a commit: never a part of one, never stores that disagree with the offsets.
 *
 * A commit has two steps, so that processing continues while it is written: `seal` decides what is part of it, `commit`
 * writes that. Once a read or a write has thrown, the task closes the database and opens it again.
 */
export interface TaskDatabase {
  /** By `<topic>-<partition>`: the offset of the last changelog record that the last finished commit contains. */
  readonly offsets: ReadonlyMap<string, number>
  /** By name, as asked for in `open`. */
  readonly stores: ReadonlyMap<string, ByteStore>
  /** Memory taken by what is written or restored but not committed yet, in bytes. */
  readonly dirtyBytes: number
  /**
   * All that was put so far is what the next commit writes; later puts are not. Called again before that commit, it adds
   * to it.
   *
   * @throws StreamsError ILLEGAL_STATE while a commit of sealed writes is under way
   */
  seal(): void
  /**
   * Writes what was sealed, what was restored since the last call, and the offsets, in one atomic batch. Offsets of other
   * partitions stay as they are. Calls may overlap; they are worked off in order. After one has failed every later one
   * fails too, since it would claim what the failed one held.
   *
   * @throws StreamsError STATE_STORE_FAILED, STATE_STORE_DAMAGED, STORE_NOT_AVAILABLE after `close`
   */
  commit(offsets: ReadonlyMap<string, number>): Promise<void>
  /**
   * Forgets all that is not committed. An engine that is not persistent may empty its stores instead, and forget their
   * offsets.
   */
  discard(): void
  /**
   * Waits for commits under way and releases the database; what is not committed is lost. If damage was found, the
   * database is moved out of the way and reported. From then on reads of a persistent engine fail with
   * STORE_NOT_AVAILABLE. May be called twice.
   */
  close(): Promise<void>
}

/**
 * One store's bytes: synchronous point reads and asynchronous ordered scans. Both see what is committed, with what was
 * put since over it.
 *
 * Buffers passed to `put` belong to the store from then on; buffers handed out must not be changed.
 *
 * Damage found by a read is a StreamsError STATE_STORE_DAMAGED: a read never returns what was not written.
 */
export interface ByteStore {
  /** The value of a key; `null` if there is none. */
  get(key: Buffer): Buffer | null
  /** Sets the value of a key; `null` deletes it. */
  put(key: Buffer, value: Buffer | null): void
  /**
   * `put` for restore: in bulk, part of the next commit, and readable only once that is done. The buffers stay the
   * caller's. With `timestamp` the value is stored behind it (8 bytes, big endian).
   */
  restore(key: Buffer, value: Buffer | null, timestamp?: number): void
  /** Entries in unsigned byte order of their keys. Sees the store as it was at the first `next()`, whatever is written after. */
  scan(scan: ByteScan): AsyncIterable<[key: Buffer, value: Buffer]>
  /** Removes what is stored under the keys below `key`, with the next commit whose `seal` comes after: nothing reads them any more. */
  dropBelow(key: Buffer): void
  /** About how many keys there are, without counting them. */
  approximateNumEntries(): number
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
  /** Ends the scan: it rejects with the reason of the signal. */
  signal?: AbortSignal
}
