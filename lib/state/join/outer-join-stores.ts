import type { Serde } from '../../serdes/serde'
import type { ManagedStore, StoreBuilder } from '../store'
import { TypedOuterJoinStore, type OuterJoinStore } from './outer-join-store'

export interface OuterJoinStoreSettings<K, L, R> {
  readonly name: string
  readonly key?: Serde<K>
  readonly left?: Serde<L>
  readonly right?: Serde<R>
  /** Records that wait with timestamps in this interval are stored together. */
  readonly bucketMs: number
  readonly persistent: boolean
  readonly logging: boolean | Readonly<Record<string, string>>
}

/** The store that both sides of a left or outer join of two streams share. */
export const outerJoinStoreBuilder = <K, L, R>(
  settings: OuterJoinStoreSettings<K, L, R>,
): StoreBuilder<OuterJoinStore<K, L, R>> => {
  const { name, bucketMs, persistent, logging } = settings
  return {
    name,
    persistent,
    cachingEnabled: false,
    loggingEnabled: logging !== false,
    changelogConfig: typeof logging === 'object' ? logging : {},
    changelogPolicy: { cleanup: 'compact' },
    build: (changelogTopic): OuterJoinStore<K, L, R> & ManagedStore =>
      new TypedOuterJoinStore<K, L, R>({
        name,
        persistent,
        changelogTopic,
        bucketMs: Math.max(bucketMs, 1),
        keySerde: settings.key,
        leftSerde: settings.left,
        rightSerde: settings.right,
      }),
  }
}
