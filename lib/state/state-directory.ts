import type { Logger } from '../observe/logger'

export interface StateDirectoryOptions {
  applicationId: string
  /** Default: `millrace` in the operating system's folder for temporary files. */
  stateDir?: string
  logger: Logger
}

export declare class StateDirectory {
  static open(options: StateDirectoryOptions): Promise<StateDirectory>
  /** Removes all local state of an application. Refused (STATE_DIRECTORY_LOCKED) while one of its instances runs on it. */
  static cleanUp(options: StateDirectoryOptions): Promise<void>
  readonly path: string
  /** A UUID that stays the same over restarts on this directory. */
  readonly processId: string
  taskDirectory(taskId: string): string
  /** Tasks that have a folder here, sorted by sub-topology and partition. */
  taskIds(): Promise<string[]>
  remove(taskId: string): Promise<void>
  close(): Promise<void>
}
