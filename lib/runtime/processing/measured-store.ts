import type { StoreSensors } from '../../observe/metrics/task-sensors'
import type { ManagedStore } from '../../state/store'

/** Kafka Streams' name of what a method does. A method that only calls another one of these is not among them. */
const OPERATIONS = {
  get: 'get',
  put: 'put',
  putIfAbsent: 'put-if-absent',
  putAll: 'put-all',
  delete: 'delete',
  fetch: 'fetch',
  fetchSession: 'fetch',
  findSessions: 'fetch',
  remove: 'remove',
} as const

/** Reading the clock takes as long as a read from the cache: it is done for one call in so many. */
const CALLS_OF_A_SAMPLE = 16

type Method = (...args: unknown[]) => unknown

/** From now on counts calls of a store's methods, and takes the time of some. Stores that are not measured pay nothing. */
export const measureStore = (store: ManagedStore, sensors: StoreSensors): void => {
  const methods = store as unknown as Record<string, Method | undefined>
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const method = methods[name]
    // fetch of a session store calls findSessions
    if (method === undefined || (name === 'fetch' && 'findSessions' in store)) continue
    const { rate, latency } = sensors.of(operation)
    let calls = 0
    methods[name] = (a, b, c, d) => {
      rate.add(1)
      if (calls++ % CALLS_OF_A_SAMPLE !== 0) return method.call(store, a, b, c, d)
      const start = performance.now()
      const result = method.call(store, a, b, c, d)
      latency.add((performance.now() - start) * 1e6)
      return result
    }
  }
  measureFlush(store, sensors)
}

/** All the calls that flush the cache for one commit are one flush. */
const measureFlush = (store: ManagedStore, sensors: StoreSensors): void => {
  sensors.of('flush')
  const flushCache = store.flushCache.bind(store)
  store.flushCache = (due) => {
    const start = performance.now()
    const isFlushed = flushCache(due)
    sensors.flushing((performance.now() - start) * 1e6)
    return isFlushed
  }
}
