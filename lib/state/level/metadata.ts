import { EntryFormat } from './entry-format'
import { PREFIX_BYTES } from './key-space'
import { corruption, type Database, type WriteBatch } from './level-database'

/** The number in front of the database's own keys; stores have the ones from 1 on. */
const METADATA_ID = 0
const MAX_ID = 0xffff

/**
 * Rises when the layout changes. 1 had no checksums, and an entry for each number that is now in the metadata entry; 2 had
 * other buckets of windows and sessions.
 */
const FORMAT = 3
const UNCHECKED_FORMAT_BYTES = 8

const keyOf = (kind: string): Buffer => {
  const key = Buffer.alloc(PREFIX_BYTES + kind.length)
  key.writeUInt16BE(METADATA_ID)
  key.write(kind, PREFIX_BYTES)
  return key
}

/** A double, where every format has it. */
const FORMAT_KEY = keyOf('f')
const METADATA_KEY = keyOf('m')
/** Of format 1: `s<store>` has the store's number. */
const FORMAT_1_STORES = { gte: keyOf('s'), lt: keyOf('t') }

/** What a database knows about itself: one entry, so that no part of it can be missing while the rest is there. */
export interface Metadata {
  /** Store name → its number. */
  readonly ids: ReadonlyMap<string, number>
  /** Changelog partition → offset of the last record contained. */
  readonly offsets: ReadonlyMap<string, number>
  /** Store name → estimated number of entries. */
  readonly entries: ReadonlyMap<string, number>
}

export const NO_METADATA: Metadata = { ids: new Map(), offsets: new Map(), entries: new Map() }

/** A database of another format than this version's. */
export interface OtherFormat {
  readonly format: number
  readonly isNewer: boolean
  /** The names of its stores, of an older format. */
  readonly stores: readonly string[]
}

/** `undefined`: the database is new. Throws where entries are there but what describes them is missing. */
export const readMetadata = async (database: Database): Promise<Metadata | OtherFormat | undefined> => {
  const format = database.getSync(FORMAT_KEY)
  if (format === undefined) {
    const [entry] = await database.keys({ limit: 1 }).all()
    if (entry !== undefined) throw corruption('there are entries, but none that says their format')
    return undefined
  }
  if (format.length === UNCHECKED_FORMAT_BYTES) {
    const keys = await database.keys(FORMAT_1_STORES).all()
    const stores = keys.map((key) => key.toString('utf8', PREFIX_BYTES + 1))
    return { format: format.readDoubleBE(), isNewer: false, stores }
  }
  const number = new EntryFormat().decode(FORMAT_KEY, format).readDoubleBE()
  if (number > FORMAT) return { format: number, isNewer: true, stores: [] }
  const bytes = database.getSync(METADATA_KEY)
  if (bytes === undefined) throw corruption('the metadata entry is missing')
  const metadata = parse(new EntryFormat().decode(METADATA_KEY, bytes))
  return number === FORMAT ? metadata : { format: number, isNewer: false, stores: [...metadata.ids.keys()] }
}

/** `metadata` with numbers for stores that have none yet; a store keeps its number for good. */
export const withIds = (metadata: Metadata, stores: readonly string[]): Metadata => {
  const ids = new Map(metadata.ids)
  let last = Math.max(METADATA_ID, ...ids.values())
  for (const store of stores) {
    if (ids.has(store)) continue
    if (++last === MAX_ID) throw new RangeError(`a task has room for ${MAX_ID - 1} stores over its lifetime`)
    ids.set(store, last)
  }
  return { ...metadata, ids }
}

export const putFormat = (batch: WriteBatch): void => {
  const number = Buffer.allocUnsafe(8)
  number.writeDoubleBE(FORMAT)
  batch.put(FORMAT_KEY, new EntryFormat().encode(FORMAT_KEY, number))
}

export const putMetadata = (batch: WriteBatch, { ids, offsets, entries }: Metadata): void => {
  const text = JSON.stringify({
    ids: Object.fromEntries(ids),
    offsets: Object.fromEntries(offsets),
    entries: Object.fromEntries(entries),
  })
  batch.put(METADATA_KEY, new EntryFormat().encode(METADATA_KEY, Buffer.from(text)))
}

const parse = (bytes: Buffer): Metadata => {
  const { ids, offsets, entries } = JSON.parse(bytes.toString()) as Record<keyof Metadata, Record<string, number>>
  return { ids: mapOf(ids), offsets: mapOf(offsets), entries: mapOf(entries) }
}

const mapOf = (numbers: Record<string, number>): Map<string, number> => new Map(Object.entries(numbers))
