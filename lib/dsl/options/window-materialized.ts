import { DURATION, either, type Kind, NAME, optional, options } from '../../arguments'
import { SESSION_STORE, WINDOW_STORE } from '../../topology/store-reference'
import { type Duration, toMilliseconds } from '../../durations'
import { TopologyError } from '../../errors'
import type { Serde } from '../../serdes/serde'
import type { SessionStoreHandle } from '../../state/session/session-stores'
import type { StateStore, StoreBuilder } from '../../state/store'
import type { WindowStoreHandle } from '../../state/window/window-stores'
import { validateName } from '../../topology/naming/names'
import type { DslContext } from '../graph-reference'
import { type Materialized, MATERIALIZED_KINDS } from './materialized'

/** How a windowed table is kept. `name` names the operator, `store` the store. */
export interface WindowMaterialized<K, V, H = WindowStoreHandle<K, V, StateStore>> extends Omit<
  Materialized<K, V>,
  'store'
> {
  /**
   * The store's name or handle, for queries; its changelog is `<application id>-<store>-changelog`.
   * Default: a generated name.
   */
  store?: string | H
  /**
   * How long windows can be queried, counted back from the newest one. At least what late records need,
   * which is the default: size plus grace; for sliding windows twice the time difference plus grace, for sessions gap plus
   * grace.
   */
  retention?: Duration
}

/** A store's name or handle, or all options. */
export type WindowMaterializedAs<K, V> =
  string | WindowStoreHandle<K, V, StateStore> | WindowMaterialized<K, V, WindowStoreHandle<K, V, StateStore>>

/** How a table of sessions is kept: like any windowed table, but its handle is a `sessionStore`. */
export type SessionMaterializedAs<K, V> =
  string | SessionStoreHandle<K, V> | WindowMaterialized<K, V, SessionStoreHandle<K, V>>

const STORE_OPTIONS = new Set(['store', 'key', 'value', 'caching', 'logging', 'storeType', 'retention'])

type AnyHandle<K, V> = WindowStoreHandle<K, V, StateStore> | SessionStoreHandle<K, V>

export interface ResolvedWindowMaterialized<K, V> {
  /** Any store option was given. Kafka Streams numbers some operators differently then. */
  readonly given: boolean
  /** Of the operator. */
  readonly name?: string
  readonly store?: string
  readonly handle?: StoreBuilder<StateStore>
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
  readonly caching: boolean
  readonly logging: boolean | Readonly<Record<string, string>>
  readonly persistent: boolean
  readonly retentionMs?: number
  /** What the handle says by itself: the store is kept so, while late records and the changelog follow the windows. */
  readonly handleRetentionMs?: number
}

export function resolveWindowMaterialized<K, V>(
  context: DslContext,
  materialized: string | AnyHandle<K, V> | WindowMaterialized<K, V, AnyHandle<K, V>> = {},
): ResolvedWindowMaterialized<K, V> {
  const options: WindowMaterialized<K, V, AnyHandle<K, V>> = typeof materialized === 'string' || 'build' in materialized
    ? { store: materialized }
    : materialized
  const { name, store, key, value, caching, logging, storeType, retention } = options
  const handle = typeof store === 'object' ? store : undefined
  const kept = handle?.options
  const keptType =
    kept?.persistent === undefined ? context.defaultStoreType : kept.persistent ? 'persistent' : 'in-memory'
  return {
    given: Object.keys(options).some((option) => STORE_OPTIONS.has(option)),
    name,
    store:
      store === undefined ? undefined : validateName(typeof store === 'string' ? store : store.name, 'the store name'),
    handle,
    keySerde: key ?? kept?.key,
    valueSerde: value ?? kept?.value,
    caching: caching ?? kept?.caching ?? true,
    logging: logging ?? kept?.logging ?? true,
    persistent: (storeType ?? keptType) === 'persistent',
    retentionMs: retention === undefined ? undefined : toMilliseconds(retention, 'retention'),
    handleRetentionMs: kept && toMilliseconds(kept.retention, 'retention'),
  }
}

/** The retention asked for, or the one that is needed. */
export function retentionOf<K, V>(
  options: ResolvedWindowMaterialized<K, V>,
  neededMs: number,
  store: string,
  needs: string,
): number {
  const retentionMs = options.retentionMs ?? options.handleRetentionMs
  if (retentionMs === undefined || retentionMs >= neededMs) return options.retentionMs ?? neededMs
  throw new TopologyError(
    'INVALID_ARGUMENT',
    `store "${store}": the retention of ${retentionMs} ms is below ${needs}, ${neededMs} ms: windows that still take records ` +
      'would be gone. Give a longer retention, or none',
    { store },
  )
}

export const WINDOW_MATERIALIZED_KINDS: Readonly<Record<keyof WindowMaterialized<unknown, unknown>, Kind>> = {
  ...MATERIALIZED_KINDS,
  store: either(NAME, WINDOW_STORE),
  retention: DURATION,
}

export const WINDOW_MATERIALIZED = optional(
  either(NAME, WINDOW_STORE, options<WindowMaterialized<unknown, unknown>>(WINDOW_MATERIALIZED_KINDS)),
)

export const SESSION_MATERIALIZED_KINDS = { ...WINDOW_MATERIALIZED_KINDS, store: either(NAME, SESSION_STORE) }

export const SESSION_MATERIALIZED = optional(
  either(NAME, SESSION_STORE, options<WindowMaterialized<unknown, unknown>>(SESSION_MATERIALIZED_KINDS)),
)
