import { StreamsError } from '../errors'
import { isPosition } from '../query/query-options'
import { flag, parseQueryPath, type TextQuery } from '../query/query-path'
import type { QueryIsolation, Position } from '../query/query-types'
import type { Format } from '../query/row-json'
import { isPageFile, type PageFile } from './dashboard/page'

/** Something in a URL that no retry helps with. */
export class BadRequest extends StreamsError {
  constructor(
    readonly status: 400 | 404 | 405 | 413 | 414,
    message: string,
  ) {
    super('INVALID_ARGUMENT', message)
  }
}

/** What a request to a store asks for, besides its query. */
export interface StoreParams {
  readonly format: Format
  readonly limit: number | undefined
  /** Of a scan; `undefined`: all. Of a key: the one that it is in. */
  readonly partitions: readonly number[] | undefined
  readonly allowStale: boolean
  readonly local: boolean
  readonly atLeast: Position | undefined
  readonly isolation: QueryIsolation | undefined
}

/** Of a subscription to the changes of a store: the texts of keys. */
export interface ChangesFilter {
  readonly key: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
}

export type TopologyFormat = 'text' | 'json' | 'mermaid' | 'svg'

/** A file of the page, the events that it listens to, the state of this instance alone, or the page by a path that its files are not relative to. */
export type DashboardPart = PageFile | 'events' | 'instance' | 'with-slash'

/** What a URL asks for. */
export type Target =
  | { readonly kind: 'store'; readonly store: string; readonly query: TextQuery; readonly params: StoreParams }
  | { readonly kind: 'changes'; readonly store: string; readonly filter: ChangesFilter; readonly params: StoreParams }
  | { readonly kind: 'metadata'; readonly store: string | undefined }
  | { readonly kind: 'topology'; readonly format: TopologyFormat }
  | { readonly kind: 'metrics' }
  | { readonly kind: 'dashboard'; readonly part: DashboardPart }
  | { readonly kind: 'health'; readonly probe: 'live' | 'ready' }

const PARAMS: ReadonlySet<string> = new Set([
  ...['key', 'from', 'to', 'prefix', 'keyFrom', 'keyTo', 'asOf', 'earliestEnd', 'latestStart', 'latestEnd', 'reverse'],
  ...['format', 'limit', 'partitions', 'allowStale', 'local', 'atLeast', 'isolation'],
])
const CHANGES_PARAMS: ReadonlySet<string> = new Set(['key', 'from', 'to', 'format', 'local', 'partitions'])
const MAX_PARTITIONS = 100_000

/**
 * Reads a URL as it came: nothing in it is normalized, so that what a path means does not depend on dots or doubled slashes.
 *
 * @throws BadRequest; StreamsError INVALID_ARGUMENT
 */
export const parseTarget = (url: string, prefix: string): Target => {
  const [path = '', ...search] = url.split('?')
  if (!path.startsWith(`${prefix}/`)) throw noSuchPath()
  const [first, ...rest] = path
    .slice(prefix.length + 1)
    .split('/')
    .map(decoded)
  const params = new URLSearchParams(search.join('?'))
  for (const name of params.keys()) {
    if (!PARAMS.has(name)) throw new BadRequest(400, `there is no parameter ${JSON.stringify(name.slice(0, 40))}`)
    if (params.getAll(name).length > 1) throw new BadRequest(400, `the parameter ${name} is given twice`)
  }
  switch (first) {
    case 'stores': {
      const [store, ...segments] = rest
      if (segments.length === 1 && segments[0] === 'changes') {
        return changesTarget(store!, params)
      }
      const query = store === undefined ? undefined : parseQueryPath(segments, params)
      if (query !== undefined) return { kind: 'store', store: store!, query, params: storeParams(params) }
      break
    }
    case 'metadata':
      if (rest.length <= 1) return { kind: 'metadata', store: rest[0] }
      break
    case 'topology':
      if (rest.length === 0) return { kind: 'topology', format: topologyFormat(params.get('format') ?? 'text') }
      break
    case 'metrics':
      if (rest.length === 0) return { kind: 'metrics' }
      break
    case 'dashboard': {
      const [part = ''] = rest
      if (rest.length > 1) break
      if (rest.length === 1 && part === '') return { kind: 'dashboard', part: 'with-slash' }
      if (isPageFile(part) || part === 'events' || part === 'instance') return { kind: 'dashboard', part }
      break
    }
    case 'health': {
      const [probe] = rest
      if (rest.length === 1 && (probe === 'live' || probe === 'ready')) return { kind: 'health', probe }
      break
    }
    default:
  }
  throw noSuchPath()
}

const noSuchPath = (): BadRequest =>
  new BadRequest(
    404,
    'there is no such path: /stores/<store>/keys/<key>, /stores/<store>/keys, /stores/<store>/changes, /metadata, /topology, /metrics, /dashboard, /health/live and /health/ready are some',
  )

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new BadRequest(400, 'the path is not percent-encoded UTF-8')
  }
}

const storeParams = (params: URLSearchParams): StoreParams => {
  const format = params.get('format') ?? 'json'
  if (format !== 'json' && format !== 'bytes') throw new BadRequest(400, 'format is json or bytes')
  const limit = params.get('limit')
  if (limit !== null && !/^[1-9]\d{0,8}$/.test(limit)) throw new BadRequest(400, 'limit is a whole number of 1 or more')
  return {
    format,
    limit: limit === null ? undefined : Number(limit),
    partitions: partitionsOf(params.get('partitions')),
    allowStale: flag(params, 'allowStale'),
    local: flag(params, 'local'),
    atLeast: positionOf(params.get('atLeast')),
    isolation: isolationOf(params.get('isolation')),
  }
}

/** A parameter that would be ignored is refused: the changes would not be those that were asked for. */
const changesTarget = (store: string, given: URLSearchParams): Target => {
  for (const name of given.keys()) {
    if (!CHANGES_PARAMS.has(name)) throw new BadRequest(400, `changes have no parameter ${name}`)
  }
  const params = storeParams(given)
  const [key, from, to] = ['key', 'from', 'to'].map((name) => given.get(name) ?? undefined)
  if (params.format !== 'json') throw new BadRequest(400, 'changes are JSON: drop format')
  if (key !== undefined && (from !== undefined || to !== undefined)) {
    throw new BadRequest(400, 'key excludes from and to')
  }
  if (params.partitions !== undefined && (key === undefined || params.partitions.length > 1)) {
    throw new BadRequest(400, 'partitions is the one of key: changes of all keys are those of all partitions')
  }
  return { kind: 'changes', store, filter: { key, from, to }, params }
}

const topologyFormat = (format: string): TopologyFormat => {
  if (format === 'text' || format === 'json' || format === 'mermaid' || format === 'svg') return format
  throw new BadRequest(400, 'format of a topology is text, json, mermaid or svg')
}

const partitionsOf = (text: string | null): readonly number[] | undefined => {
  if (text === null) return undefined
  if (!/^\d{1,6}(,\d{1,6})*$/.test(text)) throw new BadRequest(400, 'partitions are numbers with commas between them')
  const partitions = [...new Set(text.split(',').map(Number))]
  if (partitions.every((partition) => partition < MAX_PARTITIONS)) return partitions
  throw new BadRequest(400, `partitions are below ${MAX_PARTITIONS}`)
}

const isolationOf = (text: string | null): QueryIsolation | undefined => {
  if (text === null) return undefined
  if (text === 'latest' || text === 'committed') return text
  throw new BadRequest(400, 'isolation is latest or committed')
}

const positionOf = (text: string | null): Position | undefined => {
  if (text === null) return undefined
  try {
    const position: unknown = JSON.parse(text)
    if (isPosition(position)) return position
  } catch {
    // said below
  }
  throw new BadRequest(400, 'atLeast is JSON of offsets by topic and partition, such as {"orders":{"0":41}}')
}
