import { either, isObject, type Kind, kind, listOf, text } from '../arguments'
import type { StateStore, StoreBuilder } from '../state/store'
import { kindOfHandle, MADE_BY, type StoreKind } from '../state/store-kind'

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

/** A store by its handle, for an operator that makes one of these kinds: the name and the options of another kind's would seem to fit. */
function storeOf(...kinds: readonly StoreKind[]): Kind {
  const makers = kinds.map((one) => MADE_BY[one]).join(' or ')
  return {
    is: STORE.is,
    problem(value, name) {
      const problem = STORE.problem(value, name)
      if (problem !== undefined) return problem
      const given = kindOfHandle(value as object)
      if (given === undefined || kinds.includes(given)) return undefined
      return `${name} as the handle of a ${kinds.join(' or ')} store, made by ${makers}, and got that of a ${given} store`
    },
  }
}

export const TABLE_STORE = storeOf('key-value', 'versioned')

export const WINDOW_STORE = storeOf('window')

export const SESSION_STORE = storeOf('session')

const STORE_REFERENCE = either(text('the name of a store'), STORE)

export const STORE_LIST = listOf(STORE_REFERENCE)

export const STORE_REFERENCES = either(STORE_REFERENCE, STORE_LIST)
