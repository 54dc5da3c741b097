import type { Scratch } from '../../bytes/scratch'
import { TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'
import { eachPackedRow, PACKED_ROW_HEAD, type RowPack, type TimedRow, writeRowHead } from './row-pack'

// Columns of a slot of the hash table.
const NUMBER = 0
const HASH = 1
const SLOT_COLUMNS = 2

// Columns of a key.
const KEY_AT = 0
const KEY_LENGTH = 1
const FIRST = 2
const LAST = 3
const NEXT_DIRTY = 4
/** 1: the store's bytes have an entry for it. */
const STORED = 5
const KEY_COLUMNS = 6

// Columns of a row, next to its time and second number.
const PREVIOUS = 0
const NEXT = 1
const VALUE_AT = 2
const VALUE_LENGTH = 3
const ROW_COLUMNS = 4

/** No key, or no row. */
export const NONE = -1
/** `NEXT_DIRTY` of a key that is not dirty. */
const CLEAN = -2

const INITIAL_KEYS = 2
const INITIAL_SLOTS = 4
const INITIAL_ROWS = 2
const INITIAL_BYTES = 128
/** What a bucket takes besides its arrays. */
const OBJECT_BYTES = 512
/** Below this much, removed rows are not worth a copy of the others. */
const LEAST_GARBAGE = 4096
const ROW_BYTES = 4 * ROW_COLUMNS + 16

/**
 * The rows of all keys in one bucket of time, as bytes and numbers in a few arrays: a hash table of keys, and for each
 * key a list of its rows by time and second number. No object, no text and no copy for a row that is added or found.
 *
 * Bytes are written once: values that were returned stay what they were. What removed and replaced rows occupied is
 * reclaimed by copying the others.
 */
export class BucketRows {
  #slots: Int32Array
  #keys: Int32Array
  #keyCount = 0
  #rows: Int32Array
  /** Two for each row. */
  #times: Float64Array
  #rowCount = 0
  #liveRows = 0
  #bytes: Buffer
  #used = 0
  #garbage = 0
  #firstDirty = NONE
  #lastDirty = NONE
  #dirtyKeys = 0
  /** What the budget knows it takes. */
  countedBytes = 0

  /** `id` is the bucket's place in the order of time. With `like`, there is room for a little more than that one has: growing costs copies. */
  constructor(
    readonly id: number,
    like?: BucketRows,
  ) {
    const keys = like === undefined ? INITIAL_KEYS : INITIAL_KEYS + withMargin(like.#keyCount)
    const rows = like === undefined ? INITIAL_ROWS : INITIAL_ROWS + withMargin(like.#liveRows)
    const bytes = like === undefined ? INITIAL_BYTES : INITIAL_BYTES + withMargin(like.#used)
    let slots = INITIAL_SLOTS
    while (slots < 2 * keys) slots *= 2
    this.#slots = new Int32Array(slots * SLOT_COLUMNS)
    this.#keys = new Int32Array(keys * KEY_COLUMNS)
    this.#rows = new Int32Array(rows * ROW_COLUMNS)
    this.#times = new Float64Array(2 * rows)
    this.#bytes = Buffer.allocUnsafe(bytes)
  }

  /** How much memory it takes. */
  get allocatedBytes(): number {
    return (
      OBJECT_BYTES +
      4 * (this.#slots.length + this.#keys.length + this.#rows.length) +
      8 * this.#times.length +
      this.#bytes.length
    )
  }

  get dirtyKeys(): number {
    return this.#dirtyKeys
  }

  get size(): number {
    return this.#liveRows
  }

  /** The number of a key; `NONE` if it was never added. */
  find(key: Buffer, hash: number): number {
    const slots = this.#slots
    const mask = slots.length / SLOT_COLUMNS - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot * SLOT_COLUMNS + NUMBER]! - 1
      if (number === NONE) return NONE
      if (slots[slot * SLOT_COLUMNS + HASH] === hash && this.#isKey(number, key)) return number
    }
  }

  /** A key that `find` does not find; it has no rows yet. */
  add(key: Buffer, hash: number): number {
    const number = this.#keyCount++
    if (2 * this.#keyCount > this.#slots.length / SLOT_COLUMNS) this.#growSlots()
    if (this.#keyCount * KEY_COLUMNS > this.#keys.length) this.#keys = grown(this.#keys)
    const at = number * KEY_COLUMNS
    this.#keys[at + KEY_AT] = this.#append(key)
    this.#keys[at + KEY_LENGTH] = key.length
    this.#keys[at + FIRST] = NONE
    this.#keys[at + LAST] = NONE
    this.#keys[at + NEXT_DIRTY] = CLEAN
    this.#keys[at + STORED] = 0
    this.#insertSlot(number, hash)
    return number
  }

  /** The numbers of all keys that have rows. */
  *keysInUse(): Generator<number> {
    for (let key = 0; key < this.#keyCount; key++) if (this.#keys[key * KEY_COLUMNS + FIRST] !== NONE) yield key
  }

  /** Whether the store's bytes have an entry for a key, so that one without rows has to be deleted there. */
  isStored(key: number): boolean {
    return this.#keys[key * KEY_COLUMNS + STORED] === 1
  }

  setStored(key: number, stored: boolean): void {
    this.#keys[key * KEY_COLUMNS + STORED] = stored ? 1 : 0
  }

  keyOf(key: number): Buffer {
    const at = this.#keys[key * KEY_COLUMNS + KEY_AT]!
    return this.#bytes.subarray(at, at + this.#keys[key * KEY_COLUMNS + KEY_LENGTH]!)
  }

  get(key: number, time: number, second: number): Buffer | null {
    const row = this.#lastNotAfter(key, time, second)
    return row !== NONE && this.#isRow(row, time, second) ? this.#valueOf(row) : null
  }

  /** Adds or replaces a row. With `timestamp`, the value is stored behind it. */
  set(key: number, time: number, second: number, value: Buffer, timestamp?: number): void {
    const start = this.#reserve(value.length + (timestamp === undefined ? 0 : TIMESTAMP_BYTES))
    let at = start
    if (timestamp !== undefined) {
      writeTimestamp(this.#bytes, timestamp, at)
      at += TIMESTAMP_BYTES
    }
    copyBytes(value, this.#bytes, at)
    const before = this.#lastNotAfter(key, time, second)
    let row = before
    if (before !== NONE && this.#isRow(before, time, second)) {
      this.#garbage += this.#rows[before * ROW_COLUMNS + VALUE_LENGTH]!
    } else {
      row = this.#insertAfter(key, before, time, second)
    }
    this.#rows[row * ROW_COLUMNS + VALUE_AT] = start
    this.#rows[row * ROW_COLUMNS + VALUE_LENGTH] = this.#used - start
    this.#reclaim()
  }

  /** Returns whether it existed. */
  remove(key: number, time: number, second: number): boolean {
    const row = this.#lastNotAfter(key, time, second)
    if (row === NONE || !this.#isRow(row, time, second)) return false
    const rows = this.#rows
    const previous = rows[row * ROW_COLUMNS + PREVIOUS]!
    const next = rows[row * ROW_COLUMNS + NEXT]!
    if (previous === NONE) this.#keys[key * KEY_COLUMNS + FIRST] = next
    else rows[previous * ROW_COLUMNS + NEXT] = next
    if (next === NONE) this.#keys[key * KEY_COLUMNS + LAST] = previous
    else rows[next * ROW_COLUMNS + PREVIOUS] = previous
    this.#liveRows--
    this.#garbage += ROW_BYTES + rows[row * ROW_COLUMNS + VALUE_LENGTH]!
    this.#reclaim()
    return true
  }

  /** A key's rows from `from` to `to`, both inclusive, added to `before`; `undefined` if there are none. */
  collect(key: number, from: number, to: number, before: TimedRow[] | undefined): TimedRow[] | undefined {
    let collected = before
    const times = this.#times
    const rows = this.#rows
    let row = this.#keys[key * KEY_COLUMNS + FIRST]!
    if (row === NONE) return collected
    if (times[2 * row]! < from) {
      const before = this.#lastNotAfter(key, from, -Infinity)
      row = rows[before * ROW_COLUMNS + NEXT]!
    }
    for (; row !== NONE && times[2 * row]! <= to; row = rows[row * ROW_COLUMNS + NEXT]!) {
      const found = { time: times[2 * row]!, second: times[2 * row + 1]!, value: this.#valueOf(row) }
      // mostly there is one, and an array that it is pushed to makes room for many
      if (collected === undefined) collected = [found]
      else collected.push(found)
    }
    return collected
  }

  markDirty(key: number): void {
    const at = key * KEY_COLUMNS + NEXT_DIRTY
    if (this.#keys[at] !== CLEAN) return
    this.#keys[at] = NONE
    if (this.#firstDirty === NONE) this.#firstDirty = key
    else this.#keys[this.#lastDirty * KEY_COLUMNS + NEXT_DIRTY] = key
    this.#lastDirty = key
    this.#dirtyKeys++
  }

  /** The key that has been dirty for longest, which is clean from now on; `NONE` if all are. */
  takeDirty(): number {
    const key = this.#firstDirty
    if (key === NONE) return NONE
    const at = key * KEY_COLUMNS + NEXT_DIRTY
    this.#firstDirty = this.#keys[at]!
    this.#keys[at] = CLEAN
    this.#dirtyKeys--
    return key
  }

  /** Makes all values empty, and returns their memory. */
  releaseValues(): void {
    const keys = this.#keys
    let length = INITIAL_BYTES
    for (let key = 0; key < this.#keyCount; key++) length += keys[key * KEY_COLUMNS + KEY_LENGTH]!
    const before = this.#bytes
    this.#bytes = Buffer.allocUnsafe(length)
    this.#used = 0
    for (let key = 0; key < this.#keyCount; key++) {
      const at = key * KEY_COLUMNS
      const keyAt = keys[at + KEY_AT]!
      keys[at + KEY_AT] = this.#append(before.subarray(keyAt, keyAt + keys[at + KEY_LENGTH]!))
    }
    for (let row = 0; row < this.#rowCount; row++) {
      this.#rows[row * ROW_COLUMNS + VALUE_AT] = 0
      this.#rows[row * ROW_COLUMNS + VALUE_LENGTH] = 0
    }
    this.#garbage = (this.#rowCount - this.#liveRows) * ROW_BYTES
  }

  /** The rows of a key, in memory of `scratch`; `null` if there are none. */
  pack(key: number, scratch: Scratch): RowPack | null {
    const rows = this.#rows
    const first = this.#keys[key * KEY_COLUMNS + FIRST]!
    let length = 0
    for (let row = first; row !== NONE; row = rows[row * ROW_COLUMNS + NEXT]!) {
      length += PACKED_ROW_HEAD + rows[row * ROW_COLUMNS + VALUE_LENGTH]!
    }
    if (length === 0) return null
    const pack = scratch.of(length)
    let at = 0
    for (let row = first; row !== NONE; row = rows[row * ROW_COLUMNS + NEXT]!) {
      const valueAt = rows[row * ROW_COLUMNS + VALUE_AT]!
      const valueLength = rows[row * ROW_COLUMNS + VALUE_LENGTH]!
      writeRowHead(pack, at, this.#times[2 * row]!, this.#times[2 * row + 1]!, valueLength)
      at += PACKED_ROW_HEAD
      if (valueLength > SHORT) this.#bytes.copy(pack, at, valueAt, valueAt + valueLength)
      else for (let i = 0; i < valueLength; i++) pack[at + i] = this.#bytes[valueAt + i]!
      at += valueLength
    }
    return pack
  }

  /** Adds what `pack` gave. */
  unpack(key: number, pack: RowPack): void {
    eachPackedRow(pack, (time, second, value) => this.set(key, time, second, value))
  }

  /** The last row that is not after this time and second number. Rows are mostly added, and looked for, at the end. */
  #lastNotAfter(key: number, time: number, second: number): number {
    const times = this.#times
    let row = this.#keys[key * KEY_COLUMNS + LAST]!
    while (row !== NONE) {
      const found = times[2 * row]!
      if (found < time || (found === time && times[2 * row + 1]! <= second)) return row
      row = this.#rows[row * ROW_COLUMNS + PREVIOUS]!
    }
    return NONE
  }

  #isRow(row: number, time: number, second: number): boolean {
    return this.#times[2 * row] === time && this.#times[2 * row + 1] === second
  }

  #valueOf(row: number): Buffer {
    const at = this.#rows[row * ROW_COLUMNS + VALUE_AT]!
    return this.#bytes.subarray(at, at + this.#rows[row * ROW_COLUMNS + VALUE_LENGTH]!)
  }

  #isKey(number: number, key: Buffer): boolean {
    const { length } = key
    if (this.#keys[number * KEY_COLUMNS + KEY_LENGTH] !== length) return false
    const bytes = this.#bytes
    const at = this.#keys[number * KEY_COLUMNS + KEY_AT]!
    for (let i = 0; i < length; i++) if (bytes[at + i] !== key[i]) return false
    return true
  }

  #insertAfter(key: number, previous: number, time: number, second: number): number {
    const row = this.#rowCount++
    this.#liveRows++
    if (this.#rowCount * ROW_COLUMNS > this.#rows.length) {
      this.#rows = grown(this.#rows)
      const times = new Float64Array(2 * this.#times.length)
      times.set(this.#times)
      this.#times = times
    }
    const rows = this.#rows
    const keys = this.#keys
    const next = previous === NONE ? keys[key * KEY_COLUMNS + FIRST]! : rows[previous * ROW_COLUMNS + NEXT]!
    this.#times[2 * row] = time
    this.#times[2 * row + 1] = second
    rows[row * ROW_COLUMNS + PREVIOUS] = previous
    rows[row * ROW_COLUMNS + NEXT] = next
    if (previous === NONE) keys[key * KEY_COLUMNS + FIRST] = row
    else rows[previous * ROW_COLUMNS + NEXT] = row
    if (next === NONE) keys[key * KEY_COLUMNS + LAST] = row
    else rows[next * ROW_COLUMNS + PREVIOUS] = row
    return row
  }

  #append(source: Buffer): number {
    const at = this.#reserve(source.length)
    copyBytes(source, this.#bytes, at)
    return at
  }

  #reserve(length: number): number {
    const at = this.#used
    this.#used += length
    if (this.#used > this.#bytes.length) {
      const bytes = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#used))
      bytes.set(this.#bytes.subarray(0, at), 0)
      this.#bytes = bytes
    }
    return at
  }

  #growSlots(): void {
    const before = this.#slots
    this.#slots = new Int32Array(2 * before.length)
    for (let at = 0; at < before.length; at += SLOT_COLUMNS) {
      const number = before[at + NUMBER]! - 1
      if (number !== NONE) this.#insertSlot(number, before[at + HASH]!)
    }
  }

  #insertSlot(number: number, hash: number): void {
    const slots = this.#slots
    const mask = slots.length / SLOT_COLUMNS - 1
    let slot = hash & mask
    while (slots[slot * SLOT_COLUMNS + NUMBER] !== 0) slot = (slot + 1) & mask
    slots[slot * SLOT_COLUMNS + NUMBER] = number + 1
    slots[slot * SLOT_COLUMNS + HASH] = hash
  }

  /** Copies what is in use once half of it is not. */
  #reclaim(): void {
    if (this.#garbage < LEAST_GARBAGE || 2 * this.#garbage < this.#used + this.#rowCount * ROW_BYTES) return
    const { length } = this.#bytes
    const before = { rows: this.#rows, times: this.#times, bytes: this.#bytes }
    this.#rows = new Int32Array(before.rows.length)
    this.#times = new Float64Array(before.times.length)
    this.#bytes = Buffer.allocUnsafe(length)
    this.#rowCount = 0
    this.#liveRows = 0
    this.#used = 0
    this.#garbage = 0
    for (let key = 0; key < this.#keyCount; key++) {
      const at = key * KEY_COLUMNS
      const keyAt = this.#keys[at + KEY_AT]!
      this.#keys[at + KEY_AT] = this.#append(before.bytes.subarray(keyAt, keyAt + this.#keys[at + KEY_LENGTH]!))
      let row = this.#keys[at + FIRST]!
      this.#keys[at + FIRST] = NONE
      this.#keys[at + LAST] = NONE
      for (; row !== NONE; row = before.rows[row * ROW_COLUMNS + NEXT]!) {
        const valueAt = before.rows[row * ROW_COLUMNS + VALUE_AT]!
        const valueLength = before.rows[row * ROW_COLUMNS + VALUE_LENGTH]!
        const last = this.#keys[at + LAST]!
        const copy = this.#insertAfter(key, last, before.times[2 * row]!, before.times[2 * row + 1]!)
        this.#rows[copy * ROW_COLUMNS + VALUE_AT] = this.#append(before.bytes.subarray(valueAt, valueAt + valueLength))
        this.#rows[copy * ROW_COLUMNS + VALUE_LENGTH] = valueLength
      }
    }
  }
}

/** What varies from one bucket to the next must not make it grow. */
const withMargin = (count: number): number => count + (count >>> 3)

/** The hash by which keys are found. */
export const hashOfKey = (key: Buffer): number => {
  let hash = key.length
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key[i]!, 0x01000193)
  const once = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return once ^ (once >>> 13)
}

const SHORT = 32

/** Short texts are copied faster one by one. */
const copyBytes = (source: Buffer, target: Buffer, at: number): void => {
  const { length } = source
  if (length > SHORT) target.set(source, at)
  else for (let i = 0; i < length; i++) target[at + i] = source[i]!
}

const grown = (before: Int32Array): Int32Array => {
  const after = new Int32Array(2 * before.length)
  after.set(before)
  return after
}
