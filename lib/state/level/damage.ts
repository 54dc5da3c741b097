import { readFile, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const MARK = '.damaged-'

/**
 * What LevelDB does not call damage when it opens a folder: without a `CURRENT` file it starts an empty database beside
 * the tables that are there, and a lost manifest is like any file it can't read.
 */
export const findDamage = async (location: string): Promise<string | undefined> => {
  const files = await readdir(location).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (!files.includes('CURRENT')) {
    const orphan = files.find((file) => /\.(ldb|sst|log)$/.test(file))
    return orphan === undefined ? undefined : `there is ${orphan} but no CURRENT file`
  }
  const manifest = (await readFile(join(location, 'CURRENT'), 'latin1')).trim()
  return files.includes(manifest) ? undefined : `CURRENT names the manifest '${manifest}', which is missing`
}

/**
 * What LevelDB has dropped from its write-ahead log while it opened: it continues after unreadable records, so that a
 * commit would be missing below those that came after it. Only its own `LOG` file says so. A log cut off at its end, as a
 * crash may leave it, is no damage.
 */
export const findDroppedRecords = async (location: string): Promise<string | undefined> => {
  const log = await readFile(join(location, 'LOG'), 'utf8').catch(() => '')
  return /\S+: dropping \d+ bytes.*/.exec(log)?.[0]
}

/** Renames a damaged database's folder and returns its new name. Keeps no older one of the same task. */
export const setAside = async (location: string): Promise<string> => {
  const folder = dirname(location)
  for (const name of await readdir(folder)) {
    if (name.startsWith(basename(location) + MARK)) await rm(join(folder, name), { recursive: true, force: true })
  }
  const target = `${location}${MARK}${new Date().toISOString().replaceAll(':', '-')}`
  await rename(location, target)
  return target
}
