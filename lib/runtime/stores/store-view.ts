import { StreamsError } from '../../errors'
import { readsFor } from '../../state/key-value/plain-view'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedKeyValueStore,
  ReadOnlyWindowStore,
  StateStore,
} from '../../state/store'
import type { Task } from '../tasks/task'
import { compositeStore } from './composite-stores'

/** A typed handle of a store, as returned by `keyValueStore(…)`. */
export interface StoreHandle<S extends StateStore> {
  /** The store's name. */
  readonly name: string
  /** Never set: carries the type of the store. */
  readonly storeType?: S
}

/** The reads of a store, for a handle that carries its types. */
export type ReadOnlyStore<S> =
  S extends ReadOnlyKeyValueStore<infer K, infer V>
    ? ReadOnlyKeyValueStore<K, V>
    : S extends ReadOnlySessionStore<infer K, infer V>
      ? ReadOnlySessionStore<K, V>
      : S extends ReadOnlyWindowStore<infer K, infer V>
        ? ReadOnlyWindowStore<K, V>
        : S extends ReadOnlyVersionedKeyValueStore<infer K, infer V>
          ? ReadOnlyVersionedKeyValueStore<K, V>
          : never

/** A read-only view that stays valid across rebalances; each read throws `STORE_NOT_AVAILABLE` while a partition is being restored. */
export const storeView = (
  handle: string | StoreHandle<StateStore>,
  tasks: () => Iterable<Task>,
  knownStores: ReadonlySet<string>,
): StateStore => {
  const name = typeof handle === 'string' ? handle : handle.name
  if (!knownStores.has(name)) {
    throw new StreamsError(
      'UNKNOWN_STORE',
      `the topology has no store "${name}"; it has: ${[...knownStores].join(', ') || 'none'}`,
      { store: name },
    )
  }
  const parts = (): StateStore[] => {
    const found: StateStore[] = []
    for (const task of tasks()) {
      const builder = task.subTopology.stores.find(({ definition }) => definition.builder.name === name)?.definition
        .builder
      if (builder === undefined) continue
      if (task.state !== 'running') {
        throw new StreamsError(
          'STORE_NOT_AVAILABLE',
          `store "${name}" of task ${task.id} can't be read while the task is ${task.state}: read it when the state is RUNNING`,
          { store: name, taskId: task.id },
        )
      }
      const part = task.stores.all.find((store) => store.name === name)!
      found.push(readsFor(handle, part, builder))
    }
    if (found.length === 0) {
      throw new StreamsError(
        'STORE_NOT_AVAILABLE',
        `no partition of store "${name}" is on this instance now: other instances have them, or this instance is not running`,
        { store: name },
      )
    }
    return found
  }
  return compositeStore(name, parts)
}
