/** A block is these many words of 32 bits; a key sets one bit in each. */
const BLOCK_WORDS = 4
const BLOCK_BYTES = 4 * BLOCK_WORDS
const NO_WORDS = new Int32Array(0)

/**
 * Whether a key may have been added, by its hash: a split block Bloom filter (Putze, Sanders and Singler, "Cache-, Hash- and
 * Space-Efficient Bloom Filters"). The bits of a key lie side by side, so that a look waits for memory once. Of the keys that
 * were not added, one in sixty is taken for added at ten bits a key, one in six at four.
 */
export class KeyFilter {
  readonly #blocks: number
  #words = NO_WORDS

  /** Takes a power of two of bytes, at most `maxBytes`. */
  constructor(maxBytes: number) {
    this.#blocks = 2 ** Math.max(0, Math.floor(Math.log2(maxBytes / BLOCK_BYTES)))
  }

  /** What it takes once it has keys. */
  get maxBytes(): number {
    return this.#blocks * BLOCK_BYTES
  }

  add(hash: number): void {
    // zeroed by the system, page by page as they are first used
    if (this.#words.length === 0) this.#words = new Int32Array(this.#blocks * BLOCK_WORDS)
    const words = this.#words
    const at = this.#blockOf(hash)
    const bits = bitsOf(hash)
    words[at]! |= 1 << bits
    words[at + 1]! |= 1 << (bits >>> 5)
    words[at + 2]! |= 1 << (bits >>> 10)
    words[at + 3]! |= 1 << (bits >>> 15)
  }

  mayHave(hash: number): boolean {
    const words = this.#words
    if (words.length === 0) return false
    const at = this.#blockOf(hash)
    const bits = bitsOf(hash)
    return (
      ((words[at]! >>> bits) &
        (words[at + 1]! >>> (bits >>> 5)) &
        (words[at + 2]! >>> (bits >>> 10)) &
        (words[at + 3]! >>> (bits >>> 15)) &
        1) ===
      1
    )
  }

  /** Gives the memory back. */
  clear(): void {
    this.#words = NO_WORDS
  }

  #blockOf(hash: number): number {
    return (hash & (this.#blocks - 1)) * BLOCK_WORDS
  }
}

/** Four times five bits that say little about the block, which the hash's lowest bits select. */
const bitsOf = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 12
