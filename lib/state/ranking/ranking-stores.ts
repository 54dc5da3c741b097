import type { Serde } from '../../serdes/serde'
import type { ManagedStore, StateStore, StoreBuilder } from '../store'
import { checkedRank, type RankSelector } from './ranking'
import { type RankingStore, TypedRankingStore } from './ranking-store'

export interface RankingStoreSettings<K, V> {
  /** The store of the best rows: the one of all is named after it, and kept and logged in the same way. */
  readonly best: StoreBuilder<StateStore>
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  readonly by: RankSelector<K, V>
}

/** The store of all rows of a table that only the best of are shown. */
export const rankingStoreBuilder = <K, V>(settings: RankingStoreSettings<K, V>): StoreBuilder<RankingStore<K, V>> => {
  const { best, key, value, by } = settings
  const { persistent, loggingEnabled, changelogConfig } = best
  const name = `${best.name}-ranking`
  return {
    name,
    persistent,
    cachingEnabled: false,
    loggingEnabled,
    changelogConfig,
    changelogPolicy: { cleanup: 'compact' },
    build: (changelogTopic): RankingStore<K, V> & ManagedStore =>
      new TypedRankingStore<K, V>({
        name,
        persistent,
        changelogTopic,
        keySerde: key,
        valueSerde: value,
        rankOf: checkedRank(by),
      }),
  }
}
