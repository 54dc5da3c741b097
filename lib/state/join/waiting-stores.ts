import type { Serde } from '../../serdes/serde'
import type { ManagedStore, StoreBuilder } from '../store'
import { TypedWaitingStore, type WaitingStore } from './waiting-store'

export interface WaitingStoreSettings<K, V> {
  /** Of the join; the store is named after it. */
  readonly join: string
  readonly key?: Serde<K>
  readonly value?: Serde<V>
}

/** The store of stream records that wait for a table: on disk, whatever the default is, as in Kafka Streams. */
export const waitingStoreBuilder = <K, V>({
  join,
  key,
  value,
}: WaitingStoreSettings<K, V>): StoreBuilder<WaitingStore<K, V>> => {
  const name = `${join}-Buffer`
  return {
    name,
    persistent: true,
    cachingEnabled: false,
    loggingEnabled: true,
    changelogConfig: {},
    changelogPolicy: { cleanup: 'compact' },
    build: (changelogTopic): WaitingStore<K, V> & ManagedStore =>
      new TypedWaitingStore<K, V>({ name, topic: join, changelogTopic, keySerde: key, valueSerde: value }),
  }
}
