/** A read of one key. */
export type PointQuery<K> =
  | { readonly kind: 'get'; readonly key: K; readonly asOf?: number | undefined }
  | {
      readonly kind: 'versions'
      readonly key: K
      readonly from?: number | undefined
      readonly to?: number | undefined
      readonly reverse?: boolean | undefined
    }
  | { readonly kind: 'window'; readonly key: K; readonly start: number }
  | {
      readonly kind: 'windows'
      readonly key: K
      readonly from: number
      readonly to: number
      readonly reverse?: boolean | undefined
    }
  | { readonly kind: 'session'; readonly key: K; readonly start: number; readonly end: number }
  | {
      readonly kind: 'sessions'
      readonly key: K
      readonly earliestEnd: number
      readonly latestStart: number
      readonly reverse?: boolean | undefined
    }

/** A read of many keys; null is an open bound. */
export type ScanQuery<K, P = Buffer> =
  | {
      readonly kind: 'range'
      readonly keyFrom: K | null
      readonly keyTo: K | null
      readonly reverse?: boolean | undefined
    }
  | { readonly kind: 'prefix'; readonly prefix: P; readonly reverse?: boolean | undefined }
  | {
      readonly kind: 'allWindows'
      readonly keyFrom: K | null
      readonly keyTo: K | null
      readonly from: number
      readonly to: number
      readonly reverse?: boolean | undefined
    }
  | {
      readonly kind: 'allSessions'
      readonly keyFrom: K | null
      readonly keyTo: K | null
      readonly earliestEnd: number
      readonly latestStart: number
      /** Only without bounds of keys and of `latestStart`. */
      readonly latestEnd: number
      readonly reverse?: boolean | undefined
    }

export type StoreQuery<K, P = Buffer> = PointQuery<K> | ScanQuery<K, P>

/** An entry of an answer, as any kind of store has it. */
export interface Row {
  /** Of scans. */
  readonly key?: unknown
  /** Of windows and sessions. */
  readonly start?: number
  /** Of sessions, and of windows that a scan gives. */
  readonly end?: number
  readonly value: unknown
  /** Of stores that keep timestamps, and of versions. */
  readonly timestamp?: number
  /** Of versions; `Infinity` for the latest. */
  readonly validTo?: number
}

export const isPointQuery = <K, P>(query: StoreQuery<K, P>): query is PointQuery<K> => 'key' in query

/** The answer is one row or none, and not a list. */
export const isSingle = ({ kind }: PointQuery<unknown>): boolean =>
  kind === 'get' || kind === 'window' || kind === 'session'

/** The query with its keys in another form. */
export const mapKeys = <K, P, L, Q>(
  query: StoreQuery<K, P>,
  ofKey: (key: K) => L,
  ofPrefix: (prefix: P) => Q,
): StoreQuery<L, Q> => {
  if (isPointQuery(query)) return { ...query, key: ofKey(query.key) }
  if (query.kind === 'prefix') return { ...query, prefix: ofPrefix(query.prefix) }
  const bound = (key: K | null): L | null => (key === null ? null : ofKey(key))
  return { ...query, keyFrom: bound(query.keyFrom), keyTo: bound(query.keyTo) }
}
