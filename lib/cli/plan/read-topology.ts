import { readFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import type { TopologyDescription } from '../../topology/description'
import { parseDescription } from '../../topology/parse-description'
import type { CommandIo } from '../io'
import { loadTopology } from '../load-topology'
import { unreadable } from '../unreadable'
import { UsageError } from '../usage-error'

const MODULE = /^\.[cm]?[jt]sx?$/

/** From a module, the JSON of `describe --json`, or the text of `describe()`. */
export const readTopology = async (
  path: string,
  name: string | undefined,
  io: CommandIo,
): Promise<TopologyDescription> => {
  if (MODULE.test(extname(path))) return (await loadTopology(path, name, io)).description
  const file = resolve(io.cwd, path)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(unreadable(file, error))
  }
  const description = text.trimStart().startsWith('{') ? fromJson(text) : parseDescription(text)
  if (description !== undefined) return description
  throw new UsageError(`${file} is no topology: give a module, or what 'millrace describe' prints as text or JSON`)
}

const fromJson = (text: string): TopologyDescription | undefined => {
  try {
    const found = JSON.parse(text) as Partial<TopologyDescription>
    return Array.isArray(found.subtopologies) && Array.isArray(found.globalStores)
      ? (found as TopologyDescription)
      : undefined
  } catch {
    return undefined
  }
}
