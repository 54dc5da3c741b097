import type { ByteString } from '../../bytes/byte-string'
import type { ByteRange } from './byte-range'

/** One key's value. Replaced instead of changed once an open scan may see it. */
export class Slot {
  constructor(
    readonly key: ByteString,
    /** `null` is a deletion that hides the entry below. */
    value: Buffer | null,
    readonly epoch: number,
  ) {
    this.value = value
  }

  value: Buffer | null
}

interface Chunk {
  slots: Slot[]
  /** Chunks of an earlier epoch belong to a view too: they are copied before they change. */
  epoch: number
}

const CHUNK = 256

/**
 * Slots in key order, in copy-on-write chunks: taking a consistent view costs one reference per chunk, and writes after
 * it copy only the chunks that they touch.
 */
export class SortedSlots {
  #chunks: Chunk[] = []
  #epoch = 1

  constructor(slots: Iterable<Slot>) {
    const sorted = [...slots].sort((a, b) => (a.key < b.key ? -1 : 1))
    for (let i = 0; i < sorted.length; i += CHUNK) {
      this.#chunks.push({ slots: sorted.slice(i, i + CHUNK), epoch: this.#epoch })
    }
  }

  /** Slots made in an earlier epoch may be part of a view. */
  get epoch(): number {
    return this.#epoch
  }

  insert(slot: Slot): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push({ slots: [slot], epoch: this.#epoch })
      return
    }
    const index = Math.min(this.#chunkAt(slot.key), this.#chunks.length - 1)
    const chunk = this.#writable(index)
    chunk.slots.splice(lowerBound(chunk.slots, slot.key), 0, slot)
    if (chunk.slots.length > 2 * CHUNK) {
      this.#chunks.splice(index + 1, 0, { slots: chunk.slots.splice(CHUNK), epoch: this.#epoch })
    }
  }

  replace(slot: Slot): void {
    const chunk = this.#writable(this.#chunkAt(slot.key))
    chunk.slots[lowerBound(chunk.slots, slot.key)] = slot
  }

  remove(key: ByteString): void {
    const index = this.#chunkAt(key)
    const chunk = this.#writable(index)
    chunk.slots.splice(lowerBound(chunk.slots, key), 1)
    if (chunk.slots.length === 0) this.#chunks.splice(index, 1)
  }

  view(range: ByteRange): SlotCursor {
    this.#epoch++
    return new SlotCursor(
      this.#chunks.map((chunk) => chunk.slots),
      range,
    )
  }

  /** The first chunk whose last key is not below `key`; one past the end if there is none. */
  #chunkAt(key: ByteString): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const { slots } = this.#chunks[middle]!
      if (slots[slots.length - 1]!.key < key) low = middle + 1
      else high = middle
    }
    return low
  }

  #writable(index: number): Chunk {
    const chunk = this.#chunks[index]!
    if (chunk.epoch === this.#epoch) return chunk
    return (this.#chunks[index] = { slots: chunk.slots.slice(), epoch: this.#epoch })
  }
}

/** Walks over a view. Before the first `advance()` it has no position. */
export class SlotCursor {
  readonly #chunks: ReadonlyArray<readonly Slot[]>
  readonly #step: 1 | -1
  readonly #from: ByteString | undefined
  readonly #to: ByteString | undefined
  readonly #toInclusive: boolean
  #chunk: number
  #index: number

  /** The current slot. */
  slot: Slot | undefined

  constructor(chunks: ReadonlyArray<readonly Slot[]>, { from, to, toInclusive = false, reverse = false }: ByteRange) {
    this.#chunks = chunks
    this.#step = reverse ? -1 : 1
    this.#from = from
    this.#to = to
    this.#toInclusive = toInclusive
    // One step before the first slot of the range, seen in the direction of the walk.
    const bound = reverse ? to : from
    const before = (slot: Slot): boolean =>
      bound === undefined ? reverse : reverse && toInclusive ? slot.key <= bound : slot.key < bound
    this.#chunk = partition(chunks, (slots) => before(slots[slots.length - 1]!))
    const slots = chunks[this.#chunk]
    this.#index = slots === undefined ? 0 : partition(slots, before)
    if (!reverse) this.#index--
  }

  /** False at the end of the range. */
  advance(): boolean {
    this.#index += this.#step
    let slots = this.#chunks[this.#chunk]
    if (slots === undefined || this.#index < 0 || this.#index >= slots.length) {
      this.#chunk += this.#step
      slots = this.#chunks[this.#chunk]
      if (slots === undefined) return this.#end()
      this.#index = this.#step === 1 ? 0 : slots.length - 1
    }
    const slot = slots[this.#index]!
    if (this.#step === 1) {
      if (this.#to !== undefined && (this.#toInclusive ? slot.key > this.#to : slot.key >= this.#to)) return this.#end()
    } else if (this.#from !== undefined && slot.key < this.#from) {
      return this.#end()
    }
    this.slot = slot
    return true
  }

  #end(): false {
    this.slot = undefined
    return false
  }
}

const lowerBound = (slots: readonly Slot[], key: ByteString): number => partition(slots, (slot) => slot.key < key)

/** How many items at the start satisfy `holds`, where all that do come before all that don't. */
const partition = <T>(items: readonly T[], holds: (item: T) => boolean): number => {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(items[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}
