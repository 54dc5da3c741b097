import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { StreamsError, type OpenDatabaseOptions, type StateEngine, type TaskDatabase } from 'millrace'
import { CommitLog, LogDamaged, type Commit } from './commit-log'
import { LogStore } from './log-store'

/** State in memory and in a log file for each task: every commit is one line of it. */
export const logEngine = (): StateEngine => {
  const open = new Set<string>()
  return {
    name: 'log',
    persistent: true,
    async open(options) {
      const { directory, taskId } = options
      if (open.has(directory)) {
        throw new StreamsError('STATE_DIRECTORY_LOCKED', `the state in ${directory} is open already`, { taskId })
      }
      open.add(directory)
      const release = (): void => void open.delete(directory)
      try {
        return await LogDatabase.open(options, release)
      } catch (error) {
        release()
        throw new StreamsError('STATE_STORE_FAILED', `${directory} can't be opened`, { taskId }, { cause: error })
      }
    },
  }
}

/** What is in the log of a task, also of stores that this topology does not have. */
interface Contents {
  readonly offsets: Map<string, number>
  readonly stores: Map<string, Map<string, string>>
  commits: number
}

/** Above this number a log is rewritten when it is opened. */
const COMMITS_AT_MOST = 1000

class LogDatabase implements TaskDatabase {
  readonly stores: ReadonlyMap<string, LogStore>
  readonly offsets: Map<string, number>
  /** Throws once the database is closed. */
  readonly #check: () => void
  #tail: Promise<void> = Promise.resolve()
  #failure: Error | undefined
  #committing = false
  #closed: Promise<void> | undefined

  private constructor(
    { stores, taskId }: OpenDatabaseOptions,
    contents: Contents,
    private readonly log: CommitLog,
    private readonly release: () => void,
  ) {
    this.offsets = contents.offsets
    const check = (): void => {
      if (this.#closed) throw new StreamsError('STORE_NOT_AVAILABLE', `task ${taskId} is closed`, { taskId })
    }
    this.stores = new Map(stores.map(({ name }) => [name, new LogStore(check)]))
    for (const [name, store] of this.stores) {
      for (const [key, value] of contents.stores.get(name) ?? []) store.committed.set(key, Buffer.from(value, 'latin1'))
    }
    this.#check = check
  }

  static async open(options: OpenDatabaseOptions, release: () => void): Promise<LogDatabase> {
    const { directory, taskId, logger } = options
    try {
      let { log, contents } = await replay(directory)
      if (contents.commits > COMMITS_AT_MOST) {
        await log.close()
        await CommitLog.rewrite(directory, asCommit(contents))
        ;({ log, contents } = await replay(directory))
      }
      return new LogDatabase(options, contents, log, release)
    } catch (error) {
      if (!(error instanceof LogDamaged)) throw error
      const aside = join(directory, `log.damaged-${Date.now()}`)
      await rename(join(directory, 'log'), aside)
      logger.error({ taskId, setAside: aside }, `the log of task ${taskId} is damaged: ${error.message}`)
      const { log, contents } = await replay(directory)
      return new LogDatabase(options, contents, log, release)
    }
  }

  get dirtyBytes(): number {
    return [...this.stores.values()].reduce((bytes, store) => bytes + store.dirtyBytes, 0)
  }

  seal(): void {
    if (this.#committing) throw new StreamsError('ILLEGAL_STATE', 'sealed writes are being committed: await that first')
    for (const store of this.stores.values()) store.seal()
  }

  commit(offsets: ReadonlyMap<string, number>): Promise<void> {
    // What is part of the commit is decided now; it is written when those before it are.
    const parts = [...this.stores].map(([name, store]) => {
      const { restored, sealed, sealedBelow } = store
      store.restored = new Map()
      store.sealedBelow = null
      return { name, store, restored, sealed, sealedBelow }
    })
    const hasSealed = parts.some(({ sealed }) => sealed !== null)
    this.#committing ||= hasSealed
    const commit = this.#tail.then(async () => {
      try {
        await this.#write(parts, offsets)
      } finally {
        if (hasSealed) this.#committing = false
      }
    })
    this.#tail = commit.catch(() => {})
    return commit
  }

  discard(): void {
    for (const store of this.stores.values()) store.discard()
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#tail.then(async () => {
      await this.log.close()
      this.release()
    }))
  }

  async #write(parts: readonly CommitPart[], offsets: ReadonlyMap<string, number>): Promise<void> {
    if (this.#failure) throw this.#failure
    try {
      const changes = parts.map((part) => ({ ...part, changes: changesOf(part) }))
      const writes = changes.flatMap(({ name, changes }) =>
        [...changes].map(([key, value]) => [name, key, value === null ? null : value.toString('latin1')] as const),
      )
      await this.log.append({ offsets: Object.fromEntries(offsets), writes })
      for (const { store, changes: own, sealed } of changes) {
        for (const [key, value] of own) {
          if (value === null) store.committed.delete(key)
          else store.committed.set(key, value)
        }
        if (store.sealed === sealed) store.sealed = null
      }
      for (const [partition, offset] of offsets) this.offsets.set(partition, offset)
    } catch (error) {
      this.#check()
      throw (this.#failure = new StreamsError('STATE_STORE_FAILED', 'the log was not written', {}, { cause: error }))
    }
  }
}

interface CommitPart {
  readonly name: string
  readonly store: LogStore
  readonly restored: ReadonlyMap<string, Buffer | null>
  readonly sealed: ReadonlyMap<string, Buffer | null> | null
  readonly sealedBelow: string | null
}

const changesOf = ({ store, restored, sealed, sealedBelow }: CommitPart): Map<string, Buffer | null> => {
  const changes = new Map<string, Buffer | null>([...restored, ...(sealed ?? [])])
  if (sealedBelow !== null) {
    for (const key of [...store.committed.keys(), ...changes.keys()]) if (key < sealedBelow) changes.set(key, null)
  }
  return changes
}

const replay = async (directory: string): Promise<{ log: CommitLog; contents: Contents }> => {
  const contents: Contents = { offsets: new Map(), stores: new Map(), commits: 0 }
  const log = await CommitLog.open(directory, ({ offsets, writes }) => {
    contents.commits++
    for (const [partition, offset] of Object.entries(offsets)) contents.offsets.set(partition, offset)
    for (const [name, key, value] of writes) {
      const store = contents.stores.get(name) ?? new Map<string, string>()
      contents.stores.set(name, store)
      if (value === null) store.delete(key)
      else store.set(key, value)
    }
  })
  return { log, contents }
}

const asCommit = ({ offsets, stores }: Contents): Commit => ({
  offsets: Object.fromEntries(offsets),
  writes: [...stores].flatMap(([name, entries]) => [...entries].map(([key, value]) => [name, key, value] as const)),
})
