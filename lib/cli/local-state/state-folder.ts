import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { StreamsError } from '../../errors'
import { DatabaseInspection } from '../../state/level/inspection'
import { acquireProcessLock } from '../../state/level/process-lock'
import { readProcessInfo } from '../../state/process-file'
import { UsageError } from '../usage-error'

const TASK = /^(\d+_\d+|global)$/

/** The state of one application on this machine, locked against the application itself. */
export interface StateFolder {
  readonly path: string
  /** Those that have state here, in order; `global` comes last. */
  readonly taskIds: readonly string[]
  /** Of a task's files, in bytes. */
  sizeOf(taskId: string): Promise<number>
  inspect<T>(taskId: string, use: (database: DatabaseInspection) => Promise<T>): Promise<T>
}

/** `folder`: `<stateDir>/<applicationId>`, a `stateDir` with one application, or the folder of one task. */
export const withStateFolder = async <T>(
  folder: string,
  cwd: string,
  use: (folder: StateFolder) => Promise<T>,
): Promise<T> => {
  const { path, only } = await applicationFolder(resolve(cwd, folder))
  const lock = await lockOf(path)
  try {
    const taskIds = (await tasksIn(path)).filter((taskId) => only === undefined || taskId === only)
    const intact = new Set<string>()
    return await use({
      path,
      taskIds,
      sizeOf: (taskId) => sizeOf(join(path, taskId)),
      async inspect(taskId, look) {
        const database = await DatabaseInspection.open(join(path, taskId), taskId, !intact.has(taskId))
        intact.add(taskId)
        try {
          return await look(database)
        } finally {
          await database.close()
        }
      },
    })
  } finally {
    await lock?.release()
  }
}

const applicationFolder = async (folder: string): Promise<{ path: string; only?: string }> => {
  if (!existsSync(folder)) throw new UsageError(`there is no folder ${folder}`)
  if (TASK.test(basename(folder)) && existsSync(join(folder, 'CURRENT'))) {
    return { path: dirname(folder), only: basename(folder) }
  }
  if ((await tasksIn(folder)).length > 0) return { path: folder }
  const applications: string[] = []
  for (const name of await foldersIn(folder)) {
    if ((await tasksIn(join(folder, name))).length > 0) applications.push(name)
  }
  if (applications.length === 1) return { path: join(folder, applications[0]!) }
  throw new UsageError(
    applications.length === 0
      ? `${folder} has no state: name the folder <stateDir>/<applicationId>`
      : `${folder} has the state of ${applications.join(', ')}: name the folder of one`,
  )
}

const foldersIn = async (path: string): Promise<string[]> => {
  const entries = await readdir(path, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

const tasksIn = async (path: string): Promise<string[]> =>
  (await foldersIn(path)).filter((name) => TASK.test(name)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))

const sizeOf = async (path: string): Promise<number> => {
  let bytes = 0
  for (const name of await readdir(path)) bytes += (await stat(join(path, name))).size
  return bytes
}

const lockOf = async (path: string): Promise<{ release(): Promise<void> } | undefined> => {
  const location = join(path, 'lock')
  // a copy of a task's folder alone, which no application can be running on
  if (!existsSync(location)) return undefined
  const lock = await acquireProcessLock(location)
  if (lock !== undefined) return lock
  const holder = await readProcessInfo(join(path, 'process.json'))
  const who = holder === undefined ? 'an instance' : `process ${holder.pid} on ${holder.hostname}`
  throw new StreamsError(
    'STATE_DIRECTORY_LOCKED',
    `${path} is in use: ${who} runs on it. Stop it, or inspect a copy of the folder`,
  )
}
