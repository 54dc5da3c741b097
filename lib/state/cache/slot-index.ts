import type { ByteString } from '../../bytes/byte-string'
import { NO_SLOT } from './use-order'

/** No entry's hash. */
const FREE = 0
const INITIAL_PLACES = 16

/**
 * The slots of a cache's entries by text and by key: an open-addressed hash table with linear probing. Of all the work per record,
 * finding its key's entry waits most for memory. The engine's Map reads each key in a chain, and an entry that were an object would be waited
 * for before its key: here hashes and slots are adjacent, and all that is known of a slot is in arrays, which can be read at the same time.
 *
 * An entry is found under the hash of its text and that of its key. Those of an ASCII string are the same, and take one
 * place in the table.
 */
export class SlotIndex {
  /** Of each place the hash, and the slot. */
  #table = new Int32Array(2 * INITIAL_PLACES)
  /** Places in use. */
  #used = 0
  /** By slot its text, and a primitive that stands for it, so that a lookup needn't make the text; `undefined` if there is none. */
  readonly #names: unknown[] = []

  textOf(slot: number): ByteString {
    return this.#names[2 * slot] as ByteString
  }

  keyOf(slot: number): unknown {
    return this.#names[2 * slot + 1]
  }

  /** `NO_SLOT` if there is none. */
  byKey(key: unknown): number {
    const hash = hashOf(key)
    const table = this.#table
    const mask = table.length - 1
    for (let place = (2 * hash) & mask; ; place = (place + 2) & mask) {
      const found = table[place]!
      if (found === FREE) return NO_SLOT
      if (found !== hash) continue
      const slot = table[place + 1]!
      if (this.keyOf(slot) === key && key !== undefined) return slot
    }
  }

  /** `NO_SLOT` if there is none. */
  byText(text: ByteString): number {
    const hash = hashOfText(text)
    const table = this.#table
    const mask = table.length - 1
    for (let place = (2 * hash) & mask; ; place = (place + 2) & mask) {
      const found = table[place]!
      if (found === FREE) return NO_SLOT
      if (found !== hash) continue
      const slot = table[place + 1]!
      if (this.textOf(slot) === text) return slot
    }
  }

  /** No entry with its text must be indexed yet. */
  add(slot: number, text: ByteString): void {
    this.#names[2 * slot] = text
    this.#names[2 * slot + 1] = undefined
    this.#insert(slot, hashOfText(text))
  }

  /** Makes an indexed entry that has no key yet known by one. The key must equal itself. */
  addKey(slot: number, key: unknown): void {
    const text = this.textOf(slot)
    // one string for both: the key may be part of a longer one
    this.#names[2 * slot + 1] = key === text ? text : key
    const hash = hashOf(key)
    if (hash !== hashOfText(text)) this.#insert(slot, hash)
  }

  delete(slot: number): void {
    const text = this.textOf(slot)
    const key = this.keyOf(slot)
    const hash = hashOfText(text)
    this.#remove(slot, hash)
    if (key !== undefined && key !== text && hashOf(key) !== hash) this.#remove(slot, hashOf(key))
    this.#names[2 * slot] = ''
    this.#names[2 * slot + 1] = undefined
  }

  clear(): void {
    this.#table = new Int32Array(2 * INITIAL_PLACES)
    this.#used = 0
    this.#names.length = 0
  }

  #insert(slot: number, hash: number): void {
    if (4 * this.#used >= this.#table.length) this.#grow()
    this.#used++
    this.#place(slot, hash)
  }

  #place(slot: number, hash: number): void {
    const table = this.#table
    const mask = table.length - 1
    let place = (2 * hash) & mask
    while (table[place] !== FREE) place = (place + 2) & mask
    table[place] = hash
    table[place + 1] = slot
  }

  #remove(slot: number, hash: number): void {
    const table = this.#table
    const mask = table.length - 1
    let hole = (2 * hash) & mask
    while (table[hole] !== hash || table[hole + 1] !== slot) hole = (hole + 2) & mask
    this.#used--
    // entries displaced by this one move back, so that probing finds them without a gap
    for (let place = (hole + 2) & mask; table[place] !== FREE; place = (place + 2) & mask) {
      const distance = (place - 2 * table[place]!) & mask
      if (distance < ((place - hole) & mask)) continue
      table[hole] = table[place]!
      table[hole + 1] = table[place + 1]!
      hole = place
    }
    table[hole] = FREE
  }

  #grow(): void {
    const table = this.#table
    this.#table = new Int32Array(2 * table.length)
    for (let place = 0; place < table.length; place += 2) {
      if (table[place] !== FREE) this.#place(table[place + 1]!, table[place]!)
    }
  }
}

const hashOf = (key: unknown): number => {
  if (typeof key === 'number' && Number.isInteger(key)) return mixed((key | 0) ^ Math.imul(key / 2 ** 32, 31))
  return hashOfText(typeof key === 'string' ? key : String(key))
}

const hashOfText = (text: string): number => {
  let hash = text.length
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return mixed(hash)
}

/** The low bits choose the place: all others contribute to them. */
const mixed = (hash: number): number => {
  const once = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  const all = twice ^ (twice >>> 16)
  return all === FREE ? 1 : all
}
