import { either, isObject, kind, listOf, text } from '../arguments'
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

export const STORE = kind(
  'a store, such as keyValueStore(…) makes one',
  (value) => isObject(value) && typeof value.name === 'string' && typeof value.build === 'function',
)

const STORE_REFERENCE = either(text('the name of a store'), STORE)

export const STORE_LIST = listOf(STORE_REFERENCE)

export const STORE_REFERENCES = either(STORE_REFERENCE, STORE_LIST)
