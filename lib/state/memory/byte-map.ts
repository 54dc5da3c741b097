import type { ByteString } from '../../bytes/byte-string'
import type { ByteRange } from './byte-range'
import { Slot, SortedSlots, type SlotCursor } from './sorted-slots'

const SLOT_OVERHEAD = 32

/** A hash map that also gives ordered, consistent views. Its order is built by the first scan and maintained afterwards. */
export class ByteMap {
  readonly #slots = new Map<ByteString, Slot>()
  #sorted: SortedSlots | null = null
  #bytes = 0

  get size(): number {
    return this.#slots.size
  }

  /** Size of keys and values with a flat overhead for each. */
  get bytes(): number {
    return this.#bytes
  }

  get(key: ByteString): Slot | undefined {
    return this.#slots.get(key)
  }

  /** Returns the former value. */
  set(key: ByteString, value: Buffer | null): Buffer | null | undefined {
    const slot = this.#slots.get(key)
    if (slot === undefined) {
      this.#bytes += SLOT_OVERHEAD + key.length + (value === null ? 0 : value.length)
      const added = new Slot(key, value, this.#sorted === null ? 0 : this.#sorted.epoch)
      this.#slots.set(key, added)
      this.#sorted?.insert(added)
      return undefined
    }
    const old = slot.value
    this.#bytes += (value === null ? 0 : value.length) - (old === null ? 0 : old.length)
    if (this.#sorted === null || slot.epoch === this.#sorted.epoch) {
      slot.value = value
    } else {
      const replaced = new Slot(key, value, this.#sorted.epoch)
      this.#slots.set(key, replaced)
      this.#sorted.replace(replaced)
    }
    return old
  }

  /** Returns whether it existed. */
  delete(key: ByteString): boolean {
    const slot = this.#slots.get(key)
    if (slot === undefined) return false
    this.#slots.delete(key)
    this.#sorted?.remove(key)
    this.#bytes -= SLOT_OVERHEAD + key.length + (slot.value === null ? 0 : slot.value.length)
    return true
  }

  /** In no order. */
  slots(): IterableIterator<Slot> {
    return this.#slots.values()
  }

  /** The entries of a range as of now, regardless of later changes. */
  view(range: ByteRange): SlotCursor {
    this.#sorted ??= new SortedSlots(this.#slots.values())
    return this.#sorted.view(range)
  }

  clear(): void {
    this.#slots.clear()
    this.#sorted = null
    this.#bytes = 0
  }
}
