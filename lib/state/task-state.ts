import type { Logger } from '../observe/logger'
import type { ByteStore, ManagedStore } from './store'

export interface TaskStateOptions {
  /** `null` keeps everything in memory. */
  directory: string | null
  taskId: string
  stores: readonly Pick<ManagedStore, 'name' | 'persistent' | 'changelogTopic'>[]
  logger: Logger
}

export declare class TaskState {
  static open(options: TaskStateOptions): Promise<TaskState>
  /** By `tpKey`: the offset of the last changelog record contained in the state; absent = none. */
  changelogOffsets(): Map<string, number>
  bytes(store: string, persistent: boolean): ByteStore
  /** Size of what is written and not yet committed (both generations), in bytes. */
  get dirtyBytes(): number
  seal(): void
  /** Writes the sealed generation, what was restored, and the offsets, in one atomic batch. Calls are queued in order. */
  commit(changelogOffsets: ReadonlyMap<string, number>): Promise<void>
  /** Forgets what is not committed. */
  discard(): void
  close(): Promise<void>
}
