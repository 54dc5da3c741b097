import { readFile, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const MARK = '.damaged-'

/**
 * Damage that LevelDB does not report when it opens a folder: without a `CURRENT` file it creates an empty database next to
 * the existing tables, and a lost manifest is like any file it can't read.
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
 * What LevelDB dropped from its write-ahead log when it opened: it continues after unreadable records, so that a
 * commit could be missing while later ones exist. Only its own `LOG` file says so. A log truncated at its end, as after a
 * crash, is not damage.
 */
export const findDroppedRecords = async (location: string): Promise<string | undefined> => {
  const log = await readFile(join(location, 'LOG'), 'utf8').catch(() => '')
  return /\S+: dropping \d+ bytes.*/.exec(log)?.[0]
}

/** Renames a damaged database's folder and returns its new name. Removes older ones of the same task. */
export const setAside = async (location: string): Promise<string> => {
  const folder = dirname(location)
  for (const name of await readdir(folder)) {
    if (name.startsWith(basename(location) + MARK)) await rm(join(folder, name), { recursive: true, force: true })
  }
  const target = `${location}${MARK}${new Date().toISOString().replaceAll(':', '-')}`
  await rename(location, target)
  return target
}
