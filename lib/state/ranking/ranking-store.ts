import type { Serde } from '../../serdes/serde'
import { byteString, type ByteString, bytesOf } from '../../bytes/byte-string'
import { readRecord } from '../changelog/unreadable-record'
import { storeUnavailable } from '../key-value/unavailable-entries'
import type { ByteStore } from '../state-engine'
import type { ChangelogRecord, ManagedStore, StateStore, StateStoreContext } from '../store'
import { StoreSerdes } from '../store-serdes'
import { byRank, type Rank } from './ranking'

/** All values of each key, in the order of their ranks: the highest first, and of equal ones the lower bytes. */
export interface RankingStore<K, V> extends StateStore {
  /** Removes a value of the key and adds another one; `null` is none. Returns the first `n`, or `undefined` if they are the same as before. */
  replace(key: K, removed: V | null, added: V | null, n: number): V[] | undefined
}

export interface RankingStoreOptions<K, V> {
  readonly name: string
  readonly persistent: boolean
  readonly changelogTopic: string | null
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
  readonly rankOf: (value: V, key: K) => Rank
}

interface Row {
  readonly rank: Rank
  /** The value's bytes. */
  readonly text: ByteString
  /** Equal values of a key are one row. */
  count: number
  /** What the serde of an earlier version wrote for the value: the row is stored under these until it changes. */
  former?: ByteString[]
}

const LENGTH_BYTES = 4
const COUNT_BYTES = 4

/**
 * Bytes as in the changelog: `i32 length ‖ key ‖ value` holds how often the key has that value. The order is kept in memory, a row
 * for each value, and made again when the store is opened: ranks are not stored, and may be computed otherwise in the next version.
 */
export class TypedRankingStore<K, V> implements RankingStore<K, V>, ManagedStore {
  readonly name: string
  readonly persistent: boolean
  readonly changelogTopic: string | null
  readonly #rows = new Map<ByteString, Row[]>()
  #bytes: ByteStore | null = null
  #context!: StateStoreContext
  #serdes!: StoreSerdes<K, V>
  #closed = false

  constructor(private readonly options: RankingStoreOptions<K, V>) {
    this.name = options.name
    this.persistent = options.persistent
    this.changelogTopic = options.changelogTopic
  }

  init(context: StateStoreContext): void {
    const { name, changelogTopic, keySerde, valueSerde } = this.options
    this.#context = context
    this.#serdes = new StoreSerdes(
      name,
      changelogTopic ?? `${context.applicationId}-${name}-changelog`,
      keySerde,
      valueSerde,
      context,
    )
    this.#bytes = context.openBytes(name, this.persistent)
  }

  restore({ key, value }: ChangelogRecord): void {
    const bytes = this.#open()
    readRecord(this.name, this.changelogTopic, () => requireRow(key, value))
    bytes.restore(key, value)
  }

  async open(): Promise<void> {
    this.#rows.clear()
    for await (const [place, count] of this.#open().scan({})) {
      const end = LENGTH_BYTES + place.readInt32BE(0)
      const [key, stored] = [place.subarray(LENGTH_BYTES, end), place.subarray(end)]
      const value = this.#serdes.valueOf(stored)
      const row = this.#rowFor(value, this.#serdes.keyOf(key), this.#serdes.valueBytes(value) ?? stored)
      row.count = count.readInt32BE(0)
      const former = byteString(stored)
      if (former !== row.text) row.former = [former]
      this.#rowsOf(byteString(key)).push(row)
    }
    for (const [key, rows] of this.#rows) this.#rows.set(key, distinct(rows.sort(inOrder)))
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    for await (const [key, value] of this.#open().scan({})) yield { key, value, timestamp: -1 }
  }

  replace(key: K, removed: V | null, added: V | null, n: number): V[] | undefined {
    this.#open()
    const keyBytes = this.#serdes.keyBytes(key)
    const keyText = byteString(keyBytes)
    const rows = this.#rowsOf(keyText)
    const gone = removed === null ? null : this.#serdes.valueBytes(removed)
    const come = added === null ? null : this.#serdes.valueBytes(added)
    if (gone !== null && come !== null && gone.equals(come)) return undefined
    const changed = Math.min(
      gone === null ? Infinity : this.#remove(keyBytes, rows, this.#rowFor(removed!, key, gone), n),
      come === null ? Infinity : this.#add(keyBytes, rows, this.#rowFor(added!, key, come), n),
    )
    if (rows.length === 0) this.#rows.delete(keyText)
    return changed < n ? this.#first(rows, n) : undefined
  }

  flushCache(): boolean {
    return true
  }

  close(): void {
    this.#bytes = null
    this.#rows.clear()
    this.#closed = true
  }

  /** The place from which values move up, if it is among the first `n`; `Infinity` if there is no such value. */
  #remove(key: Buffer, rows: Row[], row: Row, n: number): number {
    const at = placeOf(rows, row)
    const found = rows[at]
    if (found?.text !== row.text) return Infinity
    found.count--
    if (found.count === 0) rows.splice(at, 1)
    this.#write(key, found)
    return valuesBefore(rows, at, n) + found.count
  }

  /** The place of the new value, if it is among the first `n`: behind equal ones. */
  #add(key: Buffer, rows: Row[], row: Row, n: number): number {
    const at = placeOf(rows, row)
    if (rows[at]?.text !== row.text) rows.splice(at, 0, { ...row, count: 0 })
    const found = rows[at]!
    found.count++
    this.#write(key, found)
    return valuesBefore(rows, at, n) + found.count - 1
  }

  #write(key: Buffer, row: Row): void {
    if (row.former !== undefined) {
      for (const former of row.former) this.#writeCount(key, former, 0)
      delete row.former
    }
    this.#writeCount(key, row.text, row.count)
  }

  #writeCount(key: Buffer, text: ByteString, count: number): void {
    const value = bytesOf(text)
    const place = Buffer.allocUnsafe(LENGTH_BYTES + key.length + value.length)
    place.writeInt32BE(key.length)
    place.set(key, LENGTH_BYTES)
    place.set(value, LENGTH_BYTES + key.length)
    let bytes: Buffer | null = null
    if (count > 0) {
      bytes = Buffer.allocUnsafe(COUNT_BYTES)
      bytes.writeInt32BE(count)
    }
    this.#open().put(place, bytes)
    if (this.changelogTopic === null) return
    this.#context.logChange(this.changelogTopic, place, bytes, this.#context.recordContext.timestamp)
  }

  #first(rows: readonly Row[], n: number): V[] {
    const first: V[] = []
    for (let i = 0; i < rows.length && first.length < n; i++) {
      const { text, count } = rows[i]!
      for (let times = 0; times < count && first.length < n; times++) first.push(this.#serdes.valueOf(bytesOf(text)))
    }
    return first
  }

  #rowFor(value: V, key: K, bytes: Buffer): Row {
    return { rank: this.options.rankOf(value, key), text: byteString(bytes), count: 0 }
  }

  #rowsOf(key: ByteString): Row[] {
    let rows = this.#rows.get(key)
    if (rows === undefined) this.#rows.set(key, (rows = []))
    return rows
  }

  #open(): ByteStore {
    if (this.#bytes === null) throw storeUnavailable(this.name, this.#closed ? 'closed' : 'not open yet')
    return this.#bytes
  }
}

const requireRow = (place: Buffer, count: Buffer | null): void => {
  const length = place.length < LENGTH_BYTES ? NaN : place.readInt32BE(0)
  if (!(length >= 0 && LENGTH_BYTES + length <= place.length)) {
    throw new RangeError(`${place.toString('hex')} is no key with a value`)
  }
  if (count !== null && count.length !== COUNT_BYTES) throw new RangeError(`a count of ${count.length} bytes`)
}

const inOrder = (a: Row, b: Row): number => byRank(a.rank, b.rank) || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)

/** Values that the serde wrote in several ways, and writes in one now, are one row. */
const distinct = (sorted: readonly Row[]): Row[] => {
  const rows: Row[] = []
  for (const row of sorted) {
    const last = rows.at(-1)
    if (last === undefined || inOrder(last, row) !== 0) {
      rows.push(row)
      continue
    }
    last.count += row.count
    last.former = [...(last.former ?? []), ...(row.former ?? [])]
  }
  return rows
}

/** Where the row is, or would be. */
const placeOf = (rows: readonly Row[], row: Row): number => {
  let from = 0
  let to = rows.length
  while (from < to) {
    const middle = (from + to) >> 1
    if (inOrder(rows[middle]!, row) < 0) from = middle + 1
    else to = middle
  }
  return from
}

/** The number of values before a row, counted up to `n`. */
const valuesBefore = (rows: readonly Row[], at: number, n: number): number => {
  let values = 0
  for (let i = 0; i < at && values < n; i++) values += rows[i]!.count
  return values
}
