import type { DatabaseCache } from './entry-cache'
import type { Database } from './level-database'

/** What a store needs from the database that it shares with the task's other stores. */
export interface SharedDatabase {
  readonly database: Database
  readonly cache: DatabaseCache | undefined
  /** Converts LevelDB's errors, and records damage. */
  failure(error: unknown, doing: string, store: string): Error
}
