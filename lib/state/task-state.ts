import { StreamsError } from '../errors'
import type { Logger } from '../observe/logger'
import { LevelState } from './level/level-state'
import { MemoryBytes } from './memory/memory-bytes'
import type { ByteStore, ManagedStore } from './store'
import { tpKey } from '../record/topic-partition'

export interface TaskStateOptions {
  /** The task's own folder, made when the first persistent store needs it. `null` keeps everything in memory. */
  directory: string | null
  /** `<sub-topology>_<partition>` */
  taskId: string
  stores: readonly Pick<ManagedStore, 'name' | 'persistent' | 'changelogTopic'>[]
  logger: Logger
}

/**
 * All stores of one task, and how far each has followed its changelog. Persistent stores and their offsets share one
 * database and are committed in one atomic batch: a crash leaves them at a commit, never between two.
 *
 * Writes stay in memory, readable, until they are committed. `seal()` closes a generation of them: later writes are no
 * part of the next commit. Stores in memory take writes at once and forget everything, with their offsets, at the end.
 */
export class TaskState {
  readonly #memory = new Map<string, MemoryBytes>()
  readonly #memoryOffsets = new Map<string, number>()
  /** Changelog partitions of the stores in memory. */
  readonly #memoryPartitions = new Set<string>()

  private constructor(
    private readonly options: TaskStateOptions,
    private readonly level: LevelState | null,
  ) {
    const partition = Number(options.taskId.slice(options.taskId.indexOf('_') + 1))
    for (const { name, changelogTopic } of options.stores) {
      if (level?.bytes(name) !== undefined) continue
      this.#memory.set(name, new MemoryBytes())
      if (changelogTopic !== null) this.#memoryPartitions.add(tpKey(changelogTopic, partition))
    }
  }

  /**
   * Opens what the task left behind, or starts empty. A database that is damaged is renamed to `<directory>.damaged-…`,
   * reported to the logger, and started empty.
   */
  static async open(options: TaskStateOptions): Promise<TaskState> {
    const { directory, taskId, logger } = options
    const stores = options.stores.filter((store) => store.persistent).map((store) => store.name)
    const needsDisk = directory !== null && stores.length > 0
    return new TaskState(options, needsDisk ? await LevelState.open({ directory, taskId, stores, logger }) : null)
  }

  /** By `tpKey`: the offset of the last changelog record that the committed state contains. Absent: none. */
  changelogOffsets(): Map<string, number> {
    return new Map([...(this.level?.offsets ?? []), ...this.#memoryOffsets])
  }

  /** The bytes of one of the task's stores; what `StateStoreContext.openBytes` gives it. */
  bytes(store: string): ByteStore {
    const bytes = this.level?.bytes(store) ?? this.#memory.get(store)
    if (bytes !== undefined) return bytes
    const { taskId } = this.options
    throw new StreamsError('UNKNOWN_STORE', `task ${taskId} has no store '${store}'`, { taskId, store })
  }

  /** Size of what is written and not yet committed, of both generations and of restore; stores in memory don't count. */
  get dirtyBytes(): number {
    return this.level === null ? 0 : this.level.dirtyBytes
  }

  /** The writes so far are what the next commit writes out. Not while a commit of sealed writes is under way. */
  seal(): void {
    this.level?.seal()
  }

  /**
   * Writes the sealed generation, all that was restored since the last call, and the offsets (by `tpKey`, of the last
   * record contained) in one atomic batch. Calls may overlap: they are worked off in order. After a failure every later
   * call fails too: close the task and open it again.
   */
  async commit(changelogOffsets: ReadonlyMap<string, number>): Promise<void> {
    const durable = new Map<string, number>()
    for (const [partition, offset] of changelogOffsets) {
      if (this.level === null || this.#memoryPartitions.has(partition)) this.#memoryOffsets.set(partition, offset)
      else durable.set(partition, offset)
    }
    await this.level?.commit(durable)
  }

  /**
   * Forgets what is not committed. Stores in memory can't go back: they are emptied, and their changelog offsets
   * forgotten.
   */
  discard(): void {
    this.level?.discard()
    this.#memoryOffsets.clear()
    for (const bytes of this.#memory.values()) bytes.clear()
  }

  /** Waits for commits under way; what is not committed is lost. */
  async close(): Promise<void> {
    await this.level?.close()
  }
}
