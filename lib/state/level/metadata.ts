import type { Database, WriteBatch } from './level-database'
import { PREFIX_BYTES } from './key-space'

/** The number in front of the database's own entries; stores have the ones from 1 on. */
const METADATA_ID = 0
const MAX_ID = 0xffff
const FORMAT = 1

const KIND = {
  /** the layout of the database */
  format: 0x66, // f
  /** store name → its number */
  store: 0x73, // s
  /** changelog partition → offset of the last record contained */
  offset: 0x6f, // o
  /** store name → estimated number of entries */
  entries: 0x6e, // n
} as const

/** What a database knows about itself. */
export interface Metadata {
  readonly format: number | null
  readonly ids: Map<string, number>
  readonly offsets: Map<string, number>
  readonly entries: Map<string, number>
}

const keyOf = (kind: number, name: string): Buffer => {
  const text = Buffer.from(name, 'utf8')
  const key = Buffer.allocUnsafe(PREFIX_BYTES + 1 + text.length)
  key.writeUInt16BE(METADATA_ID)
  key[PREFIX_BYTES] = kind
  text.copy(key, PREFIX_BYTES + 1)
  return key
}

const numberBytes = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeDoubleBE(value)
  return bytes
}

export const isKnownFormat = ({ format }: Metadata): boolean => format === null || format === FORMAT

export const readMetadata = async (database: Database): Promise<Metadata> => {
  let format: number | null = null
  const maps: Record<number, Map<string, number>> = {
    [KIND.store]: new Map(),
    [KIND.offset]: new Map(),
    [KIND.entries]: new Map(),
  }
  const range = { gte: Buffer.from([0, METADATA_ID]), lt: Buffer.from([0, METADATA_ID + 1]) }
  for await (const [key, value] of database.iterator(range)) {
    const number = value.readDoubleBE()
    const kind = key[PREFIX_BYTES]!
    if (kind === KIND.format) format = number
    else maps[kind]?.set(key.toString('utf8', PREFIX_BYTES + 1), number)
  }
  return { format, ids: maps[KIND.store]!, offsets: maps[KIND.offset]!, entries: maps[KIND.entries]! }
}

/** Numbers for stores that have none yet, for good: added to `metadata` and to `batch`. */
export const assignIds = (metadata: Metadata, stores: readonly string[], batch: WriteBatch): void => {
  let last = Math.max(METADATA_ID, ...metadata.ids.values())
  for (const store of stores) {
    if (metadata.ids.has(store)) continue
    if (++last === MAX_ID) throw new RangeError(`a task has room for ${MAX_ID - 1} stores over its lifetime`)
    metadata.ids.set(store, last)
    batch.put(keyOf(KIND.store, store), numberBytes(last))
  }
  if (metadata.format === null) batch.put(keyOf(KIND.format, ''), numberBytes(FORMAT))
}

export const putOffset = (batch: WriteBatch, partition: string, offset: number): void => {
  batch.put(keyOf(KIND.offset, partition), numberBytes(offset))
}

export const putEntries = (batch: WriteBatch, store: string, entries: number): void => {
  batch.put(keyOf(KIND.entries, store), numberBytes(entries))
}
