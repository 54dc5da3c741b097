import type { Serde } from '../../serdes/serde'
import type { ManagedStore, StoreBuilder } from '../store'
import { TypedUnjoinedStore, type UnjoinedStore } from './unjoined-store'

export interface UnjoinedStoreSettings<K, L, R> {
  readonly name: string
  readonly key?: Serde<K>
  readonly left?: Serde<L>
  readonly right?: Serde<R>
  readonly persistent: boolean
  readonly logging: boolean | Readonly<Record<string, string>>
}

/** The store that both sides of a left or outer join of two streams share. */
export const unjoinedStoreBuilder = <K, L, R>(
  settings: UnjoinedStoreSettings<K, L, R>,
): StoreBuilder<UnjoinedStore<K, L, R>> => {
  const { name, persistent, logging } = settings
  return {
    name,
    persistent,
    cachingEnabled: false,
    loggingEnabled: logging !== false,
    changelogConfig: typeof logging === 'object' ? logging : {},
    changelogPolicy: { cleanup: 'compact' },
    build: (changelogTopic): UnjoinedStore<K, L, R> & ManagedStore =>
      new TypedUnjoinedStore<K, L, R>({
        name,
        persistent,
        changelogTopic,
        keySerde: settings.key,
        leftSerde: settings.left,
        rightSerde: settings.right,
      }),
  }
}
