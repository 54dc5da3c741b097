import type { ByteScan } from '../state-engine'
import type { EntryFormat } from './entry-format'
import { PREFIX_BYTES, type KeySpace } from './key-space'
import type { Database, Snapshot } from './level-database'

const PAGE = 1000
const PAGE_BYTES = 1 << 18

/** The database's entries in a range, as of the snapshot, or of now: it is taken here, not at the first `next()`. */
export const storedEntries = (
  database: Database,
  keys: KeySpace,
  format: EntryFormat,
  scan: ByteScan,
  snapshot?: Snapshot,
): AsyncIterable<[Buffer, Buffer]> => {
  const iterator = database.iterator({ ...keys.range(scan), highWaterMarkBytes: PAGE_BYTES, snapshot })
  return (async function* () {
    try {
      for (;;) {
        const page = await iterator.nextv(PAGE)
        if (page.length === 0) return
        for (const [key, stored] of page) {
          scan.signal?.throwIfAborted()
          yield [key.subarray(PREFIX_BYTES), format.decode(key, stored)] as [Buffer, Buffer]
        }
      }
    } finally {
      await iterator.close()
    }
  })()
}
