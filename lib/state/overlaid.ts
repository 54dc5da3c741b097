import { breathe } from './breathe'
import { byteString, bytesOf } from '../bytes/byte-string'
import type { SlotCursor } from './memory/sorted-slots'
import type { ScanOptions } from './store'

type Entry = [key: Buffer, value: Buffer]

/**
 * Entries overlaid with newer ones: for a key in both, the newer one wins, and a newer deletion hides it. Both sides
 * are in the same order.
 */
export async function* overlaid(
  entries: AsyncIterable<Entry>,
  newer: SlotCursor,
  { reverse = false, signal }: ScanOptions,
): AsyncGenerator<Entry> {
  if (!newer.advance()) return yield* entries
  const pause = breathe(signal)
  const older = entries[Symbol.asyncIterator]()
  try {
    let entry = await older.next()
    while (newer.slot !== undefined) {
      if (pause.due()) await pause.take()
      const { key, value } = newer.slot
      const olderKey = entry.done ? undefined : byteString(entry.value[0])
      if (olderKey !== undefined && (reverse ? olderKey > key : olderKey < key)) {
        yield entry.value
        entry = await older.next()
        continue
      }
      if (olderKey === key) entry = await older.next()
      newer.advance()
      if (value !== null) yield [bytesOf(key), value]
    }
    while (!entry.done) {
      yield entry.value
      entry = await older.next()
    }
  } finally {
    await older.return?.()
  }
}
