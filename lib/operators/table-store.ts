import type {
  StateStore,
  TimestampedKeyValueStore,
  ValueAndTimestamp,
  VersionedKeyValueStore,
  VersionedRecord,
} from '../state/store'
import type { OperatorContext } from './processor'

/* eslint-disable @typescript-eslint/no-explicit-any -- what an operator forwards is no matter of its store */

/** The store of a table for the operator that writes it, versioned or not. */
export interface TableStore<K, V> {
  readonly store: StateStore
  get(key: K): ValueAndTimestamp<V> | null
  /** Whether this is the latest value of the key now. `undefined`: too old for the store, which is unchanged. */
  put(key: K, value: V | null, timestamp: number): boolean | undefined
}

/** The last put wins, whatever its timestamp. */
class TimestampedTable<K, V> implements TableStore<K, V> {
  constructor(readonly store: TimestampedKeyValueStore<K, V>) {}

  get(key: K): ValueAndTimestamp<V> | null {
    return this.store.get(key)
  }

  put(key: K, value: V | null, timestamp: number): boolean {
    this.store.put(key, value === null ? null : { value, timestamp })
    return true
  }
}

/** The highest timestamp wins. */
class VersionedTable<K, V> implements TableStore<K, V> {
  constructor(readonly store: VersionedKeyValueStore<K, V>) {}

  get(key: K): VersionedRecord<V> | null {
    return this.store.get(key)
  }

  put(key: K, value: V | null, timestamp: number): boolean | undefined {
    const validTo = this.store.put(key, value, timestamp)
    return validTo === undefined ? undefined : validTo === Infinity
  }
}

export const openTable = <K, V>(context: OperatorContext<any, any>, name: string): TableStore<K, V> => {
  const store = context.stateStore<StateStore>(name)
  return 'versions' in store
    ? new VersionedTable(store as VersionedKeyValueStore<K, V>)
    : new TimestampedTable(store as TimestampedKeyValueStore<K, V>)
}
