import {
  BOOLEAN,
  either,
  type Kind,
  LOGGING,
  NAME,
  oneOf,
  optional,
  options,
  POSITIVE_DURATION,
  SERDE,
} from '../../arguments'
import type { Duration } from '../../durations'
import { TopologyError } from '../../errors'
import {
  expiryFrom,
  resolveExpiry,
  STORE_EXPIRY_KINDS,
  type ResolvedExpiry,
  type StoreExpiry,
} from '../../state/expiry/store-expiry'
import type { TableExpiry } from '../../topology/graph/table-nodes'
import { TABLE_STORE } from '../../topology/store-reference'
import type { Serde } from '../../serdes/serde'
import { isPlain } from '../../state/key-value/plain-view'
import type { KeyValueStore, StateStore, StoreBuilder, TimestampedKeyValueStore } from '../../state/store'
import {
  type KeyValueStoreHandle,
  type KeyValueStoreOptions,
  expiryIndexStore,
  timestampedKeyValueStore,
} from '../../state/stores'
import {
  versionedKeyValueStore,
  type VersionedKeyValueStoreHandle,
} from '../../state/versioned/versioned-key-value-store'
import { validateName } from '../../topology/naming/names'
import type { DslContext } from '../graph-reference'
import type { NamedOptions } from './named'

/** The store of a table: a versioned one applies updates by timestamp, others in arrival order. */
export type TableStoreHandle<K, V> =
  KeyValueStoreHandle<K, V, KeyValueStore<K, V> | TimestampedKeyValueStore<K, V>> | VersionedKeyValueStoreHandle<K, V>

/** How a table is kept. `name` names the operator, `store` the store. */
export interface Materialized<K, V> extends NamedOptions {
  /**
   * The store's name or handle, for queries; its changelog is `<application id>-<store>-changelog`.
   * Default: a generated name, if a store is needed at all.
   */
  store?: string | TableStoreHandle<K, V>
  /** Default: the serde of the stream or table it comes from, where it is known; else the app's `defaultKeySerde`. */
  key?: Serde<K>
  /** Default: the serde that is known for the values, such as `long` for counts; else the app's `defaultValueSerde`. */
  value?: Serde<V>
  /**
   * Keep updates in the record cache until the next commit, and forward only the last one of a key. Default: true; never
   * with a versioned store.
   */
  caching?: boolean
  /**
   * Log changes to a changelog topic, from which the store is restored elsewhere; an object adds topic configs. Without it
   * the state is lost with the disk. Default: true.
   */
  logging?: boolean | Readonly<Record<string, string>>
  /** `in-memory` stores are rebuilt from the changelog at every start. Default: the builder's `defaultStoreType`. */
  storeType?: 'persistent' | 'in-memory'
}

/** After what time a table's rows expire, and who is told. */
export interface RowExpiry extends StoreExpiry {
  /**
   * Rows go from the store and its changelog only: nothing is forwarded, and tables that are made from this one keep what they had from it. The
   * table is not cached. Default: false, and a tombstone is forwarded.
   */
  readonly silent?: boolean
}

/** How a table is kept whose rows can expire. */
export interface ExpiringMaterialized<K, V> extends Materialized<K, V> {
  /**
   * How long a row is kept that is not updated. When stream time is this much past its timestamp, rounded up to the next 64th of it, the
   * row is deleted, as by a tombstone: in the store, in the changelog, and downstream. Whatever comes for the key then starts over. At
   * most 64 rows expire with each record, apart from the record's own. Not with a versioned store. `{ after: '7d', silent: true }` forwards nothing;
   * `{ after: '7d', from: 'access' }` also keeps rows that joins and processors read. Default: that of the store's handle, else rows are kept.
   */
  ttl?: Duration | RowExpiry
}

/** A store's name or handle, or all options. */
export type ExpiringMaterializedAs<K, V> = string | TableStoreHandle<K, V> | ExpiringMaterialized<K, V>

/** A store's name or handle, or all options. */
export type MaterializedAs<K, V> = string | TableStoreHandle<K, V> | Materialized<K, V>

export interface ResolvedMaterialized<K, V> {
  /** Any store option was given. Kafka Streams numbers some operators differently then. */
  readonly given: boolean
  /** Of the operator. */
  readonly name?: string
  readonly store?: string
  readonly handle?: TableStoreHandle<K, V>
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
  readonly caching: boolean
  readonly logging: boolean | Readonly<Record<string, string>>
  /** Undefined: the builder's default. */
  readonly persistent?: boolean
  /** Of a store that evicts. */
  readonly maxEntries?: number
  /** `silent`: rows expire without a tombstone downstream. */
  readonly ttl?: ResolvedExpiry & { readonly silent: boolean }
}

export function resolveMaterialized<K, V>(materialized: ExpiringMaterializedAs<K, V> = {}): ResolvedMaterialized<K, V> {
  const options: ExpiringMaterialized<K, V> =
    typeof materialized === 'string' || isHandle(materialized) ? { store: materialized } : materialized
  const { name, store, key, value, caching, logging, storeType, ...others } = options
  const handle = typeof store === 'object' ? store : undefined
  const kept: KeyValueStoreOptions<K, V> | undefined = handle?.options
  const given = options.ttl ?? kept?.ttl
  const ttl: RowExpiry | undefined = given === undefined ? undefined : expiryFrom(given)
  // a cache forwards whatever it writes
  const silent = ttl?.silent === true
  return {
    given: Object.keys(options).some((option) => option !== 'name' && !(option in others)),
    name,
    store:
      store === undefined ? undefined : validateName(typeof store === 'string' ? store : store.name, 'the store name'),
    handle,
    keySerde: key ?? kept?.key,
    valueSerde: value ?? kept?.value,
    caching: !silent && (caching ?? kept?.caching ?? true),
    logging: logging ?? kept?.logging ?? true,
    persistent: storeType === undefined ? kept?.persistent : storeType === 'persistent',
    maxEntries: kept?.maxEntries,
    ...(ttl && { ttl: { ...resolveExpiry(ttl), silent } }),
  }
}

/** What a table needs for its rows to expire; undefined if they don't. */
export function expiryOf<K, V>(
  store: string,
  { ttl, handle, logging, keySerde }: ResolvedMaterialized<K, V>,
  persistent: boolean,
): TableExpiry | undefined {
  if (ttl === undefined) return undefined
  if (isVersioned(handle)) {
    throw new TopologyError(
      'INVALID_ARGUMENT',
      `the store "${store}" is versioned, and has a history that ends by its historyRetention: drop its ttl, or give it a keyValueStore`,
      { store },
    )
  }
  validateName(`${store}-expiry`, 'the store name')
  return { ...ttl, keySerde, index: expiryIndexStore(store, { logging, persistent }) }
}

/** A table's store. One given by a handle can be looked up by it. */
export function materializedStore<K, V>(
  context: DslContext,
  name: string,
  options: ResolvedMaterialized<K, V>,
  rows: 'may-expire' | 'stay' = 'stay',
): StoreBuilder<StateStore> {
  if (options.ttl !== undefined && rows === 'stay') throw followsOthers(name)
  const { handle, keySerde, valueSerde, caching, logging, maxEntries } = options
  const persistent =
    options.persistent ??
    (isVersioned(handle) || (context.defaultStoreType === 'persistent' && maxEntries === undefined))
  const kept = { key: keySerde, value: valueSerde, logging, persistent }
  const store = isVersioned(handle)
    ? versionedKeyValueStore<K, V>(name, { ...handle.options, ...kept })
    : { ...timestampedKeyValueStore<K, V>(name, { ...kept, caching, maxEntries }), plainByName: isPlain(handle) }
  if (handle) context.graph.useForHandle(handle, store)
  return store
}

const followsOthers = (store: string): TopologyError =>
  new TopologyError(
    'INVALID_ARGUMENT',
    `the store "${store}" has a ttl, and this table's rows only go with what it is made from: drop its ttl, and give one to that`,
    { store },
  )

/** Whether a table that was given these options is versioned; undefined if no store options were given. */
export function versionedBy<K, V>({ given, handle }: ResolvedMaterialized<K, V>): boolean | undefined {
  return given ? isVersioned(handle) : undefined
}

function isVersioned<K, V>(handle: TableStoreHandle<K, V> | undefined): handle is VersionedKeyValueStoreHandle<K, V> {
  return handle !== undefined && 'versioned' in handle
}

function isHandle<K, V>(
  materialized: TableStoreHandle<K, V> | ExpiringMaterialized<K, V>,
): materialized is TableStoreHandle<K, V> {
  return 'build' in materialized
}

export const STORE_TYPE = oneOf('persistent', 'in-memory')

export const MATERIALIZED_KINDS: Readonly<Record<keyof Materialized<unknown, unknown>, Kind>> = {
  name: NAME,
  store: either(NAME, TABLE_STORE),
  key: SERDE,
  value: SERDE,
  caching: BOOLEAN,
  logging: LOGGING,
  storeType: STORE_TYPE,
}

export const MATERIALIZED = optional(
  either(NAME, TABLE_STORE, options<Materialized<unknown, unknown>>(MATERIALIZED_KINDS)),
)

export const EXPIRING_MATERIALIZED = optional(
  either(
    NAME,
    TABLE_STORE,
    options<ExpiringMaterialized<unknown, unknown>>({
      ...MATERIALIZED_KINDS,
      ttl: either(POSITIVE_DURATION, options<RowExpiry>({ ...STORE_EXPIRY_KINDS, silent: BOOLEAN }, ['after'])),
    }),
  ),
)
