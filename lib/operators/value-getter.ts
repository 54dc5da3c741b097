import type {
  SessionStore,
  StateStore,
  StoreBuilder,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  ValueAndTimestamp,
  VersionedKeyValueStore,
} from '../state/store'
import type { Windowed } from '../record/windowed'
import type { Predicate, ValueMapper } from './callbacks'
import type { OperatorContext } from './processor'
import { joined, type TableJoin } from './joined-rows'

/* eslint-disable @typescript-eslint/no-explicit-any -- what an operator forwards is no matter of those whose rows it reads */

/** How an operator gets at the rows of a table: from its store, or computed from the rows of the table before it. */
export interface ValueGetterSupplier<K, V> {
  /** The stores that a reader of the rows must be connected to. */
  readonly stores: readonly StoreBuilder<StateStore>[]
  open(context: OperatorContext<any, any>): ValueGetter<K, V>
}

/** The rows of a table in a task. */
export interface ValueGetter<K, V> {
  /** Earlier rows can be read. */
  readonly versioned: boolean
  get(key: K): ValueAndTimestamp<V> | null
  /** The row as of that time; of a table without versions the latest. */
  getAsOf(key: K, time: number): ValueAndTimestamp<V> | null
  /** With the operator that reads. */
  close?(): void | Promise<void>
}

/** The rows of a table that has a store. */
export class StoredValues<K, V> implements ValueGetterSupplier<K, V> {
  readonly stores: readonly StoreBuilder<StateStore>[]

  constructor(private readonly store: StoreBuilder<StateStore>) {
    this.stores = [store]
  }

  open(context: OperatorContext<unknown, unknown>): ValueGetter<K, V> {
    const { name } = this.store
    if (isVersioned(this.store)) {
      const store = context.stateStore<VersionedKeyValueStore<K, V>>(name)
      return { versioned: true, get: (key) => store.get(key), getAsOf: (key, time) => store.get(key, time) }
    }
    const get = getterOf<K, V>(context.stateStore<StateStore>(name))
    return { versioned: false, get, getAsOf: get }
  }
}

/** Rows of windowed tables have windowed keys. */
const getterOf = <K, V>(store: StateStore): ((key: K) => ValueAndTimestamp<V> | null) => {
  if ('fetchSession' in store) {
    const sessions = store as SessionStore<unknown, V>
    return (windowed) => {
      const { key, window } = windowed as Windowed<unknown>
      const value = sessions.fetchSession(key, window.start, window.end)
      return value === null ? null : { value, timestamp: window.end }
    }
  }
  if ('fetch' in store) {
    const windows = store as TimestampedWindowStore<unknown, V>
    return (windowed) => {
      const { key, window } = windowed as Windowed<unknown>
      return windows.fetch(key, window.start)
    }
  }
  return (key) => (store as TimestampedKeyValueStore<K, V>).get(key)
}

/** The changelog of a versioned store keeps what compaction would remove too early. */
export const isVersioned = (store: StoreBuilder<StateStore>): boolean => 'minCompactionLagMs' in store.changelogPolicy

/** The rows of another table, each turned into one of this table or none. */
abstract class DerivedRows<K, V, VR> implements ValueGetterSupplier<K, VR> {
  readonly stores: readonly StoreBuilder<StateStore>[]

  constructor(private readonly parent: ValueGetterSupplier<K, V>) {
    this.stores = parent.stores
  }

  open(context: OperatorContext<unknown, unknown>): ValueGetter<K, VR> {
    const parent = this.parent.open(context)
    const value = this.valueIn(context)
    const row = (key: K, found: ValueAndTimestamp<V> | null): ValueAndTimestamp<VR> | null => {
      if (found === null) return null
      const derived = value(found.value, key) ?? null
      return derived === null ? null : { value: derived, timestamp: found.timestamp }
    }
    return {
      versioned: parent.versioned,
      get: (key) => row(key, parent.get(key)),
      getAsOf: (key, time) => row(key, parent.getAsOf(key, time)),
      close: () => parent.close?.(),
    }
  }

  protected abstract valueIn(context: OperatorContext<unknown, unknown>): (value: V, key: K) => VR | null
}

/** The rows of a filtered table without a store of its own. */
export class FilteredRows<K, V> extends DerivedRows<K, V, V> {
  constructor(
    parent: ValueGetterSupplier<K, V>,
    private readonly predicate: Predicate<K, V>,
    private readonly negate: boolean,
  ) {
    super(parent)
  }

  protected valueIn(context: OperatorContext<unknown, unknown>): (value: V, key: K) => V | null {
    const predicate = context.watch(this.predicate)
    return (value, key) => (Boolean(predicate(value, key, context.recordContext)) === this.negate ? null : value)
  }
}

/** The rows of a mapped table without a store of its own. */
export class MappedRows<K, V, VR> extends DerivedRows<K, V, VR> {
  constructor(
    parent: ValueGetterSupplier<K, V>,
    private readonly mapper: ValueMapper<K, V, VR | null>,
  ) {
    super(parent)
  }

  protected valueIn(context: OperatorContext<unknown, unknown>): (value: V, key: K) => VR | null {
    const mapper = context.watch(this.mapper)
    return (value, key) => mapper(value, key, context.recordContext)
  }
}

/** The rows of two joined tables, where the result has no store of its own. It has no versions, even if both tables do. */
export class JoinedRows<K, VR> implements ValueGetterSupplier<K, VR> {
  readonly stores: readonly StoreBuilder<StateStore>[]

  constructor(
    private readonly join: TableJoin<K, VR>,
    private readonly left: ValueGetterSupplier<K, unknown>,
    private readonly right: ValueGetterSupplier<K, unknown>,
  ) {
    this.stores = [...new Set([...left.stores, ...right.stores])]
  }

  open(context: OperatorContext<unknown, unknown>): ValueGetter<K, VR> {
    const left = this.left.open(context)
    const right = this.right.open(context)
    const join = { ...this.join, joiner: context.watch(this.join.joiner) }
    const get = (key: K): ValueAndTimestamp<VR> | null => {
      const leftRow = left.get(key)
      if (leftRow === null && join.kind !== 'outer') return null
      const rightRow = right.get(key)
      const value = joined(join, leftRow?.value ?? null, rightRow?.value ?? null, key)
      if (value === null) return null
      return { value, timestamp: Math.max(leftRow?.timestamp ?? -1, rightRow?.timestamp ?? -1) }
    }
    const close = async (): Promise<void> => {
      await Promise.all([left.close?.(), right.close?.()])
    }
    return { versioned: false, get, getAsOf: get, close }
  }
}
