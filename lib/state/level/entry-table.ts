import { type ByteSpan, setSpan } from '../../bytes/byte-span'
import { hashBytes } from '../byte-hash'
import { HashIndex, PLACE_BYTES } from './hash-index'
import { KeyFilter } from './key-filter'

const UNIT_BYTES = 8
/** Owner, batch, length of the key with two flags, length of the value. */
const HEADER_BYTES = 16
const REFERENCED = 1
/** Not in the index any longer. */
const DEAD = 2
const KEY_SHIFT = 2
/** As the length of the value: there is none. */
const ABSENT = -1

/** The share of the memory that the index may take at most. */
const INDEX_SHARE = 1 / 8
/** The share of the filter of lost keys: eight bits each for twice as many as the index has places. */
const FILTER_SHARE = 1 / 32
/** An entry may take this share of the memory at most. */
const ENTRY_SHARE = 1 / 64

/** Beyond 32-bit offsets not all buffer functions of all Node versions work. */
const MOST_BYTES = 2 ** 32

/** What even the smallest cache has room for. */
const LEAST_UNITS = 8

/** How many entries that were used since may survive at the expense of one that is added. */
const SURVIVORS = 8

/** Staged entries wait for this many, or for this much memory in units. */
const STAGED = 64
const STAGED_UNITS = 2048
/** Of a value, bytes after its length may be written with it. */
const SLACK_UNITS = 1

/** Up to this many words, a loop takes less than the call that copies them. */
const SHORT = 64

/**
 * A bounded hash table of entries in one buffer: those are written one after the other, from the start again once the end
 * is reached. What lies there is evicted, but if it was used since it was written it moves to the head.
 *
 * The memory is not resident before it is used.
 *
 * Most of the time that an entry takes is waiting for memory: for its place in the index, then for the entry that is there.
 * New entries are therefore staged behind the others and settled many at once, which waits for many at once, too. Whatever
 * else happens to the table settles them first.
 */
export class EntryTable {
  readonly #index: HashIndex
  readonly #capacity: number
  /** The keys of entries that are not held any longer. In time it may be full: then each key may have been lost. */
  readonly #lost: KeyFilter
  #bytes: Buffer = NO_BYTES
  #words: Int32Array = new Int32Array(0)
  // positions count units
  #head = 0
  #tail = 0
  /** Where entries end before they continue at the start; 0 while they don't. */
  #wrap = 0
  /** What the largest entry takes. */
  readonly #maxUnits: number
  readonly #stagedHashes = new Int32Array(STAGED)
  readonly #stagedPositions = new Int32Array(STAGED)
  #staged = 0
  #stageEnd: number

  constructor(
    maxBytes: number,
    private readonly isGone: (owner: number) => boolean,
  ) {
    const most = Math.min(maxBytes, MOST_BYTES)
    this.#lost = new KeyFilter(most * FILTER_SHARE)
    const maxPlaces = 2 ** Math.max(4, Math.floor(Math.log2((most * INDEX_SHARE) / PLACE_BYTES)))
    this.#index = new HashIndex(maxPlaces)
    const entryBytes = most - maxPlaces * PLACE_BYTES - this.#lost.maxBytes
    this.#capacity = Math.max(LEAST_UNITS, Math.floor(entryBytes / UNIT_BYTES))
    this.#maxUnits = Math.max(LEAST_UNITS, Math.floor(this.#capacity * ENTRY_SHARE))
    this.#stageEnd = this.#capacity
  }

  /**
   * Sets `span` to where the value lies until the next call; `false` if the entry says that there is none. `undefined`: no entry
   * up to that batch.
   */
  find(owner: number, batch: number, key: Buffer, span: ByteSpan): boolean | undefined {
    const place = this.#placeOfKey(owner, key)
    if (place < 0) return undefined
    const position = this.#index.positionAt(place)
    const words = this.#words
    const word = 2 * position
    if (words[word + 1]! > batch) return undefined
    words[word + 2]! |= REFERENCED
    const length = words[word + 3]!
    if (length === ABSENT) return false
    const start = position * UNIT_BYTES + HEADER_BYTES + key.length
    setSpan(span, this.#bytes, start, start + length)
    return true
  }

  /** As `find`, of any batch, without the value. */
  has(owner: number, key: Buffer): boolean | undefined {
    const place = this.#placeOfKey(owner, key)
    return place < 0 ? undefined : this.#words[2 * this.#index.positionAt(place) + 3]! !== ABSENT
  }

  /**
   * Whether there may have been an entry of the key that was evicted, was too large or was deleted: always true if there was,
   * seldom if not.
   */
  mayHaveLost(owner: number, key: Buffer): boolean {
    return this.#lost.mayHave(hashBytes(owner, key, 0, key.length))
  }

  /** Adds or replaces an entry: the first `length` bytes of `value`, which may have a checksum after them. */
  set(owner: number, batch: number, key: Buffer, value: Buffer | null, length: number): void {
    const valueLength = value === null ? ABSENT : length
    const units = unitsOf(key.length, valueLength)
    if (units > this.#maxUnits) return this.delete(owner, Infinity, key)
    if (this.#staged === STAGED || this.#stageEnd - this.#capacity >= STAGED_UNITS) this.#settle()
    if (this.#bytes.length === 0) this.#takeMemory()
    const position = this.#stageEnd
    this.#stageEnd += units
    this.#stagedHashes[this.#staged++] = this.#writeKey(position, owner, key)
    const word = 2 * position
    this.#words[word + 1] = batch
    this.#words[word + 3] = valueLength
    // all of it: a view of less would be an object
    if (value !== null) this.#bytes.set(value, position * UNIT_BYTES + HEADER_BYTES + key.length)
  }

  /** Removes an entry if it is of that batch or an earlier one. */
  delete(owner: number, batch: number, key: Buffer): void {
    this.#lost.add(hashBytes(owner, key, 0, key.length))
    const place = this.#placeOfKey(owner, key)
    if (place < 0) return
    const word = 2 * this.#index.positionAt(place)
    if (this.#words[word + 1]! > batch) return
    this.#words[word + 2]! |= DEAD
    this.#index.remove(place)
  }

  /** Gives the memory back. */
  clear(): void {
    this.#bytes = NO_BYTES
    this.#words = new Int32Array(0)
    this.#lost.clear()
    this.#index.clear()
    this.#head = this.#tail = this.#wrap = 0
    this.#staged = 0
    this.#stageEnd = this.#capacity
  }

  #takeMemory(): void {
    // not zeroed, so that the system provides each page when it is first written
    this.#bytes = Buffer.allocUnsafeSlow((this.#capacity + STAGED_UNITS + this.#maxUnits + SLACK_UNITS) * UNIT_BYTES)
    this.#words = new Int32Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length / 4)
  }

  /** Writes the part of an entry by which it is found. Returns its hash. */
  #writeKey(position: number, owner: number, key: Buffer): number {
    this.#words[2 * position] = owner
    this.#words[2 * position + 2] = key.length << KEY_SHIFT
    this.#bytes.set(key, position * UNIT_BYTES + HEADER_BYTES)
    return hashBytes(owner, key, 0, key.length)
  }

  #settle(): void {
    const count = this.#staged
    if (count === 0) return
    this.#bringCloser(count)
    let position = this.#capacity
    for (let i = 0; i < count; i++) position += this.#settleOne(position, this.#stagedHashes[i]!)
    this.#staged = 0
    this.#stageEnd = this.#capacity
  }

  /** Reads what settling reads: no read waits for another one here, so that the processor has many under way. */
  #bringCloser(count: number): void {
    const words = this.#words
    const positions = this.#stagedPositions
    this.#index.likelyPositions(this.#stagedHashes, count, positions)
    let sum = 0
    for (let i = 0; i < count; i++) sum += words[2 * positions[i]!]!
    // so that the compiler keeps the reads
    positions[0] = sum
  }

  /** Moves a staged entry among the others. Returns its length in units. */
  #settleOne(staged: number, hash: number): number {
    const words = this.#words
    const from = 2 * staged
    const keyLength = words[from + 2]! >>> KEY_SHIFT
    const units = unitsOf(keyLength, words[from + 3]!)
    const place = this.#find(staged, hash)
    if (place >= 0) {
      const position = this.#index.positionAt(place)
      words[from + 2]! |= REFERENCED
      if (unitsOf(keyLength, words[2 * position + 3]!) === units) {
        this.#copy(staged, position, units)
        return units
      }
      words[2 * position + 2]! |= DEAD
      this.#index.remove(place)
    }
    const position = this.#allocate(units)
    this.#copy(staged, position, units)
    this.#insert(hash, position)
    return units
  }

  #copy(from: number, to: number, units: number): void {
    const words = this.#words
    const count = 2 * units
    if (count > SHORT) words.copyWithin(2 * to, 2 * from, 2 * from + count)
    else for (let i = 0; i < count; i++) words[2 * to + i] = words[2 * from + i]!
  }

  /** Where that many units can be written. */
  #allocate(units: number): number {
    let survivors = SURVIVORS
    while (!this.#hasRoom(units)) if (this.#evict(survivors > 0)) survivors--
    const position = this.#head
    this.#head += units
    return position
  }

  /** Whether that many units can be written at the head, which continues at the start if they can't before the end. */
  #hasRoom(units: number): boolean {
    if (this.#wrap === 0) {
      if (this.#head === this.#tail) this.#head = this.#tail = 0
      if (this.#capacity - this.#head >= units) return true
      this.#wrap = this.#head
      this.#head = 0
    }
    return this.#tail - this.#head >= units
  }

  /** Frees the room of the oldest entry. Returns whether that moved to the head, which it does only if it may. */
  #evict(mayMove: boolean): boolean {
    const words = this.#words
    const from = this.#tail
    const word = 2 * from
    const owner = words[word]!
    const keyLength = words[word + 2]! >>> KEY_SHIFT
    const flags = words[word + 2]! & (REFERENCED | DEAD)
    const valueLength = words[word + 3]!
    const units = unitsOf(keyLength, valueLength)
    this.#tail += units
    if (this.#tail === this.#wrap) this.#tail = this.#wrap = 0
    if ((flags & DEAD) !== 0) return false
    const start = from * UNIT_BYTES + HEADER_BYTES
    const hash = hashBytes(owner, this.#bytes, start, start + keyLength)
    const place = this.#index.placeOf(hash, from)
    const isGone = this.isGone(owner)
    if (flags === REFERENCED && mayMove && !isGone && this.#hasRoom(units)) {
      words[word + 2] = keyLength << KEY_SHIFT
      this.#copy(from, this.#head, units)
      this.#index.setPosition(place, this.#head)
      this.#head += units
      return true
    }
    this.#index.remove(place)
    // also if it says that there is no value: that may be of a batch that is not committed yet
    if (!isGone) this.#lost.add(hash)
    return false
  }

  /** The place of a key in the index; -1: none. */
  #placeOfKey(owner: number, key: Buffer): number {
    this.#settle()
    if (this.#index.size === 0 || unitsOf(key.length, ABSENT) > this.#maxUnits) return -1
    return this.#find(this.#capacity, this.#writeKey(this.#capacity, owner, key))
  }

  /** The place of the entry with the same key as a staged one. */
  #find(staged: number, hash: number): number {
    const index = this.#index
    let place = index.find(hash)
    while (place >= 0 && !this.#matches(index.positionAt(place), staged)) place = index.next(place, hash)
    return place
  }

  #matches(position: number, staged: number): boolean {
    const words = this.#words
    const a = 2 * position
    const b = 2 * staged
    const length = words[b + 2]! >>> KEY_SHIFT
    if (words[a] !== words[b] || words[a + 2]! >>> KEY_SHIFT !== length) return false
    const whole = length >>> 2
    for (let i = 4; i < 4 + whole; i++) if (words[a + i] !== words[b + i]) return false
    const bytes = this.#bytes
    for (let i = HEADER_BYTES + 4 * whole; i < HEADER_BYTES + length; i++) {
      if (bytes[position * UNIT_BYTES + i] !== bytes[staged * UNIT_BYTES + i]) return false
    }
    return true
  }

  #insert(hash: number, position: number): void {
    let survivors = SURVIVORS
    while (this.#index.isFull) if (this.#evict(survivors > 0)) survivors--
    this.#index.add(hash, position)
  }
}

const NO_BYTES = Buffer.alloc(0)

const unitsOf = (keyLength: number, valueLength: number): number =>
  Math.ceil((HEADER_BYTES + keyLength + (valueLength === ABSENT ? 0 : valueLength)) / UNIT_BYTES)
