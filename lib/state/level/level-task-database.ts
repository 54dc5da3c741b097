import { rm } from 'node:fs/promises'
import { StreamsError } from '../../errors'
import { breathe } from '../breathe'
import type { OpenDatabaseOptions, TaskDatabase } from '../state-engine'
import type { DatabaseCache, EntryCache } from './entry-cache'
import { findDamage, findDroppedRecords, setAside } from './damage'
import { CompactionWatch } from './compaction-watch'
import { databaseFailure, openFailure, rebuildImpossible, writtenByNewer } from './failures'
import { LevelBytes } from './level-bytes'
import {
  corruption,
  isDamage,
  levelErrorReason,
  newBatch,
  openDatabase,
  uncompactedTables,
  type Database,
  type LevelTuning,
  type WriteBatch,
} from './level-database'
import { NO_METADATA, putFormat, putMetadata, readMetadata, withIds, type Metadata, type OtherFormat } from './metadata'
import type { SharedDatabase } from './shared-database'
import type { TableChecks } from './table-check'
import type { UncommittedEntries } from './uncommitted-entries'

export interface LevelTaskDatabaseOptions extends OpenDatabaseOptions {
  readonly tuning: LevelTuning
  /** Checks the checksums of all tables first. `undefined`: not. */
  readonly tableChecks: TableChecks | undefined
  /** Shared with other databases. */
  readonly entryCache: EntryCache | undefined
}

/** A write of a longer value takes as long as several. */
const BYTES_PER_STEP = 512

interface SealedStore {
  readonly store: LevelBytes
  readonly writes: UncommittedEntries
}

/** The persistent stores of one task in one LevelDB, with the changelog offsets that they have reached. */
export class LevelTaskDatabase implements TaskDatabase, SharedDatabase {
  readonly stores: ReadonlyMap<string, LevelBytes>
  readonly cache: DatabaseCache | undefined
  readonly #options: LevelTaskDatabaseOptions
  #metadata: Metadata
  #restored: { batch: WriteBatch; bytes: number } | null = null
  /** Commits run one after the other, in the order of the calls. */
  #tail: Promise<void> = Promise.resolve()
  /** A sealed generation is on its way to disk. */
  #committing = false
  #damage: string | null = null
  #failure: Error | null = null
  #closed: Promise<void> | null = null
  readonly #compaction: CompactionWatch

  private constructor(
    readonly database: Database,
    metadata: Metadata,
    options: LevelTaskDatabaseOptions,
    isNew = false,
  ) {
    this.#metadata = metadata
    this.#options = options
    this.cache = options.entryCache?.open(isNew)
    this.#compaction = new CompactionWatch({ ...options, uncompacted: () => this.uncompactedTables })
    this.stores = new Map(
      options.stores.map(({ name }) => {
        const entries = metadata.entries.get(name) ?? 0
        return [name, new LevelBytes(name, metadata.ids.get(name)!, entries, this)]
      }),
    )
  }

  static async open(options: LevelTaskDatabaseOptions): Promise<LevelTaskDatabase> {
    try {
      const damage = await damageOf(options)
      if (damage === undefined) return await LevelTaskDatabase.#load(options)
      await setDamagedAside(options, damage)
    } catch (error) {
      if (!isDamage(error)) throw openFailure(error, options)
      await setDamagedAside(options, levelErrorReason(error))
    }
    return LevelTaskDatabase.#load(options).catch((error) => {
      throw openFailure(error, options)
    })
  }

  static async #load(options: LevelTaskDatabaseOptions): Promise<LevelTaskDatabase> {
    const database = await openDatabase(options.directory, options.tuning)
    let found: Metadata | OtherFormat | undefined
    try {
      const dropped = await findDroppedRecords(options.directory)
      if (dropped !== undefined) throw corruption(dropped)
      found = await readMetadata(database)
      if (found === undefined || !('format' in found)) {
        const metadata = withIds(found ?? NO_METADATA, namesOf(options))
        const batch = newBatch(database)
        if (found === undefined) putFormat(batch)
        putMetadata(batch, metadata)
        await batch.write()
        return new LevelTaskDatabase(database, metadata, options, found === undefined)
      }
    } catch (error) {
      await database.close()
      throw error
    }
    if (options.stores.length === 0) return new LevelTaskDatabase(database, NO_METADATA, options)
    await database.close()
    await removeOldFormat(options, found)
    return LevelTaskDatabase.#load(options)
  }

  get offsets(): ReadonlyMap<string, number> {
    return this.#metadata.offsets
  }

  get dirtyBytes(): number {
    let bytes = this.#restored === null ? 0 : this.#restored.bytes
    for (const store of this.stores.values()) bytes += store.dirtyBytes
    return bytes
  }

  get uncompactedTables(): number {
    return uncompactedTables(this.database)
  }

  seal(): void {
    if (this.#committing) {
      throw new StreamsError(
        'ILLEGAL_STATE',
        `task ${this.#options.taskId}: its sealed writes are being committed; await that commit before the next seal()`,
        { taskId: this.#options.taskId },
      )
    }
    for (const store of this.stores.values()) store.seal()
  }

  restoring(bytes: number): WriteBatch {
    if (this.#restored === null) {
      this.#restored = { batch: newBatch(this.database), bytes: 0 }
      this.cache?.beginBatch()
    }
    this.#restored.bytes += bytes
    return this.#restored.batch
  }

  commit(offsets: ReadonlyMap<string, number>): Promise<void> {
    const restored = this.#restored
    this.#restored = null
    const number = this.cache === undefined ? 0 : this.cache.batch
    const sealed: SealedStore[] = []
    const entries = new Map<string, number>()
    for (const [name, store] of this.stores) {
      store.sealRestored()
      entries.set(name, store.sealedEntries)
      // a commit under way has what is sealed
      if (store.sealed !== null && !this.#committing) sealed.push({ store, writes: store.sealed })
    }
    this.#committing ||= sealed.length > 0
    const commit = this.#tail
      .then(() => this.#write(restored?.batch, number, sealed, offsets, entries))
      .finally(() => {
        if (sealed.length > 0) this.#committing = false
      })
    this.#tail = commit.catch(() => {})
    return commit
  }

  discard(): void {
    // a commit under way can no longer be told from what is committed
    this.cache?.close()
    this.#restored?.batch.close().catch(() => {})
    this.#restored = null
    for (const [name, store] of this.stores) store.discard(this.#metadata.entries.get(name) ?? 0)
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  failure(error: unknown, doing: string, store?: string): Error {
    if (isDamage(error)) this.#damage ??= levelErrorReason(error)
    return databaseFailure(error, doing, { ...this.#options, store, closed: this.#closed !== null })
  }

  async #write(
    restored: WriteBatch | undefined,
    /** Of the batch, in the cache. */
    number: number,
    sealed: readonly SealedStore[],
    offsets: ReadonlyMap<string, number>,
    entries: ReadonlyMap<string, number>,
  ): Promise<void> {
    // a failed commit's writes are missing: offsets of later ones would cover them
    if (this.#failure !== null) throw this.#failure
    const known = this.#metadata
    try {
      const batch = restored ?? newBatch(this.database)
      const pause = breathe()
      for (const { store, writes } of sealed) {
        for (const { key, value } of writes.writes()) {
          if (pause.due(1 + (value === null ? 0 : value.length / BYTES_PER_STEP))) await pause.take()
          store.write(batch, number, key, value)
        }
      }
      const isNew = [...offsets].some(([partition, offset]) => known.offsets.get(partition) !== offset)
      if (batch.length > 0 || isNew) {
        const metadata = {
          ids: known.ids,
          offsets: new Map([...known.offsets, ...offsets]),
          entries: new Map([...known.entries, ...entries]),
        }
        putMetadata(batch, metadata)
        await batch.write()
        this.#metadata = metadata
        this.#compaction.committed()
      } else {
        await batch.close()
      }
      this.cache?.batchCommitted(number)
      for (const { store, writes } of sealed) store.committed(writes)
      for (const store of this.stores.values()) {
        const below = store.takeDropBelow()
        // what a crash leaves of it is not read either
        if (below !== null) await this.database.clear(store.keys.range({ to: below }))
      }
    } catch (error) {
      throw (this.#failure = this.failure(error, 'committing'))
    }
  }

  async #close(): Promise<void> {
    this.cache?.close()
    this.#restored?.batch.close().catch(() => {})
    this.#restored = null
    await this.#tail
    await this.database.close()
    if (this.#damage !== null) await setDamagedAside(this.#options, this.#damage)
  }
}

const namesOf = ({ stores }: OpenDatabaseOptions): string[] => stores.map(({ name }) => name)

const damageOf = async ({ directory, tableChecks, stores }: LevelTaskDatabaseOptions): Promise<string | undefined> =>
  (await findDamage(directory)) ?? (await tableChecks?.findDamage(directory, { forOffsets: stores.length === 0 }))

const setDamagedAside = async ({ directory, taskId, logger }: OpenDatabaseOptions, damage: string): Promise<void> => {
  const aside = await setAside(directory)
  logger.error(
    { taskId, directory, setAside: aside, damage },
    `the state of task ${taskId} is damaged (${damage}); it was set aside as ${aside}. ` +
      'Stores with a changelog are restored from it; stores without one start empty.',
  )
}

/** State of an earlier version is restored from the changelogs, so it can go; where one is missing it is an error. */
const removeOldFormat = async (
  options: OpenDatabaseOptions,
  { format, isNewer, stores }: OtherFormat,
): Promise<void> => {
  const { directory, taskId, logger } = options
  if (isNewer) throw writtenByNewer(format, options)
  const unlogged = options.stores.filter(({ name, logged }) => !logged && stores.includes(name))
  if (unlogged.length > 0) throw rebuildImpossible(format, namesOf({ ...options, stores: unlogged }), options)
  await rm(directory, { recursive: true })
  logger.warn(
    { taskId, directory, format },
    `the state of task ${taskId} has format ${format}, of an earlier version of millrace: ` +
      'it was removed, and is restored from the changelogs.',
  )
}
