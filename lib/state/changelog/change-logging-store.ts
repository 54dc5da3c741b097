import type { ChangeLog } from '../changes/change-feeds'
import { type ByteSpan, setSpan } from '../../bytes/byte-span'
import type { ByteScan, ByteStore } from '../state-engine'
import type { StateStoreContext } from '../store'
import { Scratch } from '../../bytes/scratch'
import { TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'

export interface ChangeLoggingStoreOptions {
  readonly bytes: ByteStore
  readonly context: Pick<StateStoreContext, 'logChange' | 'recordContext'>
  /** `null`: changes are not logged. */
  readonly changelogTopic: string | null
  /** Values are stored behind their timestamps. */
  readonly timestamped: boolean
  readonly changes?: ChangeLog | undefined
}

/**
 * A store's bytes, with its changelog. The changelog gets the bare value; its record's timestamp is the value's if
 * the store keeps one, otherwise (and for a delete) the current record's.
 */
export class ChangeLoggingStore {
  readonly #bytes: ByteStore
  readonly #context: ChangeLoggingStoreOptions['context']
  readonly #topic: string | null
  readonly #timestamped: boolean
  readonly #changes: ChangeLog | undefined
  readonly #scratch = new Scratch()

  constructor({ bytes, context, changelogTopic, timestamped, changes }: ChangeLoggingStoreOptions) {
    this.#bytes = bytes
    this.#context = context
    this.#topic = changelogTopic
    this.#timestamped = timestamped
    this.#changes = changes
  }

  /** As stored: after its timestamp if the store keeps one. */
  get(key: Buffer): Buffer | null {
    return this.#bytes.get(key)
  }

  /** As `ByteStore.find`, of any engine. */
  find(key: Buffer, span: ByteSpan): boolean {
    const bytes = this.#bytes
    if (bytes.find !== undefined) return bytes.find(key, span)
    const value = bytes.get(key)
    if (value === null) return false
    setSpan(span, value, 0, value.length)
    return true
  }

  /** `value` is bare. Both are copied. */
  put(key: Buffer, value: Buffer | null, timestamp: number): void {
    const behindTimestamp = this.#timestamped && value !== null
    this.#bytes.put(key, behindTimestamp ? this.#prefixed(timestamp, value) : value)
    if (this.#changes?.active) {
      this.#changes.add(key, 0, 0, value, behindTimestamp ? timestamp : this.#context.recordContext.timestamp)
    }
    if (this.#topic === null) return
    this.#context.logChange(
      this.#topic,
      key,
      value,
      behindTimestamp ? timestamp : this.#context.recordContext.timestamp,
    )
  }

  #prefixed(timestamp: number, value: Buffer): Buffer {
    const stored = this.#scratch.of(TIMESTAMP_BYTES + value.length)
    writeTimestamp(stored, timestamp)
    stored.set(value, TIMESTAMP_BYTES)
    return stored
  }

  scan(scan: ByteScan): AsyncIterable<[key: Buffer, value: Buffer]> {
    return this.#bytes.scan(scan)
  }

  approximateNumEntries(): number {
    return this.#bytes.approximateNumEntries()
  }
}
