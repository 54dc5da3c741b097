/** An indexed entry; the table keeps the hash next to it, so that a lookup touches one entry, not a chain of them. */
export interface Indexed {
  key: unknown
  keyHash: number
}

/** No entry's hash. */
const FREE = 0
const INITIAL_SLOTS = 16

/**
 * Entries by a primitive key: an open-addressed hash table with linear probing. Of all the work per record,
 * finding its key's entry waits most for memory; the engine's Map reads each key in a chain, whereas this reads hashes
 * that are adjacent.
 */
export class KeyIndex<E extends Indexed> {
  #hashes = new Int32Array(INITIAL_SLOTS)
  #entries: (E | undefined)[] = new Array<E | undefined>(INITIAL_SLOTS).fill(undefined)
  #size = 0

  get(key: unknown): E | undefined {
    const hash = hashOf(key)
    const hashes = this.#hashes
    const mask = hashes.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = hashes[slot]!
      if (found === FREE) return undefined
      if (found !== hash) continue
      const entry = this.#entries[slot]!
      if (entry.key === key) return entry
    }
  }

  /** `entry.key` must not be indexed yet, and equal itself. */
  add(entry: E): void {
    if (2 * this.#size >= this.#hashes.length) this.#grow()
    this.#size++
    entry.keyHash = hashOf(entry.key)
    this.#insert(entry)
  }

  delete(entry: E): void {
    const hashes = this.#hashes
    const entries = this.#entries
    const mask = hashes.length - 1
    let hole = entry.keyHash & mask
    while (entries[hole] !== entry) hole = (hole + 1) & mask
    this.#size--
    // entries displaced by this one move back, so that probing finds them without a gap
    for (let slot = (hole + 1) & mask; hashes[slot] !== FREE; slot = (slot + 1) & mask) {
      const distance = (slot - hashes[slot]!) & mask
      if (distance < ((slot - hole) & mask)) continue
      hashes[hole] = hashes[slot]!
      entries[hole] = entries[slot]
      hole = slot
    }
    hashes[hole] = FREE
    entries[hole] = undefined
  }

  clear(): void {
    this.#hashes = new Int32Array(INITIAL_SLOTS)
    this.#entries = new Array<E | undefined>(INITIAL_SLOTS).fill(undefined)
    this.#size = 0
  }

  #insert(entry: E): void {
    const hashes = this.#hashes
    const mask = hashes.length - 1
    let slot = entry.keyHash & mask
    while (hashes[slot] !== FREE) slot = (slot + 1) & mask
    hashes[slot] = entry.keyHash
    this.#entries[slot] = entry
  }

  #grow(): void {
    const before = this.#entries
    this.#hashes = new Int32Array(2 * before.length)
    this.#entries = new Array<E | undefined>(2 * before.length).fill(undefined)
    for (const entry of before) if (entry !== undefined) this.#insert(entry)
  }
}

const hashOf = (key: unknown): number => {
  if (typeof key === 'number' && Number.isInteger(key)) return mixed((key | 0) ^ Math.imul(key / 2 ** 32, 31))
  const text = typeof key === 'string' ? key : String(key)
  let hash = text.length
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return mixed(hash)
}

/** The low bits choose the slot: all others contribute to them. */
const mixed = (hash: number): number => {
  const once = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  const all = twice ^ (twice >>> 16)
  return all === FREE ? 1 : all
}
