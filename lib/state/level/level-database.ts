import type * as LevelModule from 'level'

export type Database = LevelModule.Level<Buffer, Buffer>
export type WriteBatch = ReturnType<typeof newBatch>
export type Snapshot = ReturnType<Database['snapshot']>

/** How LevelDB keeps its tables. */
export interface LevelTuning {
  readonly blockCacheBytes?: number
  readonly writeBufferBytes?: number
  readonly compression?: boolean
}

const MIB = 1 << 20

export const DEFAULT_TUNING = { blockCacheBytes: 8 * MIB, writeBufferBytes: 8 * MIB, compression: true }

/** Opens a LevelDB of bytes, creating it if necessary. */
export const openDatabase = async (location: string, tuning: LevelTuning = {}): Promise<Database> => {
  const { blockCacheBytes, writeBufferBytes, compression } = { ...DEFAULT_TUNING, ...tuning }
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- with its native binding, when the first store is opened
  const { Level } = require('level') as typeof LevelModule
  const database: Database = new Level(location, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    cacheSize: blockCacheBytes,
    writeBufferSize: writeBufferBytes,
    compression,
  })
  await database.open()
  return database
}

/** Collects writes in native memory: keys and values are copied as they are added. */
export const newBatch = (database: Database) => database.batch()

const CORRUPTION = 'LEVEL_CORRUPTION'

/** Tables that were written from memory and not yet compacted into the sorted ones: a read may have to look into each. */
export const uncompactedTables = (database: Database): number => {
  // what stands behind `Level` in Node has it
  const { getProperty } = database as unknown as { getProperty(name: string): string }
  return database.status === 'open' ? Number(getProperty.call(database, 'leveldb.num-files-at-level0')) : 0
}

/** Damage that LevelDB itself has not noticed. */
export const corruption = (reason: string): Error => Object.assign(new Error(reason), { code: CORRUPTION })

/** Whether files were found damaged. LevelDB calls a table that was cut short an invalid argument. */
export const isDamage = (error: unknown): boolean =>
  levelErrorCode(error) === CORRUPTION || /^IO error: .*\.(ldb|sst): Invalid argument$/.test(levelErrorReason(error))

/** LevelDB's own message: abstract-level wraps it if a database doesn't open. */
export const levelErrorReason = (error: unknown): string => {
  const { cause, message } = error as { message: string; cause?: { message?: string } }
  return cause?.message ?? message
}

/** LevelDB's own error code: abstract-level wraps it if a database doesn't open. */
export const levelErrorCode = (error: unknown): string | undefined => {
  const { code, cause } = error as { code?: string; cause?: { code?: string } }
  return code === 'LEVEL_DATABASE_NOT_OPEN' && cause?.code !== undefined ? cause.code : code
}
