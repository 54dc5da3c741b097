import { StreamsError } from '../errors'
import type { StateStore } from './store'

export type StoreKind = 'key-value' | 'window' | 'session' | 'versioned'

export const MADE_BY: Readonly<Record<StoreKind, string>> = {
  'key-value': 'keyValueStore or timestampedKeyValueStore',
  window: 'windowStore or timestampedWindowStore',
  session: 'sessionStore',
  versioned: 'versionedKeyValueStore',
}

/** By the reads that it has; undefined for a store that millrace did not create. */
export const kindOfStore = (store: StateStore): StoreKind | undefined => {
  if ('findSessions' in store) return 'session'
  if ('fetchAll' in store) return 'window'
  if ('versions' in store) return 'versioned'
  return 'approximateNumEntries' in store ? 'key-value' : undefined
}

/** Whether the store's values have timestamps. */
export const isTimestamped = (store: StateStore): boolean => 'timestamped' in store && store.timestamped === true

const LAYOUTS: readonly string[] = [
  'key-value store',
  'key-value store with timestamps',
  'window store',
  'window store with timestamps',
  'session store',
  'versioned store',
]

const layoutNameOf = (store: StateStore): string | undefined => {
  const kind = kindOfStore(store)
  if (kind === undefined) return undefined
  return isTimestamped(store) ? `${kind} store with timestamps` : `${kind} store`
}

/** How the store's entries are laid out on disk, as a number to keep with them; undefined for a store that millrace did not create. */
export const layoutOf = (store: StateStore): number | undefined => {
  const layout = LAYOUTS.indexOf(layoutNameOf(store) ?? '')
  return layout < 0 ? undefined : layout
}

/** The state on disk is that of a store with another layout. */
export const otherKindsState = (store: StateStore, kept: number, topic: string): StreamsError =>
  new StreamsError(
    'INTERNAL_TOPIC_MISMATCH',
    `store "${store.name}" is a ${layoutNameOf(store)}, and the local state of this name is that of a ${LAYOUTS[kept] ?? 'store of a newer version'}. ` +
      (sharesChangelog(store, kept)
        ? 'Stop all instances, and call cleanUp() on each before its next start: the store is restored from its changelog'
        : `Give the store a new name; or, if the former contents can go, stop all instances, delete ${topic}, and call cleanUp() on each ` +
          'before its next start'),
    { store: store.name, topic },
  )

/** With and without timestamps, stores of a kind have the same changelog; a versioned store's is that of a key-value store with more of it kept. */
const sharesChangelog = (store: StateStore, kept: number): boolean => {
  const kind = kindOfStore(store)
  if (kind === undefined) return false
  return [kind, ...(kind === 'versioned' ? ['key-value'] : [])].some((each) =>
    LAYOUTS[kept]?.startsWith(`${each} store`),
  )
}

/** It drops what is older than its retention. */
export const keepsForAWhile = (store: StateStore): boolean => {
  const kind = kindOfStore(store)
  return kind !== undefined && kind !== 'key-value'
}

/** Undefined for a bare name, and for a builder that millrace did not make. */
export const kindOfHandle = (handle: object): StoreKind | undefined => {
  if ('kind' in handle) return handle.kind as StoreKind
  if ('versioned' in handle) return 'versioned'
  return 'timestamped' in handle ? 'key-value' : undefined
}

/** Rejects a handle that promises reads that the store does not have. */
export const checkKind = (handle: string | { readonly name: string }, store: StateStore): void => {
  if (typeof handle === 'string') return
  const asked = kindOfHandle(handle)
  const kept = kindOfStore(store)
  if (asked === undefined || kept === undefined) return
  if (asked !== kept) {
    throw mismatch(store, `is a ${kept} store, and the handle is that of a ${asked} store`, MADE_BY[kept])
  }
  const timestamped = 'timestamped' in store ? store.timestamped : undefined
  if (timestamped === false && 'timestamped' in handle && handle.timestamped === true) {
    const plain = kept === 'window' ? 'windowStore' : 'keyValueStore'
    throw mismatch(store, 'keeps plain values, and the handle is that of a store with timestamps', plain)
  }
}

const mismatch = ({ name }: StateStore, what: string, maker: string): StreamsError =>
  new StreamsError(
    'INVALID_ARGUMENT',
    `store "${name}" ${what}: ask with the handle that the store was made with, or one of ${maker}`,
    { store: name },
  )

/** A changelog has a record that a store of this kind can't have written. */
export const otherKindsChangelog = (
  store: string,
  kind: StoreKind,
  topic: string,
  offset: number | undefined,
): StreamsError =>
  new StreamsError(
    'INTERNAL_TOPIC_MISMATCH',
    `store "${store}" is a ${kind} store, and its changelog ${topic} has a key that is none of a ${kind} store: the topology had a ` +
      `store of another kind by this name. Give the store a new name; or, if the former contents can go, stop all instances, delete ` +
      `${topic}, and call cleanUp() on each before its next start`,
    { store, topic, ...(offset === undefined ? {} : { offset }) },
  )
