import { StreamsError } from '../../errors'
import type { Entries } from './entries'

/** Stands in before a store is opened and after it is closed: every use says so. */
export const unavailableEntries = (store: string, state: 'not open yet' | 'closed'): Entries<never, never, never> => {
  const fail = (): never => {
    const why =
      state === 'closed'
        ? 'its task stopped or moved to another instance. Ask for the store again instead of keeping it'
        : 'its task has not started. Use it from `init` on'
    throw new StreamsError('STORE_NOT_AVAILABLE', `store '${store}' is ${state}: ${why}.`, { store })
  }
  return {
    get: fail,
    put: fail,
    scan: fail,
    approximateNumEntries: fail,
    flush: fail,
    setFlushListener: fail,
    close: () => {},
  }
}
