import { newByteSpan } from '../../bytes/byte-span'
import type { ChangeLoggingStore } from '../changelog/change-logging-store'
import type { ByteScan } from '../state-engine'
import type { StoreSerdes } from '../store-serdes'
import type { Entries } from './entries'
import { valueAt, type ValueFormat } from './value-format'

/** No record cache: every update is written and logged at once. */
export class DirectEntries<K, V, S> implements Entries<K, V, S> {
  readonly #serdes: StoreSerdes<K, V>
  readonly #format: ValueFormat<V, S>
  readonly #bytes: ChangeLoggingStore
  readonly #found = newByteSpan()

  constructor(serdes: StoreSerdes<K, V>, format: ValueFormat<V, S>, bytes: ChangeLoggingStore) {
    this.#serdes = serdes
    this.#format = format
    this.#bytes = bytes
  }

  get(key: K): S | null {
    const found = this.#found
    if (!this.#bytes.find(this.#serdes.writtenKey(key), found)) return null
    return valueAt(this.#format, this.#serdes, found)
  }

  peek(key: K): S | null {
    return this.get(key)
  }

  put(key: K, value: S | null): void {
    const keyBytes = this.#serdes.writtenKey(key)
    const plain = value === null ? null : (this.#format.plain(value) ?? null)
    const bytes = plain === null ? null : this.#serdes.writtenValue(plain)
    this.#bytes.put(keyBytes, bytes, bytes === null ? -1 : this.#format.timestamp(value!))
  }

  putAll(entries: ReadonlyArray<readonly [K, S | null]>): void {
    const written = entries.map(([key, value]) => {
      const plain = value === null ? null : (this.#format.plain(value) ?? null)
      const bytes = plain === null ? null : this.#serdes.valueBytes(plain)
      const timestamp = bytes === null ? -1 : this.#format.timestamp(value!)
      return { key: this.#serdes.keyBytes(key), bytes, timestamp }
    })
    for (const { key, bytes, timestamp } of written) this.#bytes.put(key, bytes, timestamp)
  }

  scan(scan: ByteScan): AsyncIterable<[Buffer, Buffer]> {
    return this.#bytes.scan(scan)
  }

  approximateNumEntries(): number {
    return this.#bytes.approximateNumEntries()
  }

  flush(): boolean {
    return true
  }

  setFlushListener(): boolean {
    return false
  }

  close(): void {}
}
