import { Level } from 'level'

export type Database = Level<Buffer, Buffer>
export type WriteBatch = ReturnType<typeof newBatch>
export type DatabaseIterator = ReturnType<Database['iterator']>

/** Blocks read from disk stay in memory up to this size, for each task. */
const BLOCK_CACHE_BYTES = 8 << 20

/**
 * LevelDB sorts writes in memory up to this size, and holds up to two such buffers, for each task. Larger ones make a
 * restore faster and a start after a crash slower.
 */
const WRITE_BUFFER_BYTES = 8 << 20

/** Opens a LevelDB of bytes, creating it if need be. */
export const openDatabase = async (location: string): Promise<Database> => {
  const database: Database = new Level(location, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    cacheSize: BLOCK_CACHE_BYTES,
    writeBufferSize: WRITE_BUFFER_BYTES,
  })
  await database.open()
  return database
}

/** Collects writes in native memory: keys and values are copied as they are added. */
export const newBatch = (database: Database) => database.batch()

/** Whether LevelDB has found its files damaged. A table that was cut short it calls an invalid argument. */
export const isDamage = (error: unknown): boolean =>
  levelErrorCode(error) === 'LEVEL_CORRUPTION' ||
  /^IO error: .*\.(ldb|sst): Invalid argument$/.test(levelErrorReason(error))

/** LevelDB's own words. */
export const levelErrorReason = (error: unknown): string => {
  const { cause, message } = error as Error
  return cause instanceof Error ? cause.message : message
}

/** LevelDB's own code for what went wrong: abstract-level wraps it where a database doesn't open. */
export const levelErrorCode = (error: unknown): string | undefined => {
  const { code, cause } = error as { code?: string; cause?: { code?: string } }
  return code === 'LEVEL_DATABASE_NOT_OPEN' && cause?.code !== undefined ? cause.code : code
}
