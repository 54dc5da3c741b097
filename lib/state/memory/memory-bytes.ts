import { byteString, bytesOf } from '../../bytes/byte-string'
import { breathe } from '../breathe'
import { prefixTimestamp } from '../../bytes/timestamped-bytes'
import type { ByteScan, ByteStore } from '../state-engine'
import { ByteMap } from './byte-map'
import { rangeOf } from './byte-range'

/** A store that lives as long as its task: nothing on disk, no generations, no offset. */
export class MemoryBytes implements ByteStore {
  readonly #entries = new ByteMap()

  get(key: Buffer): Buffer | null {
    const slot = this.#entries.get(byteString(key))
    return slot === undefined ? null : slot.value
  }

  put(key: Buffer, value: Buffer | null): void {
    this.#set(key, value === null ? null : Buffer.from(value))
  }

  restore(key: Buffer, value: Buffer | null, timestamp?: number): void {
    if (value === null || timestamp === undefined) this.put(key, value)
    else this.#set(key, prefixTimestamp(timestamp, value))
  }

  async *scan(scan: ByteScan): AsyncGenerator<[Buffer, Buffer]> {
    const cursor = this.#entries.view(rangeOf(scan))
    const pause = breathe(scan.signal)
    while (cursor.advance()) {
      if (pause.due()) await pause.take()
      const { key, value } = cursor.slot!
      yield [bytesOf(key), value!]
    }
  }

  dropBelow(key: Buffer): void {
    const below = this.#entries.view({ to: byteString(key) })
    while (below.advance()) this.#entries.delete(below.slot!.key)
  }

  approximateNumEntries(): number {
    return this.#entries.size
  }

  clear(): void {
    this.#entries.clear()
  }

  #set(key: Buffer, value: Buffer | null): void {
    if (value === null) this.#entries.delete(byteString(key))
    else this.#entries.set(byteString(key), value)
  }
}
