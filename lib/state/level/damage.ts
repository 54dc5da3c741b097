import { readFile, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const MARK = '.damaged-'

/**
 * What LevelDB itself misses when it opens a folder: without a `CURRENT` file it starts an empty database beside the
 * tables that are there, and a lost manifest it takes for success.
 */
export const findDamage = async (location: string): Promise<string | undefined> => {
  const files = await readdir(location).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (!files.includes('CURRENT')) {
    const orphan = files.find((file) => /\.(ldb|sst|log)$/.test(file) || file.startsWith('MANIFEST-'))
    return orphan === undefined ? undefined : `there is ${orphan} but no CURRENT file`
  }
  const manifest = (await readFile(join(location, 'CURRENT'), 'latin1')).trim()
  return files.includes(manifest) ? undefined : `CURRENT names the manifest '${manifest}', which is missing`
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
