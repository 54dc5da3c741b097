import type { Window } from '../record/windowed'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedKeyValueStore,
  ReadOnlyWindowStore,
  ValueAndTimestamp,
} from '../state/store'

/** Which changes of a store a subscription gets. */
export interface SubscriptionOptions<K = unknown> {
  /** Only those of this key. Excludes `from` and `to`. */
  readonly key?: K
  /** Only those of keys from this one on, inclusive, in the order of the keys' bytes. */
  readonly from?: K
  /** Only those of keys up to this one, inclusive. */
  readonly to?: K
  /**
   * The most memory for changes that have not been read yet, in bytes. One more drops all of them: their partitions get a gap. Default:
   * 4 MiB.
   */
  readonly maxBufferedBytes?: number
  /** Ends the subscription. */
  readonly signal?: AbortSignal
}

/** A committed write of a store. */
export interface StoreChange<K, V> {
  /** Distinguishes it from a gap. */
  readonly type: 'change'
  /** Of the store. */
  readonly partition: number
  /** Without its window. */
  readonly key: K
  /** Of window and session stores. */
  readonly window?: Window
  /** `null`: it was deleted. */
  readonly value: V | null
  /** The event time of the update. */
  readonly timestamp: number
}

/** Changes of a partition are missing before this: read the store to know what it has. */
export interface ChangeGap {
  /** Distinguishes it from a change. */
  readonly type: 'gap'
  /** Of the store. */
  readonly partition: number
  /**
   * `started`: the partition has come to this instance, or its task has restarted; or, once or twice after the beginning, there were writes before the
   * subscription that have been committed since. `overflow`: changes came faster than they were read, or one transaction had too many.
   * `stopped`: the partition has left this instance, or its task restarts.
   */
  readonly reason: 'started' | 'overflow' | 'stopped'
}

/** What a subscription gives. */
export type StoreEvent<K, V> = StoreChange<K, V> | ChangeGap

/**
 * Changes of a store from the call of `subscribe` on, read once. Ends when it is closed, its signal aborts, or the instance closes.
 */
export interface StoreSubscription<K, V> extends AsyncIterableIterator<StoreEvent<K, V>> {
  /** Ends it: what was not read is dropped. So does leaving the loop that reads it. */
  close(): void
}

type PlainValue<V> = V extends ValueAndTimestamp<infer P> ? P : V

/** The values of a store, without their timestamps. */
export type StoreValue<S> =
  S extends ReadOnlyKeyValueStore<never, infer V>
    ? PlainValue<V>
    : S extends ReadOnlySessionStore<never, infer V>
      ? PlainValue<V>
      : S extends ReadOnlyWindowStore<never, infer V>
        ? PlainValue<V>
        : S extends ReadOnlyVersionedKeyValueStore<never, infer V>
          ? V
          : never
