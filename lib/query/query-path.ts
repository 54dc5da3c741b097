import { StreamsError } from '../errors'
import { isPointQuery, type PointQuery, type ScanQuery, type StoreQuery } from './store-query'

/** A query whose keys are text, as in a URL. */
export type TextQuery = StoreQuery<string, string>

/** The path and parameters that stand for a query: `parseQueryPath` gives the query back. */
export const queryPath = (
  store: string,
  query: TextQuery,
): { readonly path: string; readonly params: URLSearchParams } => {
  const params = new URLSearchParams()
  const set = (values: Readonly<Record<string, string | number | null | undefined>>): void => {
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined && value !== null && value !== Infinity) params.set(name, String(value))
    }
  }
  const base = `/stores/${encodeURIComponent(store)}`
  if ('reverse' in query && query.reverse) set({ reverse: 'true' })
  if (!isPointQuery(query)) return { path: `${base}/${scanPath(query, set)}`, params }
  const rest = pointPath(query, set)
  return { path: `${base}/keys/${encodeURIComponent(query.key)}${rest}`, params }
}

type SetParams = (values: Readonly<Record<string, string | number | null | undefined>>) => void

const pointPath = (query: PointQuery<string>, set: SetParams): string => {
  switch (query.kind) {
    case 'get':
      set({ asOf: query.asOf })
      return ''
    case 'versions':
      set({ from: query.from, to: query.to })
      return '/versions'
    case 'window':
      return `/windows/${query.start}`
    case 'windows':
      set({ from: query.from, to: query.to })
      return '/windows'
    case 'session':
      return `/sessions/${query.start}/${query.end}`
    case 'sessions':
      set({ earliestEnd: query.earliestEnd, latestStart: query.latestStart })
      return '/sessions'
  }
}

const scanPath = (query: ScanQuery<string, string>, set: SetParams): string => {
  switch (query.kind) {
    case 'range':
      set({ from: query.keyFrom, to: query.keyTo })
      return 'keys'
    case 'prefix':
      set({ prefix: query.prefix })
      return 'keys'
    case 'allWindows':
      set({ keyFrom: query.keyFrom, keyTo: query.keyTo, from: query.from, to: query.to })
      return 'windows'
    case 'allSessions': {
      const { keyFrom, keyTo, earliestEnd, latestStart, latestEnd } = query
      set({ keyFrom, keyTo, earliestEnd, latestStart, latestEnd })
      return 'sessions'
    }
  }
}

/** The query that the rest of a path after `/stores/<store>` stands for; `undefined` if it is no path of a query. */
export const parseQueryPath = (segments: readonly string[], params: URLSearchParams): TextQuery | undefined => {
  const [collection, key, of, ...times] = segments
  const reverse = flag(params, 'reverse')
  const time = (name: string, fallback: number): number => timeParam(params, name, fallback)
  if (key === undefined) return parseScan(collection, params, reverse)
  if (collection !== 'keys') return undefined
  switch (of) {
    case undefined: {
      const asOf = params.get('asOf')
      return { kind: 'get', key, ...(asOf === null ? {} : { asOf: toTime('asOf', asOf) }) }
    }
    case 'versions': {
      const bounds = {
        from: params.has('from') ? time('from', 0) : undefined,
        to: params.has('to') ? time('to', 0) : undefined,
      }
      return times.length > 0 ? undefined : { kind: 'versions', key, ...bounds, reverse }
    }
    case 'windows':
      if (times.length === 1) return { kind: 'window', key, start: toTime('start', times[0]!) }
      return times.length > 0
        ? undefined
        : { kind: 'windows', key, from: time('from', 0), to: time('to', Infinity), reverse }
    case 'sessions':
      if (times.length === 2) {
        return { kind: 'session', key, start: toTime('start', times[0]!), end: toTime('end', times[1]!) }
      }
      return times.length > 0
        ? undefined
        : {
            kind: 'sessions',
            key,
            earliestEnd: time('earliestEnd', 0),
            latestStart: time('latestStart', Infinity),
            reverse,
          }
    default:
      return undefined
  }
}

const parseScan = (
  collection: string | undefined,
  params: URLSearchParams,
  reverse: boolean,
): TextQuery | undefined => {
  const time = (name: string, fallback: number): number => timeParam(params, name, fallback)
  const [keyFrom, keyTo] = [params.get('keyFrom'), params.get('keyTo')]
  switch (collection) {
    case 'keys': {
      const prefix = params.get('prefix')
      const [from, to] = [params.get('from'), params.get('to')]
      if (prefix === null) return { kind: 'range', keyFrom: from, keyTo: to, reverse }
      if (from === null && to === null) return { kind: 'prefix', prefix, reverse }
      throw invalid('prefix excludes from and to')
    }
    case 'windows':
      return { kind: 'allWindows', keyFrom, keyTo, from: time('from', 0), to: time('to', Infinity), reverse }
    case 'sessions': {
      const [latestStart, latestEnd] = [time('latestStart', Infinity), time('latestEnd', Infinity)]
      if (latestEnd !== Infinity && (keyFrom !== null || keyTo !== null || latestStart !== Infinity)) {
        throw invalid('latestEnd excludes keyFrom, keyTo and latestStart')
      }
      return {
        kind: 'allSessions',
        keyFrom,
        keyTo,
        earliestEnd: time('earliestEnd', 0),
        latestStart,
        latestEnd,
        reverse,
      }
    }
    default:
      return undefined
  }
}

/** `true` or `false`. */
export const flag = (params: URLSearchParams, name: string): boolean => {
  const value = params.get(name)
  if (value === null || value === 'false') return false
  if (value === 'true' || value === '') return true
  throw invalid(`${name} is true or false`)
}

const timeParam = (params: URLSearchParams, name: string, fallback: number): number => {
  const text = params.get(name)
  return text === null ? fallback : toTime(name, text)
}

const toTime = (name: string, text: string): number => {
  const time = Number(text)
  if (/^-?\d{1,16}$/.test(text) && Number.isSafeInteger(time)) return time
  throw invalid(`${name} is a time in whole milliseconds`)
}

const invalid = (message: string): StreamsError => new StreamsError('INVALID_ARGUMENT', message)
