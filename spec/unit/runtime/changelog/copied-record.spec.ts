import type { FetchedPartition, RecordCursor } from '../../../../lib/kafka/port'
import { NO_HEADERS } from '../../../../lib/record/headers'
import { replay } from '../../../../lib/runtime/changelog/replay'
import type { ChangelogRecord } from '../../../../lib/state/store'

type Entry = readonly [key: Buffer | null, value: Buffer | null]

/** A cursor over batches of records, each batch in memory of its own, somewhere in a larger buffer. */
class Batches implements RecordCursor {
  readonly leaderEpoch = -1
  offset = -1
  readonly timestamp = 7
  readonly producerId = -1
  bytes: Buffer = Buffer.alloc(0)
  keyStart = 0
  keyLength = -1
  valueStart = 0
  valueLength = -1
  readonly #entries: { readonly entry: Entry; readonly bytes: Buffer; readonly at: number }[] = []

  constructor(batches: readonly (readonly Entry[])[]) {
    for (const [i, batch] of batches.entries()) {
      const parts = batch.flatMap((entry) => entry.map((part) => part ?? Buffer.alloc(0)))
      const bytes = Buffer.concat([Buffer.alloc(i + 1), ...parts]).subarray(i + 1)
      let at = 0
      for (const entry of batch) {
        this.#entries.push({ entry, bytes, at })
        at += (entry[0]?.length ?? 0) + (entry[1]?.length ?? 0)
      }
    }
  }

  advance(): boolean {
    const next = this.#entries[++this.offset]
    if (next === undefined) return false
    const [key, value] = next.entry
    this.bytes = next.bytes
    this.keyStart = next.at
    this.keyLength = key?.length ?? -1
    this.valueStart = next.at + (key?.length ?? 0)
    this.valueLength = value?.length ?? -1
    return true
  }

  get key(): Buffer | null {
    return this.keyLength < 0 ? null : this.bytes.subarray(this.keyStart, this.keyStart + this.keyLength)
  }

  get value(): Buffer | null {
    return this.valueLength < 0 ? null : this.bytes.subarray(this.valueStart, this.valueStart + this.valueLength)
  }

  headers() {
    return NO_HEADERS
  }
}

const fetched = (batches: readonly (readonly Entry[])[]): FetchedPartition => ({
  topic: 't',
  partition: 0,
  nextOffset: batches.flat().length,
  leaderEpoch: -1,
  endOffset: batches.flat().length,
  logStartOffset: 0,
  sizeInBytes: 0,
  records: () => new Batches(batches),
})

const bytes = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 0xff))

const LENGTHS = [0, 1, 3, 4, 5, 31, 33, 100, 511, 512, 513, 1024, 5000]

const BATCHES: readonly (readonly Entry[])[] = [
  LENGTHS.map((length, i) => [bytes(length, i), bytes(LENGTHS.at(-1 - i)!, i + 50)] as const),
  [
    [bytes(9, 1), null],
    [null, bytes(9, 2)],
    [bytes(9, 3), bytes(100, 3)],
  ],
  LENGTHS.map((length, i) => [bytes(9, i), bytes(length, i + 100)] as const),
]

const EXPECTED = BATCHES.flat().flatMap(([key, value]) => (key === null ? [] : [[key, value]]))

test('a store that copies what is restored gets each key and value', async () => {
  const restored: unknown[] = []
  const restore = ({ key, value }: ChangelogRecord): void => {
    restored.push([Buffer.from(key), value && Buffer.from(value)])
  }
  await replay({ copiesRestored: true, restore }, fetched(BATCHES), { from: 0, end: Infinity })
  expect(restored).toEqual(EXPECTED)
})

test('a store that copies what is restored gets short keys and values in memory that is used again', async () => {
  const keys = new Set<Buffer>()
  const values = new Set<Buffer | null>()
  const restore = ({ key, value }: ChangelogRecord): void => {
    keys.add(key)
    values.add(value)
  }
  const records = Array.from({ length: 50 }, (_, i) => [bytes(9, i), bytes(100, i)] as const)
  await replay({ copiesRestored: true, restore }, fetched([records]), { from: 0, end: Infinity })
  expect([keys.size, values.size]).toEqual([1, 1])
})

test('any other store may keep what is restored', async () => {
  const restored: unknown[] = []
  const restore = ({ key, value }: ChangelogRecord): void => void restored.push([key, value])
  await replay({ restore }, fetched(BATCHES), { from: 0, end: Infinity })
  expect(restored).toEqual(EXPECTED)
})
