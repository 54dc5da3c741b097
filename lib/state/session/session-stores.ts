import { BOOLEAN, DURATION, LOGGING, options as optionsOf, SERDE, STORE_NAME } from '../../arguments'
import { requireArgument } from '../../topology-arguments'
import { type Duration, toMilliseconds } from '../../durations'
import type { Serde } from '../../serdes/serde'
import { plainFormat } from '../key-value/value-format'
import type { ManagedStore, SessionStore, StoreBuilder } from '../store'
import { sessionKeyFormat } from '../timed/timed-keys'
import { MOST_BUCKETS } from '../window/window-stores'
import { TypedSessionStore } from './typed-session-store'

/** How a session store is kept. */
export interface SessionStoreOptions<K, V> {
  /** Writes and reads keys. Default: the app's default key serde. */
  readonly key?: Serde<K>
  /** Writes and reads values. Default: the app's default value serde. */
  readonly value?: Serde<V>
  /** How long sessions are kept, counted back from the newest end in the store. */
  readonly retention: Duration
  /** Keep the store on disk, so that a restart replays only what is missing. False: in memory, rebuilt at every start. Default: true. */
  readonly persistent?: boolean
  /** Keep updates in the record cache until the next commit, and write, log and forward only the last one of a session. Default: false. */
  readonly caching?: boolean
  /**
   * Log changes to a changelog topic, from which the store is restored elsewhere; an object adds topic configs. False: the
   * state can't be restored. Default: true.
   */
  readonly logging?: boolean | Readonly<Record<string, string>>
}

const OPTIONS = optionsOf<SessionStoreOptions<unknown, unknown>>(
  { key: SERDE, value: SERDE, retention: DURATION, persistent: BOOLEAN, caching: BOOLEAN, logging: LOGGING },
  ['retention'],
)

/** A session store by name, with its types: connect it to processors and ask for it with the same handle. */
export interface SessionStoreHandle<K, V> extends StoreBuilder<SessionStore<K, V>> {
  /** As given, defaults not filled in. */
  readonly options: SessionStoreOptions<K, V>
  /** Distinguishes it from the handles of other stores. */
  readonly kind: 'session'
}

/**
 * A store of sessions: a value for each key and time interval.
 *
 * @example
 * const visits = sessionStore('visits', { key: serdes.string(), value: serdes.long(), retention: '1d' })
 *
 * @throws TopologyError INVALID_ARGUMENT
 */
export const sessionStore = <K, V>(name: string, options: SessionStoreOptions<K, V>): SessionStoreHandle<K, V> => {
  requireArgument(name, STORE_NAME, 'sessionStore', 'name')
  requireArgument(options, OPTIONS, 'sessionStore', 'options')
  const retentionMs = toMilliseconds(options.retention, 'retention')
  const { key, value, caching, persistent, logging } = options
  const settings = { name, key, value, retentionMs, bucketMs: retentionMs / 64, caching, persistent, logging }
  return { ...sessionStoreBuilder<K, V>(settings), options, kind: 'session' }
}

/** A session store as the DSL creates it. */
export interface SessionStoreSettings<K, V> {
  readonly name: string
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  readonly retentionMs: number
  /** Sessions of a key that end within this interval are stored together. */
  readonly bucketMs: number
  /** Default: true. */
  readonly persistent?: boolean
  /** Default: false. */
  readonly caching?: boolean
  /** Default: true. */
  readonly logging?: boolean | Readonly<Record<string, string>>
  /** The store is queried for sessions that have closed. Default: false. */
  readonly emitsOnClose?: boolean
  /** The base of the changelog's retention, if that is not `retentionMs`. */
  readonly changelogRetentionMs?: number
}

export const sessionStoreBuilder = <K, V>(settings: SessionStoreSettings<K, V>): StoreBuilder<SessionStore<K, V>> => {
  const { name, retentionMs, persistent = true, caching = false, logging = true, emitsOnClose = false } = settings
  const logged = logging !== false
  return {
    name,
    persistent,
    cachingEnabled: caching,
    loggingEnabled: logged,
    changelogConfig: typeof logging === 'object' ? logging : {},
    changelogPolicy: { cleanup: 'compact,delete', retentionMs: settings.changelogRetentionMs ?? retentionMs },
    build: (changelogTopic): SessionStore<K, V> & ManagedStore =>
      new TypedSessionStore<K, V>({
        name,
        persistent,
        cached: caching,
        format: plainFormat<V>(),
        keys: sessionKeyFormat,
        changelogTopic,
        logged,
        keySerde: settings.key,
        valueSerde: settings.value,
        retentionMs,
        bucketMs: Math.max(Math.ceil(settings.bucketMs), Math.ceil(retentionMs / MOST_BUCKETS), 1),
        emitsOnClose,
        showsClosing: false,
        closesExpired: persistent,
        retainDuplicates: false,
      }),
  }
}
