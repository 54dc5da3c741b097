import { StreamsError } from '../errors'
import type { Windowed } from '../record/windowed'
import { bytes } from '../serdes/bytes'
import { outsideReads } from '../state/outside-reads'
import { isTimestamped, kindOfStore, type StoreKind } from '../state/store-kind'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedKeyValueStore,
  ReadOnlyWindowStore,
  StateStore,
  ValueAndTimestamp,
  VersionedRecord,
} from '../state/store'
import type { PointQuery, Row, ScanQuery, StoreQuery } from './store-query'

const KINDS: Readonly<Record<StoreQuery<unknown>['kind'], readonly StoreKind[]>> = {
  get: ['key-value', 'versioned'],
  versions: ['versioned'],
  window: ['window'],
  windows: ['window'],
  session: ['session'],
  sessions: ['session'],
  range: ['key-value'],
  prefix: ['key-value'],
  allWindows: ['window'],
  allSessions: ['session'],
}

/** @throws StreamsError INVALID_ARGUMENT */
export const requireKind = (name: string, kind: StoreKind | undefined, query: StoreQuery<unknown>): void => {
  if (kind !== undefined && KINDS[query.kind].includes(kind)) {
    if (query.kind !== 'get' || query.asOf === undefined || kind === 'versioned') return
  }
  const why =
    kind === undefined
      ? "is internal or of your own making, and can't be queried: only stores of millrace can"
      : `is a ${kind} store: ${whyNot(kind, query)}`
  throw new StreamsError('INVALID_ARGUMENT', `store "${name}" ${why}`, { store: name })
}

const whyNot = (kind: StoreKind, query: StoreQuery<unknown>): string => {
  if (kind === 'key-value' && query.kind === 'get') return 'only versioned stores are read as of a time'
  return `this query is for ${KINDS[query.kind].join(' and ')} stores${wayTo(kind)}`
}

const wayTo = (kind: StoreKind): string =>
  kind === 'window' || kind === 'session'
    ? `. Ask for its ${kind}s: /${kind}s at the end of the path, --${kind}s of millrace query`
    : ''

/** Reads one key; at most one row unless the query asks for a list. */
export const readPoint = (store: StateStore, query: PointQuery<unknown>): Row[] => {
  const row = rowMaker(store)
  switch (query.kind) {
    case 'get': {
      if (kindOfStore(store) !== 'versioned') return some(keyValue(store).get(query.key), row)
      const { asOf } = query
      return some(asOf === undefined ? versioned(store).get(query.key) : versioned(store).get(query.key, asOf), version)
    }
    case 'versions': {
      const { key, from, to, reverse = false } = query
      const bounds = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), reverse }
      return versioned(store).versions(key, bounds).map(version)
    }
    case 'window':
      return some(windows(store).fetch(query.key, query.start), row).map((found) => ({ start: query.start, ...found }))
    case 'windows': {
      const { key, from, to, reverse = false } = query
      return windows(store)
        .fetch(key, from, to, { reverse })
        .map(([start, value]) => ({ start, ...row(value) }))
    }
    case 'session': {
      const { key, start, end } = query
      return some(sessions(store).fetchSession(key, start, end), row).map((found) => ({ start, end, ...found }))
    }
    case 'sessions': {
      const { key, earliestEnd, latestStart, reverse = false } = query
      return sessions(store)
        .findSessions(key, earliestEnd, latestStart, { reverse })
        .map(([{ window }, value]) => ({ ...window, ...row(value) }))
    }
  }
}

/** Reads many keys, in the store's order. */
export const readScan = (store: StateStore, query: ScanQuery<unknown>, signal?: AbortSignal): AsyncIterable<Row> => {
  const options = { reverse: query.reverse ?? false, ...(signal === undefined ? {} : { signal }) }
  switch (query.kind) {
    case 'range': {
      const { keyFrom, keyTo } = query
      const all = keyFrom === null && keyTo === null
      return plainRows(store, all ? keyValue(store).all(options) : keyValue(store).range(keyFrom, keyTo, options))
    }
    case 'prefix':
      return plainRows(store, keyValue(store).prefixScan(query.prefix, bytes(), options))
    case 'allWindows': {
      const { keyFrom, keyTo, from, to } = query
      return windowedRows(store, windows(store).fetchRange(keyFrom, keyTo, from, to, options))
    }
    case 'allSessions': {
      const { keyFrom, keyTo, earliestEnd, latestStart, latestEnd } = query
      return windowedRows(
        store,
        latestEnd === Infinity
          ? sessions(store).findSessionsRange(keyFrom, keyTo, earliestEnd, latestStart, options)
          : sessions(store).findAllSessions(earliestEnd, latestEnd, options),
      )
    }
  }
}

async function* plainRows(store: StateStore, entries: AsyncIterable<[unknown, unknown]>): AsyncGenerator<Row> {
  const row = rowMaker(store)
  for await (const [key, value] of entries) yield { key, ...row(value) }
}

async function* windowedRows(
  store: StateStore,
  entries: AsyncIterable<[Windowed<unknown>, unknown]>,
): AsyncGenerator<Row> {
  const row = rowMaker(store)
  for await (const [{ key, window }, value] of entries) {
    yield { key, start: window.start, end: window.end, ...row(value) }
  }
}

const rowMaker = (store: StateStore): ((value: unknown) => Row) =>
  isTimestamped(store)
    ? (stored) => {
        const { value, timestamp } = stored as ValueAndTimestamp<unknown>
        return { value, timestamp }
      }
    : (value) => ({ value })

const version = ({ value, timestamp, validTo }: VersionedRecord<unknown>): Row => ({ value, timestamp, validTo })

const some = <T>(found: T | null, row: (value: T) => Row): Row[] => (found === null ? [] : [row(found)])

// the kind was checked before
const keyValue = (store: StateStore) => outsideReads(store) as ReadOnlyKeyValueStore<unknown, unknown>
const windows = (store: StateStore) => outsideReads(store) as ReadOnlyWindowStore<unknown, unknown>
const sessions = (store: StateStore) => outsideReads(store) as ReadOnlySessionStore<unknown, unknown>
const versioned = (store: StateStore) => store as ReadOnlyVersionedKeyValueStore<unknown, unknown>
