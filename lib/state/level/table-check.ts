import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { crc32c } from '../../bytes/crc32c'
import { decompressSnappyBlock } from '../../bytes/snappy-block'

/**
 * The first table of a database that does not match its checksums, and where.
 *
 * LevelDB writes a checksum after every block, but classic-level has it verify none (`paranoid_checks` and
 * `verify_checksums` can't be set). A flipped bit in a table's index, its filter or a key then makes LevelDB miss entries
 * that exist, which no checksum in the entries can detect. Call it while the database is closed.
 */
export const findDamagedTable = async (location: string): Promise<string | undefined> => {
  const files = (await readdir(location).catch(ignoreMissing)) ?? []
  for (const file of files.filter((name) => /\.(ldb|sst)$/.test(name))) {
    const table = await readFile(join(location, file)).catch(ignoreMissing)
    const damage = table === undefined ? undefined : await damageIn(table)
    if (damage !== undefined) return `${file}: ${damage}`
  }
  return undefined
}

/** How long a table that was found intact is taken to be so: a start reads the offsets of a task, then opens it. */
const STILL_INTACT_MS = 60_000

/** Checks the tables of databases before LevelDB sees them: a damaged key makes its compaction abort the process. */
export class TableChecks {
  readonly #intactAt = new Map<string, number>()

  /** As {@link findDamagedTable}. What `forOffsets` finds intact is not read again by the call that follows it. */
  async findDamage(location: string, { forOffsets }: { readonly forOffsets: boolean }): Promise<string | undefined> {
    const intactAt = this.#intactAt.get(location) ?? -Infinity
    this.#intactAt.delete(location)
    if (!forOffsets && performance.now() - intactAt < STILL_INTACT_MS) return undefined
    const damage = await findDamagedTable(location)
    if (forOffsets && damage === undefined) this.#intactAt.set(location, performance.now())
    return damage
  }
}

/** A folder may be new, and a database that is open elsewhere removes tables; opening it then says so. */
const ignoreMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error
}

/** The position of a block in its table, without the trailer. */
interface Block {
  readonly offset: number
  readonly size: number
}

const FOOTER_BYTES = 48
const MAGIC = Buffer.from('57fb808b247547db', 'hex')
/** Type of compression and checksum. */
const TRAILER_BYTES = 5
const SNAPPY = 1

/** How much is checked before timers and sockets get their turn. */
const SLICE_BYTES = 1 << 19

const damageIn = async (table: Buffer): Promise<string | undefined> => {
  // A crash leaves tables that are not finished. LevelDB removes them; of a table in use it reports this itself.
  if (table.length < FOOTER_BYTES || !table.subarray(-MAGIC.length).equals(MAGIC)) return undefined
  try {
    const footer = new Reader(table, table.length - FOOTER_BYTES)
    const metaindex = footer.block()
    const index = footer.block()
    verify(table, metaindex)
    verify(table, index)
    let untilPause = SLICE_BYTES
    for (const block of [...blocksIn(table, metaindex), ...blocksIn(table, index)]) {
      verify(table, block)
      untilPause -= block.size
      if (untilPause > 0) continue
      untilPause = SLICE_BYTES
      await setImmediate()
    }
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const verify = (table: Buffer, { offset, size }: Block): void => {
  const end = offset + size
  if (end + TRAILER_BYTES > table.length) throw new Error(`the block at ${offset} ends behind the file`)
  // of the contents and the type behind them; rotated, so that a checksum of bytes with checksums in them is none of them
  const stored = (table.readUInt32LE(end + 1) - 0xa282ead8) >>> 0
  const expected = ((stored >>> 17) | (stored << 15)) >>> 0
  if (crc32c(table, offset, end + 1) !== expected) throw new Error(`the block at ${offset} does not match its checksum`)
}

/** Of an index, which maps keys to blocks. Its checksum must have been verified. */
const blocksIn = (table: Buffer, { offset, size }: Block): Block[] => {
  const contents = table.subarray(offset, offset + size)
  const entries = table[offset + size] === SNAPPY ? decompressSnappyBlock(contents) : contents
  const restarts = entries.readUInt32LE(entries.length - 4)
  const end = entries.length - 4 - 4 * restarts
  const blocks: Block[] = []
  const reader = new Reader(entries, 0)
  while (reader.at < end) {
    reader.varint() // of the key, how much it shares with the one before
    const keyBytes = reader.varint()
    const valueBytes = reader.varint()
    const value = reader.at + keyBytes
    blocks.push(new Reader(entries, value).block())
    reader.at = value + valueBytes
  }
  return blocks
}

class Reader {
  constructor(
    private readonly bytes: Buffer,
    public at: number,
  ) {}

  block(): Block {
    return { offset: this.varint(), size: this.varint() }
  }

  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.bytes.readUInt8(this.at++)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
}
