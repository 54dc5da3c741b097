import type { SessionStore, StateStore, WindowStore } from '../../../lib/state/store'
import { sessionStore } from '../../../lib/state/session/session-stores'
import { timestampedWindowStore, windowStore } from '../../../lib/state/window/window-stores'
import type { Windowed } from '../../../lib/record/windowed'
import type { JavaSerde } from './serdes'
import { OptionalStoreBuilder } from './store-builder'
import { javaValue, ourValue } from './value-and-timestamp'
import { fromJava, toJava } from './windows'

/** What `Stores.…WindowStore(…)` and `Stores.…SessionStore(…)` give. */
export interface WindowStoreSupplier {
  readonly name: string
  readonly persistent: boolean
  readonly retention: number
  /** Absent: sessions. */
  readonly windowSize?: number
  readonly retainDuplicates?: boolean
}

export const isWindowSupplier = (supplier: object): supplier is WindowStoreSupplier => 'retention' in supplier

type Serdes = readonly [key?: JavaSerde, value?: JavaSerde]

/** Our store for a supplier. */
export function storeOf(
  supplier: WindowStoreSupplier,
  [key, value]: Serdes = [],
  timestamped = false,
  more: object = {},
) {
  const { name, persistent, retention, windowSize, retainDuplicates } = supplier
  const options = { key: key?.serde, value: value?.serde, persistent, retention, ...more }
  if (windowSize === undefined) return sessionStore(name, options)
  return (timestamped ? timestampedWindowStore : windowStore)(name, { ...options, windowSize, retainDuplicates })
}

const windows =
  (persistent: boolean) =>
  (name: string, retention: number, windowSize: number, retainDuplicates: boolean): WindowStoreSupplier => ({
    name,
    persistent,
    retention,
    windowSize,
    retainDuplicates,
  })
const sessions =
  (persistent: boolean) =>
  (name: string, retention: number): WindowStoreSupplier => ({ name, persistent, retention })
const builder =
  (timestamped: boolean) =>
  (supplier: WindowStoreSupplier, ...serdes: JavaSerde[]) =>
    new OptionalStoreBuilder((options) => storeOf(supplier, serdes as unknown as Serdes, timestamped, options))

export const windowStores = {
  persistentWindowStore: windows(true),
  persistentTimestampedWindowStore: windows(true),
  inMemoryWindowStore: windows(false),
  persistentSessionStore: sessions(true),
  inMemorySessionStore: sessions(false),
  windowStoreBuilder: builder(false),
  timestampedWindowStoreBuilder: builder(true),
  sessionStoreBuilder: builder(false),
}

const entries = async function* (scan: AsyncIterable<[Windowed<unknown>, unknown]>) {
  for await (const [key, value] of scan) yield { key: toJava(key), value: javaValue(value) }
}

export const isWindowStore = (store: StateStore): store is WindowStore<unknown, unknown> => 'fetchAll' in store
export const isSessionStore = (store: StateStore): store is SessionStore<unknown, unknown> => 'findSessions' in store

/** The methods of Java's window stores, over ours. */
export function javaWindowStore(store: WindowStore<unknown, unknown>) {
  const range = (args: readonly unknown[], reverse: boolean) => {
    if (args.length === 4) {
      return entries(store.fetchRange(args[0], args[1], args[2] as number, args[3] as number, { reverse }))
    }
    const [key, from, to] = args as [unknown, number, number]
    return store.fetch(key, from, to, { reverse }).map(([start, value]) => ({ key: start, value: javaValue(value) }))
  }
  return {
    put: (key: unknown, value: unknown, windowStart: number) => store.put(key, ourValue(value), windowStart),
    fetch: (...args: unknown[]) =>
      args.length === 2 ? javaValue(store.fetch(args[0], args[1] as number)) : range(args, false),
    backwardFetch: (...args: unknown[]) => range(args, true),
    fetchAll: (from: number, to: number) => entries(store.fetchAll(from, to)),
    backwardFetchAll: (from: number, to: number) => entries(store.fetchAll(from, to, { reverse: true })),
    all: () => entries(store.all()),
    backwardAll: () => entries(store.all({ reverse: true })),
  }
}

/** The methods of Java's session stores, over ours. */
export function javaSessionStore(store: SessionStore<unknown, unknown>) {
  const list = (found: ReadonlyArray<readonly [Windowed<unknown>, unknown]>) =>
    found.map(([key, value]) => ({ key: toJava(key), value }))
  const find = (args: readonly unknown[], reverse: boolean) => {
    const times = args.slice(-2) as [number, number]
    if (args.length === 2) return entries(store.findAllSessions(...times, { reverse }))
    if (args.length === 3) return list(store.findSessions(args[0], ...times, { reverse }))
    return entries(store.findSessionsRange(args[0], args[1], ...times, { reverse }))
  }
  const fetch = (args: readonly unknown[], reverse: boolean) =>
    args.length === 1
      ? list(store.fetch(args[0], { reverse }))
      : entries(store.fetchRange(args[0], args[1], { reverse }))
  return {
    put: (session: unknown, value: unknown) => store.put(fromJava(session) as Windowed<unknown>, value),
    remove: (session: unknown) => store.remove(fromJava(session) as Windowed<unknown>),
    fetchSession: (key: unknown, start: number, end: number) => store.fetchSession(key, start, end),
    findSessions: (...args: unknown[]) => find(args, false),
    backwardFindSessions: (...args: unknown[]) => find(args, true),
    fetch: (...args: unknown[]) => fetch(args, false),
    backwardFetch: (...args: unknown[]) => fetch(args, true),
  }
}
