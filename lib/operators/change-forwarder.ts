import type { CachedStore } from '../state/cached-store'
import type { StateStore } from '../state/store'
import type { OperatorContext } from './processor'
import type { RecordHeaders } from '../record/headers'
import type { Serde } from '../serdes/serde'
import { Change } from '../record/change'
import { StreamRecord } from '../record/stream-record'

/** Whether a table operator forwards old values: some need them to subtract what they added. */
export interface OldValues {
  readonly sendOldValues: boolean
  /** The updates are those of a versioned table. */
  readonly versionedInput?: boolean
  /**
   * The forwarded updates are also those of a versioned table. If not, each counts as the latest: downstream operators
   * apply them in order.
   */
  readonly versionedOutput?: boolean
}

/**
 * Forwards the updates of an operator that keeps a table. With a record cache in front of the store, an update is
 * forwarded when the cache is flushed, once per key; otherwise at once.
 */
export class ChangeForwarder<K, V> {
  private readonly cached: boolean

  constructor(
    store: StateStore,
    private readonly context: OperatorContext<K, Change<V>>,
    private readonly sendOldValues: boolean,
  ) {
    const listen = (store as Partial<CachedStore<K, V>>).setFlushListener
    this.cached =
      listen?.call(
        store,
        (key: K, newValue: V | null, oldValue: V | null, timestamp: number) => {
          const change = new Change(newValue, sendOldValues ? oldValue : null)
          context.forward(new StreamRecord(key, change, timestamp, context.recordContext.headers))
        },
        sendOldValues,
        (serde) => context.needsOnlyBytes(serde as Serde<unknown>),
      ) ?? false
  }

  /** False: the cache forwards, and there is nothing to do for an update. */
  get forwardsUpdates(): boolean {
    return !this.cached
  }

  /** A cache reads the old value itself when it is flushed. */
  get wantsOldValue(): boolean {
    return this.sendOldValues && !this.cached
  }

  /** As `forward`, for a key other than the record's. */
  forwardFor(key: K, headers: RecordHeaders, newValue: V | null, oldValue: V | null, timestamp: number): void {
    if (this.cached) return
    const change = new Change(newValue, this.sendOldValues ? oldValue : null)
    this.context.forward(new StreamRecord(key, change, timestamp, headers))
  }

  /** `record` caused the update: it provides the headers. */
  forward(
    record: StreamRecord<K, unknown>,
    newValue: V | null,
    oldValue: V | null,
    timestamp: number,
    isLatest = true,
  ): void {
    if (this.cached) return
    const change = new Change(newValue, this.sendOldValues ? oldValue : null, isLatest)
    this.context.forward(new StreamRecord(record.key, change, timestamp, record.headers))
  }
}
