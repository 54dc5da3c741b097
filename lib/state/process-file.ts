import { randomUUID } from 'node:crypto'
import { readFile, realpath, rename, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'

/** The process that uses, or last used, a state directory. */
export interface ProcessInfo {
  /** Stays the same across restarts. */
  readonly processId: string
  readonly pid: number
  readonly hostname: string
  /** The state directory, links resolved. */
  readonly directory: string
  readonly startedAt: string
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** `undefined` if there is none, or none that can be read. */
export const readProcessInfo = async (file: string): Promise<ProcessInfo | undefined> => {
  try {
    const info = JSON.parse(await readFile(file, 'utf8')) as ProcessInfo
    return typeof info.processId === 'string' && UUID.test(info.processId) ? info : undefined
  } catch {
    return undefined
  }
}

/**
 * Registers this process, under the directory's existing id. A directory that was copied or moved, also to another machine, gets an id of its
 * own: under exactly-once two processes with one id would fence each other again and again.
 */
export const enterProcess = async (file: string): Promise<ProcessInfo> => {
  const place = { hostname: hostname(), directory: await realpath(dirname(file)) }
  const last = await readProcessInfo(file)
  const isSame = last?.hostname === place.hostname && last.directory === place.directory
  const processId = isSame ? last.processId : randomUUID()
  const info: ProcessInfo = { processId, pid: process.pid, ...place, startedAt: new Date().toISOString() }
  const draft = `${file}.tmp`
  await writeFile(draft, `${JSON.stringify(info)}\n`, { mode: 0o640 })
  await rename(draft, file)
  return info
}
