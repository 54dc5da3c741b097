import { StreamsError } from '../errors'
import type { Logger } from '../observe/logger'
import { tpKey } from '../record/topic-partition'
import type { TaskChanges } from './changes/change-feeds'
import { MemoryTaskDatabase } from './memory/memory-engine'
import type { ByteStore, CommittedBytes, StateCacheBudget, StateEngine, TaskDatabase } from './state-engine'
import type { ManagedStore } from './store'

export interface TaskStorageOptions {
  /** Keeps the persistent stores. */
  engine: StateEngine
  /** The task's own folder, made when the first persistent store needs it. `null` keeps everything in memory. */
  directory: string | null
  /** `<sub-topology>_<partition>` */
  taskId: string
  stores: readonly Pick<ManagedStore, 'name' | 'persistent' | 'changelogTopic'>[]
  logger: Logger
  /** Shared with the instance's other tasks. Default: no cache of entries. */
  cache?: StateCacheBudget
  /** Told what is committed. Default: nobody listens. */
  changes?: TaskChanges | undefined
}

/**
 * All stores of one task, and how far each has followed its changelog. Persistent stores and their offsets share one
 * database of the engine and are committed in one atomic batch: a crash leaves them at a commit, never between two.
 *
 * Writes stay in memory, readable, until they are committed. `seal()` closes a generation of them: later writes are no
 * part of the next commit. Stores in memory take writes at once and forget everything, with their offsets, at the end.
 */
export class TaskStorage {
  /** Changelog partitions of the stores in memory. */
  readonly #memoryPartitions: ReadonlySet<string>
  readonly #beforeSeal: (() => void)[] = []

  private constructor(
    private readonly taskId: string,
    private readonly persistent: TaskDatabase | null,
    private readonly memory: MemoryTaskDatabase,
    changelogsInMemory: readonly string[],
    private readonly changes: TaskChanges | undefined,
  ) {
    const partition = Number(taskId.slice(taskId.indexOf('_') + 1))
    this.#memoryPartitions = new Set(changelogsInMemory.map((topic) => tpKey(topic, partition)))
  }

  /**
   * Opens what the task left behind, or starts empty. A database that is damaged is set aside, reported to the logger,
   * and started empty.
   */
  static async open({
    engine,
    directory,
    taskId,
    stores,
    logger,
    cache,
    changes,
  }: TaskStorageOptions): Promise<TaskStorage> {
    const onDisk = directory === null ? [] : stores.filter(({ persistent }) => persistent)
    const inMemory = stores.filter((store) => !onDisk.includes(store))
    const database =
      directory === null || onDisk.length === 0
        ? null
        : await engine.open({
            directory,
            taskId,
            stores: onDisk.map(({ name, changelogTopic }) => ({ name, logged: changelogTopic !== null })),
            logger,
            cache,
          })
    const memory = new MemoryTaskDatabase(inMemory.map(({ name }) => name))
    return new TaskStorage(
      taskId,
      database,
      memory,
      inMemory.flatMap(({ changelogTopic }) => changelogTopic ?? []),
      changes,
    )
  }

  /** What `changelogOffsets` gives for the persistent stores, without opening them. */
  static async readOffsets(
    options: Pick<TaskStorageOptions, 'engine' | 'taskId' | 'logger'> & { readonly directory: string },
  ): Promise<ReadonlyMap<string, number>> {
    const database = await options.engine.open({ ...options, stores: [] })
    try {
      return new Map(database.offsets)
    } finally {
      await database.close()
    }
  }

  /**
   * By `tpKey`: the offset of the last changelog record that the committed state contains. Absent: none. Under `<tpKey>#<name>`,
   * what else was committed about the changelog.
   */
  changelogOffsets(): Map<string, number> {
    const offsets = new Map(this.memory.offsets)
    for (const [key, number] of this.persistent?.offsets ?? []) {
      // or it was committed while a store that is in memory now was on disk
      if (!this.#memoryPartitions.has(partitionOf(key))) offsets.set(key, number)
    }
    return offsets
  }

  /** The bytes of one of the task's stores; what `StateStoreContext.openBytes` gives it. */
  bytes(store: string): ByteStore {
    const bytes = this.persistent?.stores.get(store) ?? this.memory.stores.get(store)
    if (bytes !== undefined) return bytes
    const { taskId } = this
    throw new StreamsError('UNKNOWN_STORE', `task ${taskId} has no store '${store}'`, { taskId, store })
  }

  /** A store's bytes as of the last commit; `undefined` where they are only in memory. */
  committedBytes(store: string): CommittedBytes | undefined {
    return this.persistent?.stores.get(store)?.committedView?.()
  }

  /** Size of what is written and not yet committed, of both generations and of restore; stores in memory don't count. */
  get dirtyBytes(): number {
    return this.persistent === null ? 0 : this.persistent.dirtyBytes
  }

  /** Of the engine's tables, those that are not compacted yet; `undefined` for an engine without any. */
  get uncompactedTables(): number | undefined {
    return this.persistent?.uncompactedTables
  }

  /** Calls `write` before each `seal()`: it puts what a store still keeps apart into the store's bytes. */
  beforeSeal(write: () => void): void {
    this.#beforeSeal.push(write)
  }

  /** The writes so far are what the next commit writes out. Not while a commit of sealed writes is under way. */
  seal(): void {
    for (const write of this.#beforeSeal) write()
    this.persistent?.seal()
    this.changes?.seal()
  }

  /**
   * Writes the sealed generation, all that was restored since the last call, and the offsets (by `tpKey`, of the last
   * record contained) in one atomic batch. Calls may overlap: they are worked off in order. After a failure every later
   * call fails too: close the task and open it again.
   */
  async commit(changelogOffsets: ReadonlyMap<string, number>): Promise<void> {
    const publish = this.changes?.take()
    const durable = new Map<string, number>()
    const inMemory = new Map<string, number>()
    for (const [key, number] of changelogOffsets) {
      const target = this.persistent === null || this.#memoryPartitions.has(partitionOf(key)) ? inMemory : durable
      target.set(key, number)
    }
    await Promise.all([this.memory.commit(inMemory), this.persistent?.commit(durable)])
    publish?.()
  }

  /**
   * Forgets what is not committed. Stores in memory can't go back: they are emptied, and their changelog offsets
   * forgotten.
   */
  discard(): void {
    this.changes?.stop()
    this.persistent?.discard()
    this.memory.discard()
  }

  /** Waits for commits under way; what is not committed is lost. */
  async close(): Promise<void> {
    await this.persistent?.close()
    this.changes?.stop()
  }
}

/** The changelog partition of a number kept about it. */
const partitionOf = (key: string): string => {
  const end = key.indexOf('#')
  return end < 0 ? key : key.slice(0, end)
}
