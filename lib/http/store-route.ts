import type { IncomingMessage, ServerResponse } from 'node:http'
import { StreamsError } from '../errors'
import { FORWARDED_HEADER } from '../query/http-peers'
import { bytesOfBase64, keyOfText, toJson } from '../query/json-values'
import type { QueryEngine } from '../query/query-engine'
import type { ResolvedQueryOptions } from '../query/query-options'
import type { TextQuery } from '../query/query-path'
import type { PeerOptions } from '../query/query-types'
import { rowJson } from '../query/row-json'
import type { CatalogStore } from '../query/store-catalog'
import { isPointQuery, isSingle, mapKeys, type PointQuery, type ScanQuery, type StoreQuery } from '../query/store-query'
import { NO_HEADERS } from '../record/headers'
import { MissingDependency, prepared } from '../serdes/missing-dependency'
import type { ResolvedHandlerOptions } from './handler-options'
import { BadRequest, type StoreParams, type Target } from './request-target'
import { LineWriter, sendJson } from './responding'

export interface StoreRequest {
  readonly engine: QueryEngine
  readonly options: ResolvedHandlerOptions
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly target: Extract<Target, { kind: 'store' }>
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** Answers a request to a store. */
export const answerStore = async (asked: StoreRequest): Promise<void> => {
  const { engine, options, target } = asked
  const store = engine.catalog.get(target.store)
  const query = await prepared(() => typedQuery(store, target.query, target.params, options.maxKeyLength))
  if (isPointQuery(query)) await answerPoint(asked, store, query)
  else await answerScan(asked, store, query)
}

const answerPoint = async (asked: StoreRequest, store: CatalogStore, query: PointQuery<unknown>): Promise<void> => {
  const { engine, target, response } = asked
  const { format } = target.params
  const { rows, partition, position, stale } = await engine.point(store.name, query, queryOptions(asked))
  const more = { partition, position, stale }
  const shown = await prepared(() => {
    if (!isSingle(query))
      return `{"rows":[${rows.map((row) => rowJson(row, store, format)).join(',')}],${toJson(more).slice(1)}`
    const [row] = rows
    return row === undefined ? toJson({ value: null, ...more }) : rowJson(row, store, format, more)
  })
  sendJson(response, 200, shown)
}

const answerScan = async (asked: StoreRequest, store: CatalogStore, query: ScanQuery<unknown>): Promise<void> => {
  const { engine, target, response, signal, options } = asked
  const { format, limit } = target.params
  const { maxResults } = options
  if (limit !== undefined && limit > maxResults) throw new BadRequest(400, `limit is at most ${maxResults}`)
  const most = limit ?? (isForwarded(asked.request) ? Infinity : maxResults)
  const answer = await engine.scan(store.name, query, queryOptions(asked))
  const writer = new LineWriter(response, signal)
  let count = 0
  let truncated = false
  for await (const row of answer.rows) {
    if (count === 0) startLines(response)
    if (count === most) {
      truncated = true
      break
    }
    count++
    await writer.line(await prepared(() => rowJson(row, store, format)))
  }
  if (count === 0) startLines(response)
  const { position, stale } = answer
  await writer.line(toJson({ end: { rows: count, truncated, position, stale } }))
  await writer.end()
}

/** With the first line: what fails before it has a status of its own. */
const startLines = (response: ServerResponse): void => {
  response.writeHead(200, {
    'content-type': 'application/x-ndjson; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
}

/** Another instance asks, which looks for nothing but what is here. */
const isForwarded = ({ headers }: IncomingMessage): boolean => headers[FORWARDED_HEADER] !== undefined

const queryOptions = ({ request, target, options, signal, timeoutMs }: StoreRequest): ResolvedQueryOptions => {
  const { allowStale, local, partitions, atLeast, isolation } = target.params
  return {
    allowStale,
    local: local || options.peers === false || isForwarded(request),
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(isolation === undefined ? {} : { isolation }),
    timeoutMs,
    partitions,
    signal,
    peers: peersOf(request, options),
  }
}

/** How the other instances are asked on behalf of a request. */
export const peersOf = (
  { headers: { authorization } }: IncomingMessage,
  options: ResolvedHandlerOptions,
): PeerOptions => {
  const {
    path = options.prefix,
    headers = authorization === undefined ? {} : { authorization },
    ...rest
  } = options.peers || {}
  return { path, headers, ...rest }
}

const typedQuery = (
  store: CatalogStore,
  query: TextQuery,
  { format }: StoreParams,
  maxKeyLength: number,
): StoreQuery<unknown> => {
  const bounded = <T>(text: string, read: (text: string) => T): T => {
    requireKeyLength(text, format, maxKeyLength)
    return read(text)
  }
  return mapKeys(
    query,
    (text) => bounded(text, () => keyOf(text, store, format)),
    (text) => bounded(text, () => (format === 'bytes' ? bytesOf(text) : Buffer.from(text))),
  )
}

const requireKeyLength = (text: string, format: StoreParams['format'], maxKeyLength: number): void => {
  if (Buffer.byteLength(text) <= maxKeyLength * (format === 'bytes' ? 4 / 3 : 1) + 4) return
  throw new BadRequest(414, `a key has at most ${maxKeyLength} bytes`)
}

/** The key that a text in a URL stands for. */
export const boundedKeyOf = (
  text: string,
  store: CatalogStore,
  format: StoreParams['format'],
  maxKeyLength: number,
): unknown => {
  requireKeyLength(text, format, maxKeyLength)
  return keyOf(text, store, format)
}

const keyOf = (text: string, store: CatalogStore, format: StoreParams['format']): unknown => {
  const { keySerde, topic, name } = store
  try {
    if (format === 'bytes') return keySerde.deserialize(topic, bytesOf(text), NO_HEADERS)
    return keyOfText(text, keySerde, topic)
  } catch (error) {
    throw badKey(name, error)
  }
}

const bytesOf = (text: string): Buffer => {
  const bytes = bytesOfBase64(text)
  if (bytes !== undefined) return bytes
  throw new BadRequest(400, 'with format=bytes, keys are base64')
}

const badKey = (store: string, error: unknown): unknown =>
  error instanceof MissingDependency || error instanceof StreamsError
    ? error
    : new BadRequest(400, `store "${store}" can't have this key: ${(error as Error).message}`)
