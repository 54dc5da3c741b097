import type { ByteString } from '../../bytes/byte-string'

/** An indexed entry; the index keeps hashes next to each other, so that a lookup touches one entry, not a chain of them. */
export interface Indexed {
  readonly text: ByteString
  textHash: number
  /** A primitive that stands for the text, so that a lookup needn't make one; `undefined` if there is none. */
  key: unknown
  keyHash: number
}

/** No entry's hash. */
const FREE = 0
const INITIAL_SLOTS = 16

/**
 * Entries by text and by key: an open-addressed hash table with linear probing. Of all the work per record,
 * finding its key's entry waits most for memory; the engine's Map reads each key in a chain, whereas this reads hashes
 * that are adjacent.
 *
 * An entry is found under the hash of its text and that of its key. Those of an ASCII string are the same, and take one
 * place in the table.
 */
export class EntryIndex<E extends Indexed> {
  #hashes = new Int32Array(INITIAL_SLOTS)
  #entries: (E | undefined)[] = new Array<E | undefined>(INITIAL_SLOTS).fill(undefined)
  /** Places in use. */
  #used = 0

  byKey(key: unknown): E | undefined {
    const hash = hashOf(key)
    const hashes = this.#hashes
    const mask = hashes.length - 1
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const found = hashes[place]!
      if (found === FREE) return undefined
      if (found !== hash) continue
      const entry = this.#entries[place]!
      if (entry.key === key && key !== undefined) return entry
    }
  }

  byText(text: ByteString): E | undefined {
    const hash = hashOfText(text)
    const hashes = this.#hashes
    const mask = hashes.length - 1
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const found = hashes[place]!
      if (found === FREE) return undefined
      if (found !== hash) continue
      const entry = this.#entries[place]!
      if (entry.text === text) return entry
    }
  }

  /** No entry with its text must be indexed yet. */
  add(entry: E): void {
    entry.textHash = entry.keyHash = hashOfText(entry.text)
    this.#insert(entry, entry.textHash)
  }

  /** Makes an indexed entry that has no key yet known by one. The key must equal itself. */
  addKey(entry: E, key: unknown): void {
    // one string for both: the key may be part of a longer one
    entry.key = key === entry.text ? entry.text : key
    entry.keyHash = hashOf(key)
    if (entry.keyHash !== entry.textHash) this.#insert(entry, entry.keyHash)
  }

  delete(entry: E): void {
    this.#remove(entry, entry.textHash)
    if (entry.keyHash !== entry.textHash) this.#remove(entry, entry.keyHash)
  }

  clear(): void {
    this.#hashes = new Int32Array(INITIAL_SLOTS)
    this.#entries = new Array<E | undefined>(INITIAL_SLOTS).fill(undefined)
    this.#used = 0
  }

  #insert(entry: E, hash: number): void {
    if (2 * this.#used >= this.#hashes.length) this.#grow()
    this.#used++
    this.#place(entry, hash)
  }

  #place(entry: E, hash: number): void {
    const hashes = this.#hashes
    const mask = hashes.length - 1
    let place = hash & mask
    while (hashes[place] !== FREE) place = (place + 1) & mask
    hashes[place] = hash
    this.#entries[place] = entry
  }

  #remove(entry: E, hash: number): void {
    const hashes = this.#hashes
    const entries = this.#entries
    const mask = hashes.length - 1
    let hole = hash & mask
    while (entries[hole] !== entry || hashes[hole] !== hash) hole = (hole + 1) & mask
    this.#used--
    // entries displaced by this one move back, so that probing finds them without a gap
    for (let place = (hole + 1) & mask; hashes[place] !== FREE; place = (place + 1) & mask) {
      const distance = (place - hashes[place]!) & mask
      if (distance < ((place - hole) & mask)) continue
      hashes[hole] = hashes[place]!
      entries[hole] = entries[place]
      hole = place
    }
    hashes[hole] = FREE
    entries[hole] = undefined
  }

  #grow(): void {
    const hashes = this.#hashes
    const entries = this.#entries
    this.#hashes = new Int32Array(2 * hashes.length)
    this.#entries = new Array<E | undefined>(2 * hashes.length).fill(undefined)
    for (let place = 0; place < hashes.length; place++) {
      if (hashes[place] !== FREE) this.#place(entries[place]!, hashes[place]!)
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
