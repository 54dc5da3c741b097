import { toMilliseconds } from '../../durations'
import { TopologyError } from '../../errors'
import type { Serde } from '../../serdes/serde'
import { plainFormat } from '../../state/key-value/value-format'
import type { StateStore, StoreBuilder, WindowStore } from '../../state/store'
import { windowStoreBuilder, type WindowStoreHandle } from '../../state/window/window-stores'
import type { DslContext } from '../graph-reference'

/** What both sides' stores have in common. */
export interface JoinStores<K> {
  readonly context: DslContext
  readonly key?: Serde<K>
  readonly windowMs: number
  readonly graceMs: number
  readonly persistent: boolean
  readonly logging: boolean | Readonly<Record<string, string>>
}

type JoinStoreHandle<K, V> = WindowStoreHandle<K, V, WindowStore<K, V>>

/** Records of one key in a window are spread over so many parts of the store: each is read, and written, at once. */
const PARTS_OF_WINDOW = 4

export const bucketOfJoinMs = (windowMs: number): number => Math.ceil(windowMs / PARTS_OF_WINDOW)

export const handleOf = <K, V>(store: string | JoinStoreHandle<K, V> | undefined): JoinStoreHandle<K, V> | undefined =>
  typeof store === 'object' ? store : undefined

/** The store with one side's records. What was given by a handle is found again by it, and kept as the handle says. */
export function joinStore<K, V>(
  { context, key, windowMs, graceMs, persistent, logging }: JoinStores<K>,
  name: string,
  value: Serde<V> | undefined,
  handle: JoinStoreHandle<K, V> | undefined,
  join: string,
): StoreBuilder<StateStore> {
  const retentionMs = windowMs + graceMs
  if (handle) requireFitting(handle, windowMs, retentionMs, join)
  const store = windowStoreBuilder<K, V, V>({
    name,
    format: plainFormat<V>(),
    key: handle?.options.key ?? key,
    value: handle?.options.value ?? value,
    retentionMs,
    windowSizeMs: windowMs,
    bucketMs: bucketOfJoinMs(windowMs),
    persistent: handle?.persistent ?? persistent,
    logging: handle ? (handle.options.logging ?? true) : neverCompacted(logging),
    retainDuplicates: true,
  })
  if (handle) context.graph.useForHandle(handle, store)
  return store
}

/** Configs meant for all stores of the join: the one that it shares is compacted. */
const neverCompacted = (logging: JoinStores<unknown>['logging']): JoinStores<unknown>['logging'] =>
  typeof logging === 'object' ? { ...logging, 'cleanup.policy': 'delete' } : logging

/** A store that keeps less would miss matches, and one that keeps more would have late ones. */
function requireFitting<K, V>(
  { name, timestamped, options }: JoinStoreHandle<K, V>,
  windowMs: number,
  retentionMs: number,
  join: string,
): void {
  const needs = (problem: string): never => {
    throw new TopologyError('INVALID_ARGUMENT', `store "${name}" does not fit the join "${join}": ${problem}`, {
      operator: join,
      store: name,
    })
  }
  if (timestamped) needs('it keeps timestamps beside the values: give a windowStore')
  if (options.retainDuplicates !== true) {
    needs('without retainDuplicates it would keep only one record of a key and time: set retainDuplicates: true')
  }
  const size = toMilliseconds(options.windowSize, 'windowSize')
  const retention = toMilliseconds(options.retention, 'retention')
  if (size !== windowMs) {
    needs(`its windowSize is ${size} ms and the join's window, before plus after, ${windowMs} ms: they must be equal`)
  }
  if (retention !== retentionMs) {
    needs(`its retention is ${retention} ms and the join's window plus grace ${retentionMs} ms: they must be equal`)
  }
}
