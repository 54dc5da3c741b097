import { LITTLE_ENDIAN } from '../../bytes/byte-order'
import { type ByteSpan, setSpan } from '../../bytes/byte-span'
import { byteString, bytesOf } from '../../bytes/byte-string'
import { ByteMap } from '../memory/byte-map'
import type { ByteRange } from '../memory/byte-range'
import type { SlotCursor } from '../memory/sorted-slots'
import { Scratch } from '../../bytes/scratch'
import { HashIndex, PLACE_BYTES } from './hash-index'

const UNIT_BYTES = 8
/** Length of the key with a flag, length of the value. */
const HEADER_BYTES = 8
/** Replaced by a later entry. */
const DEAD = 1
const KEY_SHIFT = 1
/** As the length of the value: the key is deleted. */
const DELETED = -1

/**
 * Memory comes in pages, of 4 MiB: one piece would be copied whenever it is outgrown, and a copy of what tens of megabytes
 * of writes take holds up everything else.
 */
const PAGE_SHIFT = 19
const PAGE_UNITS = 1 << PAGE_SHIFT
const PAGE_BYTES = PAGE_UNITS * UNIT_BYTES
const UNIT_MASK = PAGE_UNITS - 1
/** The first one starts small. */
const INITIAL_UNITS = 1 << 9

/** How many writes are sorted at once: it takes two milliseconds. */
const RUN = 1 << 15

/** Entries one after the other. One that is larger than a page has its own. */
interface Page {
  bytes: Buffer
  words: Int32Array
  /** In units. */
  end: number
}

/** An uncommitted write, valid until the next one is taken. */
interface Write {
  key: Buffer
  value: Buffer | null
}

/**
 * The last write of each key, as bytes one after the other: it costs no object, and the garbage collector sees none
 * of it. Keys are found by a hash of their bytes. The first scan makes it a map that is kept in order.
 */
export class UncommittedEntries {
  // a position is the unit in its page, with the number of the page above it
  readonly #pages = [newPage(INITIAL_UNITS)]
  /** Empty. */
  #spare: Page[] = []
  #usedUnits = 0
  readonly #index = new HashIndex()
  #map: ByteMap | null = null

  /** The generation behind `sealed`: what that had in reserve is for this one. */
  static behind(sealed: UncommittedEntries): UncommittedEntries {
    const entries = new UncommittedEntries()
    entries.#spare = sealed.#spare
    sealed.#spare = []
    return entries
  }

  get size(): number {
    return this.#map === null ? this.#index.size : this.#map.size
  }

  /** Memory in use. */
  get bytes(): number {
    return this.#map === null ? this.#usedUnits * UNIT_BYTES + this.#index.size * PLACE_BYTES : this.#map.bytes
  }

  /**
   * Sets `span` to where the value lies until the next call; `false` if the key is deleted, `undefined` if it was not written.
   * `hash` is that of the key.
   */
  find(key: Buffer, hash: number, span: ByteSpan): boolean | undefined {
    if (this.#map !== null) return this.#findInMap(this.#map, key, span)
    if (this.#index.size === 0) return undefined
    const place = this.#find(key, hash)
    if (place < 0) return undefined
    const position = this.#index.positionAt(place)
    const { bytes, words } = this.#pages[position >>> PAGE_SHIFT]!
    const unit = position & UNIT_MASK
    const length = words[2 * unit + 1]!
    if (length === DELETED) return false
    const start = unit * UNIT_BYTES + HEADER_BYTES + key.length
    setSpan(span, bytes, start, start + length)
    return true
  }

  #findInMap(map: ByteMap, key: Buffer, span: ByteSpan): boolean | undefined {
    const slot = map.get(byteString(key))
    if (slot === undefined) return undefined
    if (slot.value === null) return false
    setSpan(span, slot.value, 0, slot.value.length)
    return true
  }

  /** Returns whether the key had a value; `undefined`: it was not written before. `hash` is that of the key. */
  set(key: Buffer, value: Buffer | null, hash: number): boolean | undefined {
    if (this.#map !== null) {
      const before = this.#map.set(byteString(key), value === null ? null : Buffer.from(value))
      return before === undefined ? undefined : before !== null
    }
    const place = this.#find(key, hash)
    if (place < 0) {
      this.#index.add(hash, this.#append(key, value))
      return undefined
    }
    const position = this.#index.positionAt(place)
    const { bytes, words } = this.#pages[position >>> PAGE_SHIFT]!
    const unit = position & UNIT_MASK
    const length = words[2 * unit + 1]!
    const newLength = value === null ? DELETED : value.length
    if (unitsOf(key.length, newLength) === unitsOf(key.length, length)) {
      words[2 * unit + 1] = newLength
      if (value !== null) bytes.set(value, unit * UNIT_BYTES + HEADER_BYTES + key.length)
    } else {
      words[2 * unit]! |= DEAD
      this.#index.setPosition(place, this.#append(key, value))
    }
    return length !== DELETED
  }

  /**
   * Many at once are sorted by their keys, if only by six bytes: LevelDB takes less than half the time for neighbours, and
   * compacts less afterwards.
   */
  *writes(): IterableIterator<Write> {
    if (this.#map !== null) {
      for (const { key, value } of this.#map.slots()) yield { key: bytesOf(key), value }
      return
    }
    const keys = new Scratch()
    const write: Write = { key: NO_BYTES, value: null }
    const run = new Int32Array(Math.min(RUN, this.#index.size))
    for (const { bytes, words, end } of this.#pages) {
      for (let unit = 0; unit < end;) {
        let count = 0
        for (; count < run.length && unit < end; unit += unitsAt(words, unit)) {
          if ((words[2 * unit]! & DEAD) === 0) run[count++] = unit
        }
        sort(run.subarray(0, count), bytes, words)
        for (let i = 0; i < count; i++) {
          const at = run[i]!
          const length = words[2 * at + 1]!
          const keyStart = at * UNIT_BYTES + HEADER_BYTES
          const keyEnd = keyStart + (words[2 * at]! >>> KEY_SHIFT)
          write.key = keys.copyOf(bytes, keyStart, keyEnd)
          write.value = length === DELETED ? null : bytes.subarray(keyEnd, keyEnd + length)
          yield write
        }
      }
    }
  }

  /** The entries of a range as of now, regardless of later changes. */
  view(range: ByteRange): SlotCursor {
    if (this.#map === null) {
      const map = new ByteMap()
      // copies: a view would keep all of the bytes in memory
      for (const { key, value } of this.writes()) map.set(byteString(key), value === null ? null : Buffer.from(value))
      this.#map = map
    }
    return this.#map.view(range)
  }

  /** Writes go on in the memory of an earlier generation, which nobody reads any more. Pages that it hardly used are released. */
  reuse(written: UncommittedEntries): void {
    this.#spare = written.#pages.filter(
      ({ bytes, end }) => bytes.length <= PAGE_BYTES && 4 * end * UNIT_BYTES >= bytes.length,
    )
    for (const page of this.#spare) page.end = 0
    written.#pages.length = 0
  }

  /** Returns the position. */
  #append(key: Buffer, value: Buffer | null): number {
    const length = value === null ? DELETED : value.length
    const units = unitsOf(key.length, length)
    const page = this.#roomFor(units)
    const unit = page.end
    page.end += units
    this.#usedUnits += units
    const { bytes, words } = page
    words[2 * unit] = key.length << KEY_SHIFT
    words[2 * unit + 1] = length
    const start = unit * UNIT_BYTES + HEADER_BYTES
    bytes.set(key, start)
    if (value !== null) bytes.set(value, start + key.length)
    return ((this.#pages.length - 1) << PAGE_SHIFT) | unit
  }

  /** The last page, once so many units fit behind its end. */
  #roomFor(units: number): Page {
    const page = this.#pages[this.#pages.length - 1]!
    const needed = page.end + units
    if (needed * UNIT_BYTES <= page.bytes.length) return page
    if (needed > PAGE_UNITS && page.end > 0) {
      const next = this.#newPage(Math.max(PAGE_UNITS, units))
      this.#pages.push(next)
      return next
    }
    const larger = this.#newPage(Math.max(needed, Math.min(PAGE_UNITS, (2 * page.bytes.length) / UNIT_BYTES)))
    larger.bytes.set(page.bytes)
    page.bytes = larger.bytes
    page.words = larger.words
    return page
  }

  /** At least so large. */
  #newPage(units: number): Page {
    const index = this.#spare.findIndex(({ bytes }) => bytes.length >= units * UNIT_BYTES)
    return index < 0 ? newPage(units) : this.#spare.splice(index, 1)[0]!
  }

  #find(key: Buffer, hash: number): number {
    const index = this.#index
    let place = index.find(hash)
    while (place >= 0 && !this.#matches(index.positionAt(place), key)) place = index.next(place, hash)
    return place
  }

  #matches(position: number, key: Buffer): boolean {
    const { bytes, words } = this.#pages[position >>> PAGE_SHIFT]!
    const unit = position & UNIT_MASK
    const { length } = key
    if (words[2 * unit]! >>> KEY_SHIFT !== length) return false
    const start = unit * UNIT_BYTES + HEADER_BYTES
    const whole = LITTLE_ENDIAN ? length & ~3 : 0
    for (let i = 0; i < whole; i += 4) {
      const four = key[i]! | (key[i + 1]! << 8) | (key[i + 2]! << 16) | (key[i + 3]! << 24)
      if (words[(start + i) >>> 2] !== four) return false
    }
    for (let i = whole; i < length; i++) if (bytes[start + i] !== key[i]) return false
    return true
  }
}

const NO_BYTES = Buffer.alloc(0)

const newPage = (units: number): Page => {
  const bytes = Buffer.allocUnsafeSlow(units * UNIT_BYTES)
  return { bytes, words: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2), end: 0 }
}

/** Sorts the units where entries of a page begin, by the bytes behind those that all of their keys begin with. */
const sort = (run: Int32Array, bytes: Buffer, words: Int32Array): void => {
  const shared = sharedLength(run, bytes, words)
  // a place in the run in the low 16 bits, six bytes of the key above it: on big-endian machines, nothing is sorted
  const places = new BigUint64Array(run.length)
  const halves = new Uint32Array(places.buffer)
  for (let i = 0; i < run.length; i++) {
    const unit = run[i]!
    const start = unit * UNIT_BYTES + HEADER_BYTES
    const end = start + (words[2 * unit]! >>> KEY_SHIFT)
    let at = start + shared
    let high = 0
    for (let shift = 24; shift >= 0 && at < end; shift -= 8) high |= bytes[at++]! << shift
    let low = i
    for (let shift = 24; shift >= 16 && at < end; shift -= 8) low |= bytes[at++]! << shift
    halves[2 * i] = low
    halves[2 * i + 1] = high
  }
  places.sort()
  const unsorted = run.slice()
  for (let i = 0; i < run.length; i++) run[i] = unsorted[halves[2 * i]! & 0xffff]!
}

/** How many bytes are the same at the start of all of these keys. */
const sharedLength = (run: Int32Array, bytes: Buffer, words: Int32Array): number => {
  if (run.length === 0) return 0
  const first = run[0]! * UNIT_BYTES + HEADER_BYTES
  let shared = words[2 * run[0]!]! >>> KEY_SHIFT
  for (let i = 1; i < run.length; i++) {
    const start = run[i]! * UNIT_BYTES + HEADER_BYTES
    const most = Math.min(shared, words[2 * run[i]!]! >>> KEY_SHIFT)
    shared = 0
    while (shared < most && bytes[first + shared] === bytes[start + shared]) shared++
  }
  return shared
}

const unitsAt = (words: Int32Array, unit: number): number =>
  unitsOf(words[2 * unit]! >>> KEY_SHIFT, words[2 * unit + 1]!)

const unitsOf = (keyLength: number, valueLength: number): number =>
  Math.ceil((HEADER_BYTES + keyLength + (valueLength === DELETED ? 0 : valueLength)) / UNIT_BYTES)
