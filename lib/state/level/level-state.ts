import { StreamsError } from '../../errors'
import type { Logger } from '../../observe/logger'
import { breathe } from '../breathe'
import type { ByteMap } from '../memory/byte-map'
import { findDamage, findDroppedRecords, setAside } from './damage'
import { LevelBytes, type SharedDatabase } from './level-bytes'
import {
  isDamage,
  levelErrorCode,
  levelErrorReason,
  newBatch,
  openDatabase,
  type Database,
  type WriteBatch,
} from './level-database'
import { assignIds, isKnownFormat, putEntries, putOffset, readMetadata, type Metadata } from './metadata'

export interface LevelStateOptions {
  directory: string
  taskId: string
  stores: readonly string[]
  logger: Logger
}

interface SealedStore {
  readonly store: LevelBytes
  readonly writes: ByteMap
}

/** The persistent stores of one task: one LevelDB, with the changelog offsets that its stores have reached. */
export class LevelState implements SharedDatabase {
  readonly #stores = new Map<string, LevelBytes>()
  readonly #metadata: Metadata
  readonly #options: LevelStateOptions
  #restored: { batch: WriteBatch; bytes: number } | null = null
  /** Commits run one after the other, in the order in which they were asked for. */
  #tail: Promise<void> = Promise.resolve()
  /** A sealed generation is on its way to disk. */
  #committing = false
  #damage: string | null = null
  #failure: Error | null = null
  #closed: Promise<void> | null = null

  private constructor(
    readonly database: Database,
    metadata: Metadata,
    options: LevelStateOptions,
  ) {
    this.#metadata = metadata
    this.#options = options
    for (const store of options.stores) {
      const entries = metadata.entries.get(store) ?? 0
      this.#stores.set(store, new LevelBytes(store, metadata.ids.get(store)!, entries, this))
    }
  }

  static async open(options: LevelStateOptions): Promise<LevelState> {
    try {
      const damage = await findDamage(options.directory)
      if (damage === undefined) return await LevelState.#load(options)
      await setDamagedAside(options, damage)
    } catch (error) {
      if (!isDamage(error)) throw openFailure(error, options)
      await setDamagedAside(options, levelErrorReason(error))
    }
    return LevelState.#load(options).catch((error) => {
      throw openFailure(error, options)
    })
  }

  static async #load(options: LevelStateOptions): Promise<LevelState> {
    const database = await openDatabase(options.directory)
    try {
      const dropped = await findDroppedRecords(options.directory)
      if (dropped !== undefined) throw Object.assign(new Error(dropped), { code: 'LEVEL_CORRUPTION' })
      const metadata = await readMetadata(database)
      if (!isKnownFormat(metadata)) throw unknownFormat(options, metadata.format)
      const batch = newBatch(database)
      assignIds(metadata, options.stores, batch)
      await batch.write()
      return new LevelState(database, metadata, options)
    } catch (error) {
      await database.close()
      throw error
    }
  }

  /** By `tpKey`: the last changelog offset contained, as of the last finished commit. */
  get offsets(): ReadonlyMap<string, number> {
    return this.#metadata.offsets
  }

  bytes(store: string): LevelBytes | undefined {
    return this.#stores.get(store)
  }

  get dirtyBytes(): number {
    let bytes = this.#restored === null ? 0 : this.#restored.bytes
    for (const store of this.#stores.values()) bytes += store.dirtyBytes
    return bytes
  }

  seal(): void {
    if (this.#committing) {
      throw new StreamsError(
        'ILLEGAL_STATE',
        `task ${this.#options.taskId}: its sealed writes are being committed; await that commit before the next seal()`,
        { taskId: this.#options.taskId },
      )
    }
    for (const store of this.#stores.values()) store.seal()
  }

  restoring(bytes: number): WriteBatch {
    this.#restored ??= { batch: newBatch(this.database), bytes: 0 }
    this.#restored.bytes += bytes
    return this.#restored.batch
  }

  commit(offsets: ReadonlyMap<string, number>): Promise<void> {
    const restored = this.#restored
    this.#restored = null
    const sealed: SealedStore[] = []
    for (const store of this.#stores.values()) if (store.sealed !== null) sealed.push({ store, writes: store.sealed })
    this.#committing ||= sealed.length > 0
    const commit = this.#tail
      .then(() => this.#write(restored?.batch, sealed, offsets))
      .finally(() => {
        if (sealed.length > 0) this.#committing = false
      })
    this.#tail = commit.catch(() => {})
    return commit
  }

  discard(): void {
    this.#restored?.batch.close().catch(() => {})
    this.#restored = null
    for (const [name, store] of this.#stores) store.discard(this.#metadata.entries.get(name) ?? 0)
  }

  /** Waits for commits under way. What is not committed is lost. A database found damaged is set aside. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  failure(error: unknown, doing: string, store?: string): Error {
    if (error instanceof StreamsError) return error
    const { taskId, directory } = this.#options
    const where = store === undefined ? `task ${taskId}` : `store '${store}' of task ${taskId}`
    const reason = levelErrorReason(error)
    if (isDamage(error)) {
      this.#damage ??= reason
      return new StreamsError(
        'STATE_STORE_DAMAGED',
        `${doing} ${where} found the database in ${directory} damaged (${reason}). ` +
          'It is set aside when the task closes, and its stores are restored from their changelogs when it opens again.',
        { taskId, store },
        { cause: error },
      )
    }
    if (this.#closed !== null) {
      return new StreamsError(
        'STORE_NOT_AVAILABLE',
        `${doing} ${where}: it was closed meanwhile, as its task stopped or moved to another instance`,
        { taskId, store },
        { cause: error },
      )
    }
    return new StreamsError(
      'STATE_STORE_FAILED',
      `${doing} ${where} in ${directory} failed: ${reason}. Check the disk's free space and its permissions.`,
      { taskId, store },
      { cause: error },
    )
  }

  async #write(
    restored: WriteBatch | undefined,
    sealed: readonly SealedStore[],
    offsets: ReadonlyMap<string, number>,
  ): Promise<void> {
    // what a failed commit held is missing: offsets of later ones would claim it
    if (this.#failure !== null) throw this.#failure
    const known = this.#metadata
    try {
      const batch = restored ?? newBatch(this.database)
      const pause = breathe()
      for (const { store, writes } of sealed) {
        for (const { key, value } of writes.slots()) {
          if (pause.due()) await pause.take()
          if (value === null) batch.del(store.keys.of(key))
          else batch.put(store.keys.of(key), value)
        }
      }
      for (const [partition, offset] of offsets) {
        if (known.offsets.get(partition) !== offset) putOffset(batch, partition, offset)
      }
      if (batch.length === 0) return await batch.close()
      const entries = new Map<string, number>()
      for (const [name, store] of this.#stores) {
        if (known.entries.get(name) === store.approximateNumEntries()) continue
        entries.set(name, store.approximateNumEntries())
        putEntries(batch, name, store.approximateNumEntries())
      }
      await batch.write()
      for (const { store, writes } of sealed) store.committed(writes)
      for (const store of this.#stores.values()) {
        const below = store.takeDropBelow()
        // what a crash leaves of it is not read either
        if (below !== null) await this.database.clear(store.keys.range({ to: below }))
      }
      for (const [partition, offset] of offsets) known.offsets.set(partition, offset)
      for (const [name, count] of entries) known.entries.set(name, count)
    } catch (error) {
      throw (this.#failure = this.failure(error, 'committing'))
    }
  }

  async #close(): Promise<void> {
    this.#restored?.batch.close().catch(() => {})
    this.#restored = null
    await this.#tail
    await this.database.close()
    if (this.#damage !== null) await setDamagedAside(this.#options, this.#damage)
  }
}

const setDamagedAside = async ({ directory, taskId, logger }: LevelStateOptions, damage: string): Promise<void> => {
  const aside = await setAside(directory)
  logger.error(
    { taskId, directory, setAside: aside, damage },
    `the state of task ${taskId} is damaged (${damage}); it was set aside as ${aside}. ` +
      'Stores with a changelog are restored from it; stores without one start empty.',
  )
}

const unknownFormat = ({ directory, taskId }: LevelStateOptions, format: number | null): StreamsError =>
  new StreamsError(
    'STATE_STORE_FAILED',
    `the state of task ${taskId} in ${directory} has layout ${format}, written by a newer version of millrace. ` +
      'Run that version, or remove the folder: it is restored from the changelogs.',
    { taskId },
  )

const openFailure = (error: unknown, { directory, taskId }: LevelStateOptions): Error => {
  if (error instanceof StreamsError) return error
  if (levelErrorCode(error) === 'LEVEL_LOCKED') {
    return new StreamsError(
      'STATE_DIRECTORY_LOCKED',
      `the state of task ${taskId} in ${directory} is open elsewhere. ` +
        'Await the close of the task that has it, or give this instance a stateDir of its own.',
      { taskId },
      { cause: error },
    )
  }
  return new StreamsError(
    'STATE_STORE_FAILED',
    `the state of task ${taskId} in ${directory} can't be opened: ${levelErrorReason(error)}. ` +
      'Check that the folder is writable and the disk has space.',
    { taskId },
    { cause: error },
  )
}
