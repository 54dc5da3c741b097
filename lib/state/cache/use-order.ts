/** No entry's slot. */
export const NO_SLOT = -1

/** No position in the log. */
const NOWHERE = -1
const INITIAL_SLOTS = 16

/**
 * The entries of a cache, by their slots, in two orders, by their last use and by their last update, in amortised constant time.
 *
 * A log has the slot of an entry for each use: a use appends to it and touches no other entry. Positions of uses that are
 * no longer an entry's last are skipped when the log is read from its start, and dropped when it is full.
 */
export class UseOrder {
  #log = new Int32Array(4 * INITIAL_SLOTS)
  /** By slot: the position of the last use, `NOWHERE` if it is not in the order. */
  #usedAt = new Int32Array(INITIAL_SLOTS).fill(NOWHERE)
  /** By slot: the position of the last update, `NOWHERE` if there was none since it was taken. */
  #updatedAt = new Int32Array(INITIAL_SLOTS).fill(NOWHERE)
  /** Before it, no position is a last use. */
  #oldest = 0
  /** Before it, no position is a last update. */
  #firstUpdate = 0
  #end = 0

  /** Adds it as the most recently used. */
  add(slot: number): void {
    while (slot >= this.#usedAt.length) {
      this.#usedAt = doubled(this.#usedAt)
      this.#updatedAt = doubled(this.#updatedAt)
    }
    this.#append(slot)
  }

  has(slot: number): boolean {
    return this.#usedAt[slot] !== NOWHERE
  }

  /** It has an update that is not taken. */
  hasUpdate(slot: number): boolean {
    return this.#updatedAt[slot] !== NOWHERE
  }

  /** Makes it the most recently used. */
  use(slot: number): void {
    if (this.#usedAt[slot] !== this.#end - 1) this.#append(slot)
  }

  /** Makes it the most recently used and the last updated. */
  update(slot: number): void {
    const position = this.#usedAt[slot]!
    if (position !== this.#end - 1 || position < this.#firstUpdate) this.#append(slot)
    this.#updatedAt[slot] = this.#end - 1
  }

  remove(slot: number): void {
    this.#usedAt[slot] = NOWHERE
    this.#updatedAt[slot] = NOWHERE
  }

  /** `NO_SLOT` if there are no entries. */
  leastRecentlyUsed(): number {
    for (; this.#oldest < this.#end; this.#oldest++) {
      const slot = this.#log[this.#oldest]!
      if (this.#usedAt[slot] === this.#oldest) return slot
    }
    return NO_SLOT
  }

  /** The entries that have an update, the least recently updated first. */
  updated(): number[] {
    const updated: number[] = []
    for (let position = this.#firstUpdate; position < this.#end; position++) {
      const slot = this.#log[position]!
      if (this.#updatedAt[slot] === position) updated.push(slot)
    }
    return updated
  }

  /** The first of `updated`, which has no update afterwards; `NO_SLOT` if there is none. */
  takeUpdated(): number {
    while (this.#firstUpdate < this.#end) {
      const position = this.#firstUpdate++
      const slot = this.#log[position]!
      if (this.#updatedAt[slot] !== position) continue
      this.#updatedAt[slot] = NOWHERE
      return slot
    }
    return NO_SLOT
  }

  /** In no order. */
  *slots(): IterableIterator<number> {
    for (const [slot, position] of this.#usedAt.entries()) if (position !== NOWHERE) yield slot
  }

  clear(): void {
    this.#log = new Int32Array(4 * INITIAL_SLOTS)
    this.#usedAt = new Int32Array(INITIAL_SLOTS).fill(NOWHERE)
    this.#updatedAt = new Int32Array(INITIAL_SLOTS).fill(NOWHERE)
    this.#oldest = this.#firstUpdate = this.#end = 0
  }

  #append(slot: number): void {
    if (this.#end === this.#log.length) this.#compact()
    this.#usedAt[slot] = this.#end
    this.#log[this.#end++] = slot
  }

  /** Drops the positions that are neither a last use nor a last update. */
  #compact(): void {
    const log = this.#log
    const usedAt = this.#usedAt
    const updatedAt = this.#updatedAt
    let kept = 0
    let firstUpdate = -1
    for (let position = Math.min(this.#oldest, this.#firstUpdate); position < this.#end; position++) {
      const slot = log[position]!
      const used = usedAt[slot] === position
      const updated = updatedAt[slot] === position
      if (!used && !updated) continue
      if (used) usedAt[slot] = kept
      if (updated) {
        updatedAt[slot] = kept
        if (firstUpdate < 0) firstUpdate = kept
      }
      log[kept++] = slot
    }
    this.#oldest = 0
    this.#firstUpdate = firstUpdate < 0 ? kept : firstUpdate
    this.#end = kept
    if (2 * kept > log.length) this.#log = doubled(log)
  }
}

const doubled = (numbers: Int32Array): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(2 * numbers.length).fill(NOWHERE, numbers.length)
  larger.set(numbers)
  return larger
}
