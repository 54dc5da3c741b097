import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { StreamsError } from '../../errors'
import type { ByteScan } from '../state-engine'
import { findDamage, findDroppedRecords } from './damage'
import { databaseFailure } from './failures'
import { EntryFormat } from './entry-format'
import { KeySpace } from './key-space'
import { corruption, type Database, isDamage, levelErrorReason, openDatabase } from './level-database'
import { type Metadata, NO_METADATA, readMetadata } from './metadata'
import { storedEntries } from './stored-entries'
import { findDamagedTable } from './table-check'

/** A store as the database's metadata has it. */
export interface InspectedStore {
  readonly name: string
  /** An estimate. */
  readonly entries: number
}

const TABLE = /\.(ldb|sst)$/
/** `LOG` is rewritten at every open, and `LOCK` is the owner's. */
const NOT_COPIED = /^(LOCK|LOG|LOG\.old)$/

/**
 * A task's database, to be looked at while no application runs on it. LevelDB writes when it opens a database: it replays the log and
 * forgets what it dropped. So this opens a copy in a temporary folder, with links to the tables, which never change, and the
 * original stays as it is, damage included.
 */
export class DatabaseInspection {
  private constructor(
    private readonly database: Database,
    private readonly metadata: Metadata,
    private readonly copy: TemporaryCopy,
    private readonly where: { readonly taskId: string; readonly directory: string },
  ) {}

  /**
   * Throws STATE_STORE_DAMAGED, or STATE_STORE_FAILED for what can't be read and for another format.
   * @param verify whether to check the tables first: LevelDB aborts the process when it compacts a damaged one
   */
  static async open(directory: string, taskId: string, verify = true): Promise<DatabaseInspection> {
    const where = { directory, taskId }
    const copy = await temporaryCopy()
    let database: Database | undefined
    try {
      const damage = (await findDamage(directory)) ?? (verify ? await findDamagedTable(directory) : undefined)
      if (damage !== undefined) throw corruption(damage)
      await copyTo(copy.path, directory)
      database = await openDatabase(copy.path)
      const dropped = await findDroppedRecords(copy.path)
      if (dropped !== undefined) throw corruption(dropped.replaceAll(copy.path, directory))
      const metadata = (await readMetadata(database)) ?? NO_METADATA
      if ('format' in metadata) throw otherFormat(metadata.format, where)
      return new DatabaseInspection(database, metadata, copy, where)
    } catch (error) {
      await database?.close()
      await copy.remove()
      throw failure(error, 'opening', where)
    }
  }

  /** By `<topic>-<partition>`: the offset of the last changelog record that the database contains. */
  get offsets(): ReadonlyMap<string, number> {
    return this.metadata.offsets
  }

  get stores(): readonly InspectedStore[] {
    const { ids, entries } = this.metadata
    return [...ids.keys()].sort().map((name) => ({ name, entries: entries.get(name) ?? 0 }))
  }

  get(store: string, key: Buffer): Buffer | undefined {
    const stored = this.keysOf(store).of(key)
    try {
      const value = this.database.getSync(stored)
      return value === undefined ? undefined : new EntryFormat().decode(stored, value)
    } catch (error) {
      throw failure(error, 'reading', this.where, store)
    }
  }

  async *scan(store: string, scan: ByteScan = {}): AsyncGenerator<[key: Buffer, value: Buffer], void, undefined> {
    try {
      yield* storedEntries(this.database, this.keysOf(store), new EntryFormat(), scan)
    } catch (error) {
      throw failure(error, 'scanning', this.where, store)
    }
  }

  async close(): Promise<void> {
    await this.database.close()
    await this.copy.remove()
  }

  private keysOf(store: string): KeySpace {
    const id = this.metadata.ids.get(store)
    if (id !== undefined) return new KeySpace(id)
    const names = [...this.metadata.ids.keys()].join(', ') || 'none'
    throw new StreamsError('UNKNOWN_STORE', `task ${this.where.taskId} has no store '${store}', but ${names}`)
  }
}

interface TemporaryCopy {
  readonly path: string
  remove(): Promise<void>
}

/** Gone with the process, too: a large database takes long enough to be interrupted. */
const temporaryCopy = async (): Promise<TemporaryCopy> => {
  const path = await mkdtemp(join(tmpdir(), 'millrace-state-'))
  const removeNow = (): void => rmSync(path, { recursive: true, force: true })
  process.once('exit', removeNow)
  return {
    path,
    async remove() {
      process.off('exit', removeNow)
      await rm(path, { recursive: true, force: true })
    },
  }
}

const copyTo = async (copy: string, directory: string): Promise<void> => {
  for (const file of await readdir(directory)) {
    if (NOT_COPIED.test(file)) continue
    const [from, to] = [resolve(directory, file), join(copy, file)]
    // where links are not allowed, as on Windows, the tables are copied, too
    const link = TABLE.test(file) ? symlink(from, to).catch(() => copyFile(from, to)) : copyFile(from, to)
    await link
  }
}

const failure = (
  error: unknown,
  doing: string,
  where: { taskId: string; directory: string },
  store?: string,
): Error => {
  if (error instanceof StreamsError || !isDamage(error)) {
    return databaseFailure(error, doing, { ...where, store, closed: false })
  }
  const { taskId, directory } = where
  return new StreamsError(
    'STATE_STORE_DAMAGED',
    `the database of task ${taskId} in ${directory} is damaged (${levelErrorReason(error)}). It was left as it is: ` +
      'at its next start the application sets it aside, and restores its stores from their changelogs',
    { taskId },
    { cause: error },
  )
}

const otherFormat = (format: number, { taskId, directory }: { taskId: string; directory: string }): StreamsError =>
  new StreamsError(
    'STATE_STORE_FAILED',
    `the state of task ${taskId} in ${directory} has format ${format}, of another version of millrace: inspect it with that version`,
    { taskId },
  )
