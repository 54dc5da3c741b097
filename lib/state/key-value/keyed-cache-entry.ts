import type { ByteString } from '../../byte-string'
import { CacheEntry } from '../cache/cache-entry'
import type { Indexed } from '../cache/entry-index'
import { keptHeaders, NO_HEADERS, type RecordHeaders } from '../../record/headers'
import { type HeldBytes, HeldRecordContext } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'

/**
 * A cached key of a key-value store. It is mostly an old entry that is updated, so that the context of the update is
 * copied into it: the garbage collector would have to follow a pointer from an old object to a new one.
 */
export class KeyedCacheEntry<V> extends CacheEntry<V> implements Indexed {
  textHash = 0
  key: unknown = undefined
  keyHash = 0

  protected topic: string | null = ''
  protected headers: RecordHeaders = NO_HEADERS
  #partition = -1
  #offset = -1
  #timestamp = -1
  #bytes: HeldBytes | null = null

  constructor(readonly text: ByteString) {
    super()
  }

  updatedBy({ topic, partition, offset, timestamp, headers }: RecordContext, bytes: HeldBytes | null): void {
    this.topic = topic
    this.#partition = partition
    this.#offset = offset
    this.#timestamp = timestamp
    this.headers = keptHeaders(headers)
    this.#bytes = bytes
  }

  takeContext(): RecordContext {
    const bytes = this.#bytes
    this.#bytes = null
    return new HeldRecordContext(this.topic, this.#partition, this.#offset, this.#timestamp, this.headers, bytes)
  }
}
