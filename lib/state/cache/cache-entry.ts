import { NO_SLOT, type Used } from './use-order'
import type { RecordHeaders } from '../../record/headers'
import type { HeldBytes } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'

/** A dirty entry as it was when its flush began: forwarding one may lead to new updates of others. */
export interface FlushedEntry<V, E extends CacheEntry<V>> {
  readonly entry: E
  readonly value: V | Buffer | null
  readonly valueTimestamp: number
  readonly context: RecordContext
}

/** What a flush has still to write of entries that were updated since it began. */
export type Superseded<V, E extends CacheEntry<V>> = Map<E, FlushedEntry<V, E>>

/** One key of a record cache, with the record context of its last update. */
export abstract class CacheEntry<V> implements Used {
  /** Bytes if the value itself can't be kept; `null` means deleted. */
  value: V | Buffer | null = null
  valueTimestamp = -1
  dirty = false
  /** The flush that has yet to write it as it is. */
  flush: Superseded<V, this> | null = null
  /** Its size in the budget. */
  size = 0
  slot = NO_SLOT

  /** `bytes`: what the update was read from, if an error handler may ask for it. Not part of its size, as in Kafka Streams. */
  abstract updatedBy(context: RecordContext, bytes: HeldBytes | null): void

  /** The context of its last update, which it no longer needs. */
  abstract takeContext(): RecordContext

  protected abstract get topic(): string | null
  protected abstract get headers(): RecordHeaders

  /** Kafka Streams' estimate: eviction happens at the same updates as there. `length` is that of key and value bytes. */
  estimate(length: number): number {
    const { topic, headers } = this
    const size = length + ENTRY_BYTES + (topic === null ? 0 : topic.length)
    return headers.length === 0 ? size : size + headersSize(headers)
  }
}

const headersSize = (headers: RecordHeaders): number =>
  headers.reduce((size, [name, value]) => size + name.length + (value === null ? 0 : value.length), 0)

/** Three references, the dirty flag, timestamp, offset and partition. */
const ENTRY_BYTES = 24 + 1 + 8 + 8 + 4
