import { rm } from 'node:fs/promises'
import { findDamage } from './damage'
import { isDamage, levelErrorCode, openDatabase } from './level-database'

/**
 * Locks a folder for this process. The lock is that of an empty LevelDB: it ends with the
 * process however that ends, and never becomes stale. `undefined` if it is already locked.
 */
export const acquireProcessLock = async (location: string): Promise<{ release(): Promise<void> } | undefined> => {
  const open = async () => {
    const database = await openDatabase(location)
    return { release: () => database.close() }
  }
  try {
    return await open()
  } catch (error) {
    if (levelErrorCode(error) === 'LEVEL_LOCKED') return undefined
    if ((await findDamage(location)) === undefined && !isDamage(error)) throw error
    // it holds nothing worth keeping
    await rm(location, { recursive: true, force: true })
    return open()
  }
}
