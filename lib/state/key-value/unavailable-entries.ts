import { StreamsError } from '../../errors'
import type { Entries } from './entries'

type Unavailable = 'not open yet' | 'closed'

export const storeUnavailable = (store: string, state: Unavailable): StreamsError => {
  const why =
    state === 'closed'
      ? 'its task stopped or moved to another instance. Ask for the store again instead of keeping it'
      : 'its task has not started. Use it from `init` on'
  return new StreamsError('STORE_NOT_AVAILABLE', `store '${store}' is ${state}: ${why}.`, { store })
}

/** The entries before a store is opened and after it is closed: every use throws. */
export const unavailableEntries = (store: string, state: Unavailable): Entries<never, never, never> => {
  const fail = (): never => {
    throw storeUnavailable(store, state)
  }
  return {
    get: fail,
    peek: fail,
    put: fail,
    putAll: fail,
    scan: fail,
    approximateNumEntries: fail,
    flush: fail,
    setFlushListener: fail,
    close: () => {},
  }
}
