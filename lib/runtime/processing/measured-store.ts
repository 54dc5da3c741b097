import type { StoreSensors } from '../../observe/metrics/task-sensors'
import { LoggedSuppressionBuffer } from '../../state/buffer/suppression-buffer'
import type { OpenScans } from '../../state/open-scans'
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

/** Kafka Streams' names of the scans of key-value stores. Those of other stores are fetches. */
const SCANS = ['all', 'range', 'prefix-scan']

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
  if (store.openScans !== undefined) measureScans(store.openScans, 'prefixScan' in store ? SCANS : [], sensors)
  if (store.cacheUse !== undefined) measureHits(store, sensors)
  if (store instanceof LoggedSuppressionBuffer) measureBuffer(store, sensors)
}

/** `timed`: calls that are scans alone. A fetch may be one as well, but only some of the other fetches are timed: it would outweigh them. */
const measureScans = (scans: OpenScans, timed: readonly string[], sensors: StoreSensors): void => {
  for (const operation of timed) sensors.of(operation)
  const duration = sensors.amount('iterator-duration')
  scans.ended = (operation, nanoseconds) => {
    const { rate, latency } = sensors.of(operation)
    rate.add(1)
    if (timed.includes(operation)) latency.add(nanoseconds)
    duration.add(nanoseconds)
  }
}

/** As in Kafka Streams, what the ratio has come to be with each hit. */
const measureHits = (store: ManagedStore, sensors: StoreSensors): void => {
  const ratio = sensors.hitRatios()
  const cached = store as ManagedStore & { get(key: unknown): unknown }
  const get = cached.get
  cached.get = (key) => {
    const before = cached.cacheUse!.hits
    const value = get.call(cached, key)
    const { reads, hits } = cached.cacheUse!
    if (hits > before) ratio.add(hits / reads)
    return value
  }
}

/** How full the buffer of a suppression is: when it opens, and after each change. */
const measureBuffer = (buffer: LoggedSuppressionBuffer<unknown, unknown>, sensors: StoreSensors): void => {
  const size = sensors.amount('suppression-buffer-size')
  const count = sensors.amount('suppression-buffer-count')
  const measure = (): void => {
    size.add(buffer.bytes)
    count.add(buffer.records)
  }
  const open = buffer.open.bind(buffer)
  const put = buffer.put.bind(buffer)
  const evictWhile = buffer.evictWhile.bind(buffer)
  buffer.open = async () => {
    await open()
    measure()
  }
  buffer.put = (time, key, change, context) => {
    put(time, key, change, context)
    measure()
  }
  buffer.evictWhile = (condition, evict) => {
    const before = buffer.records
    evictWhile(condition, evict)
    if (buffer.records !== before) measure()
  }
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
