import type { DatabaseCache } from './entry-cache'
import type { Database, WriteBatch } from './level-database'

/** What a store needs from the database that it shares with the task's other stores. */
export interface SharedDatabase {
  readonly database: Database
  readonly cache: DatabaseCache | undefined
  /** The batch that collects restored records until the next commit; `bytes` are about to be added to it. */
  restoring(bytes: number): WriteBatch
  /** Converts LevelDB's errors, and records damage. */
  failure(error: unknown, doing: string, store: string): Error
}
