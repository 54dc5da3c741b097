import type { StateStore, StoreBuilder } from '../state/store'

/** A store by its name or by its handle. A handle also adds the store where it isn't known yet. */
export type StoreReference = string | StoreBuilder<StateStore>

/** One reference or several. */
export type StoreReferences = StoreReference | readonly StoreReference[]

export function storeReferences(stores: StoreReferences): readonly StoreReference[] {
  return typeof stores === 'string' || 'build' in stores ? [stores] : stores
}

export function storeName(store: StoreReference): string {
  return typeof store === 'string' ? store : store.name
}
