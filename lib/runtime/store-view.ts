import { StreamsError } from '../errors'
import { storeFor } from '../state/key-value/plain-view'
import type { ReadOnlyKeyValueStore, ScanOptions, StateStore } from '../state/store'
import type { ActiveTask } from './active-task'

/** A typed handle of a store, such as `keyValueStore(…)` makes it. */
export interface StoreHandle<S extends StateStore> {
  readonly name: string
  readonly storeType?: S
}

/** The reads of a store, for a handle that carries its types. */
export type ReadOnlyStore<S> = S extends ReadOnlyKeyValueStore<infer K, infer V> ? ReadOnlyKeyValueStore<K, V> : never

/**
 * One store over all partitions that this instance has. Points are looked up in each, scans go through one partition
 * after the other, each in key order. Partitions that other instances have are not in it.
 */
class CompositeKeyValueStore<K, V> implements ReadOnlyKeyValueStore<K, V> {
  constructor(
    readonly name: string,
    private readonly parts: () => readonly ReadOnlyKeyValueStore<K, V>[],
  ) {}

  get persistent(): boolean {
    return this.parts().every((part) => part.persistent)
  }

  get(key: K): V | null {
    for (const part of this.parts()) {
      const value = part.get(key)
      if (value !== null) return value
    }
    return null
  }

  range(from: K | null, to: K | null, options?: ScanOptions): AsyncIterable<[K, V]> {
    return this.#scan((part) => part.range(from, to, options))
  }

  all(options?: ScanOptions): AsyncIterable<[K, V]> {
    return this.#scan((part) => part.all(options))
  }

  prefixScan<P>(
    prefix: P,
    prefixSerde: { serialize(topic: string, value: P, headers: never): Buffer | null },
    options?: ScanOptions,
  ): AsyncIterable<[K, V]> {
    return this.#scan((part) => part.prefixScan(prefix, prefixSerde, options))
  }

  approximateNumEntries(): number {
    return this.parts().reduce((sum, part) => sum + part.approximateNumEntries(), 0)
  }

  async *#scan(scan: (part: ReadOnlyKeyValueStore<K, V>) => AsyncIterable<[K, V]>): AsyncGenerator<[K, V]> {
    for (const part of this.parts()) yield* scan(part)
  }
}

/** A read-only view that stays valid over rebalances; each read throws `STORE_NOT_AVAILABLE` while a partition is being restored. */
export const storeView = (
  handle: string | StoreHandle<StateStore>,
  tasks: () => Iterable<ActiveTask>,
  knownStores: ReadonlySet<string>,
): ReadOnlyKeyValueStore<unknown, unknown> => {
  const name = typeof handle === 'string' ? handle : handle.name
  if (!knownStores.has(name)) {
    throw new StreamsError(
      'UNKNOWN_STORE',
      `the topology has no store "${name}"; it has: ${[...knownStores].join(', ') || 'none'}`,
      { store: name },
    )
  }
  const parts = (): ReadOnlyKeyValueStore<unknown, unknown>[] => {
    const found: ReadOnlyKeyValueStore<unknown, unknown>[] = []
    for (const task of tasks()) {
      if (!task.subTopology.stores.some(({ definition }) => definition.builder.name === name)) continue
      const part = task.stores.find(({ store }) => store.name === name)
      if (task.phase !== 'running' || !part) {
        throw new StreamsError(
          'STORE_NOT_AVAILABLE',
          `store "${name}" of task ${task.id} is still being ${task.phase === 'restoring' ? 'restored' : 'opened'}: read it when the state is RUNNING`,
          { store: name, taskId: task.id },
        )
      }
      found.push(storeFor(handle, part.store) as ReadOnlyKeyValueStore<unknown, unknown>)
    }
    if (found.length === 0) {
      throw new StreamsError(
        'STORE_NOT_AVAILABLE',
        `no partition of store "${name}" is on this instance now: other instances have them, or the instance does not run`,
        { store: name },
      )
    }
    return found
  }
  parts()
  return new CompositeKeyValueStore(name, parts)
}
