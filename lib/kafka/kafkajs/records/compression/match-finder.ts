export const MIN_MATCH = 4
const MAX_OFFSET = 0xffff
const HASH_BITS = 14
const SKIP_TRIGGER = 5

/** One table for all: compression is synchronous. */
const table = new Int32Array(1 << HASH_BITS)

type OnMatch = (literalStart: number, start: number, offset: number, length: number) => void

/**
 * Greedy search for repetitions of at least 4 bytes within the last 64 KiB, for the LZ77 formats: calls `onMatch` for each with the literals before it.
 * No match starts at or after `startLimit` or reaches beyond `endLimit`. Returns where the closing literals start.
 */
export const findMatches = (input: Buffer, startLimit: number, endLimit: number, onMatch: OnMatch): number => {
  table.fill(-1)
  let literalStart = 0
  let at = 0
  let misses = 1 << SKIP_TRIGGER
  while (at < startLimit) {
    const sequence = word(input, at)
    const slot = Math.imul(sequence, 0x9e3779b1) >>> (32 - HASH_BITS)
    const candidate = table[slot]!
    table[slot] = at
    if (candidate < 0 || at - candidate > MAX_OFFSET || word(input, candidate) !== sequence) {
      at += misses++ >> SKIP_TRIGGER // faster through what does not compress
      continue
    }
    let end = at + MIN_MATCH
    for (let other = candidate + MIN_MATCH; end < endLimit && input[end] === input[other]; other++) end++
    onMatch(literalStart, at, at - candidate, end - at)
    at = literalStart = end
    misses = 1 << SKIP_TRIGGER
  }
  return literalStart
}

const word = (input: Buffer, at: number): number =>
  input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24)
