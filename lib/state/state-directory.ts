import { mkdir, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { StreamsError } from '../errors'
import { levelErrorReason } from './level/level-database'
import { acquireProcessLock } from './level/process-lock'
import { enterProcess, readProcessInfo } from './process-file'

export interface StateDirectoryOptions {
  readonly applicationId: string
  /** Default: `millrace` in the operating system's folder for temporary files. */
  readonly stateDir?: string
}

export const defaultStateDir = (): string => join(tmpdir(), 'millrace')

const LOCK_FOLDER = 'lock'
const PROCESS_FILE = 'process.json'
const GLOBAL_FOLDER = 'global'
const TASK_FOLDER = /^\d+_\d+$/
/** State, also what was set aside as damaged, and the process id; but not the lock: removing that would let another instance in. */
const OWN_ENTRIES = /^((\d+_\d+|global)(\.damaged-.*)?|process\.json(\.tmp)?)$/

/**
 * Where an application keeps its state on this machine: `<stateDir>/<applicationId>`, with a folder for each task. Only
 * one instance at a time can use it, until it closes or its process dies.
 */
export class StateDirectory {
  #closed: Promise<void> | null = null

  private constructor(
    readonly path: string,
    /** A UUID that stays the same across restarts in this directory, where it is. */
    readonly processId: string,
    private readonly lock: { release(): Promise<void> },
  ) {}

  /** Locks the directory. Throws STATE_DIRECTORY_LOCKED if another instance uses it. */
  static async open(options: StateDirectoryOptions): Promise<StateDirectory> {
    const path = pathOf(options)
    const lock = await acquire(path, options.applicationId)
    try {
      const { processId } = await enterProcess(join(path, PROCESS_FILE))
      return new StateDirectory(path, processId, lock)
    } catch (error) {
      await lock.release()
      throw unusable(path, options.applicationId, error)
    }
  }

  /**
   * Removes all local state of an application, its process id included: the next start restores from the changelogs. Files of
   * others stay. Throws STATE_DIRECTORY_LOCKED while an instance runs on it.
   */
  static async cleanUp(options: StateDirectoryOptions): Promise<void> {
    const path = pathOf(options)
    const lock = await acquire(path, options.applicationId)
    try {
      for (const name of await readdir(path)) {
        if (OWN_ENTRIES.test(name)) await rm(join(path, name), { recursive: true, force: true })
      }
    } catch (error) {
      throw unusable(path, options.applicationId, error)
    } finally {
      await lock.release()
    }
  }

  taskDirectory(taskId: string): string {
    return join(this.path, taskId)
  }

  /** The folder of the global stores. */
  get globalDirectory(): string {
    return join(this.path, GLOBAL_FOLDER)
  }

  /** Removes the state of the global stores, which must be closed. */
  async removeGlobal(): Promise<void> {
    await rm(this.globalDirectory, { recursive: true, force: true })
  }

  /** Tasks that have state here, ordered by sub-topology and partition. */
  async taskIds(): Promise<string[]> {
    const entries = await readdir(this.path, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && TASK_FOLDER.test(entry.name))
      .map((entry) => entry.name)
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  }

  /** Removes the state of a task, which must be closed. */
  async remove(taskId: string): Promise<void> {
    if (!TASK_FOLDER.test(taskId))
      throw new StreamsError('INVALID_ARGUMENT', `'${taskId}' is not a task id`, { taskId })
    await rm(this.taskDirectory(taskId), { recursive: true, force: true })
  }

  /** Unlocks the directory. Tasks must be closed first. */
  close(): Promise<void> {
    return (this.#closed ??= this.lock.release())
  }
}

const pathOf = ({ stateDir = defaultStateDir(), applicationId }: StateDirectoryOptions): string =>
  join(resolve(stateDir), applicationId)

const acquire = async (path: string, applicationId: string): Promise<{ release(): Promise<void> }> => {
  let lock: { release(): Promise<void> } | undefined
  try {
    await mkdir(path, { recursive: true, mode: 0o750 })
    // within a process, LevelDB tells its locks apart by their paths
    lock = await acquireProcessLock(join(await realpath(path), LOCK_FOLDER))
  } catch (error) {
    throw unusable(path, applicationId, error)
  }
  if (lock !== undefined) return lock
  const holder = await readProcessInfo(join(path, PROCESS_FILE))
  const who =
    holder === undefined
      ? 'another instance'
      : `process ${holder.pid} on ${holder.hostname}, since ${holder.startedAt},`
  throw new StreamsError(
    'STATE_DIRECTORY_LOCKED',
    `the state directory ${path} is in use: ${who} runs '${applicationId}' on it. ` +
      'Give each instance on a machine its own `stateDir`, or stop the other one.',
  )
}

const unusable = (path: string, applicationId: string, error: unknown): StreamsError =>
  new StreamsError(
    'STATE_STORE_FAILED',
    `the state directory ${path} of '${applicationId}' can't be used: ${levelErrorReason(error).trimEnd()}. ` +
      (isWithoutAddon(error)
        ? 'LevelDB is a native addon: keep the package classic-level out of a bundle, and install it where the application runs.'
        : 'Check that `stateDir` is writable and the disk has space.'),
    {},
    { cause: error },
  )

/** By node-gyp-build, which finds the addon of classic-level. */
const isWithoutAddon = (error: unknown): boolean => /^No native build was found/.test((error as Error).message)
