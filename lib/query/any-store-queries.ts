import { BOOLEAN, either, kind, optional, options as optionsOf, requireArgument, WHOLE_NUMBER } from '../arguments'
import { StreamsError } from '../errors'
import { NO_HEADERS } from '../record/headers'
import { Windowed } from '../record/windowed'
import type { VersionsOptions } from '../state/store'
import type { QueryEngine } from './query-engine'
import type { ResolvedQueryOptions } from './query-options'
import type { PointAnswer } from './remote-stores'
import type { Position, QueryResult, QueryScan } from './query-types'
import type { ScanOrder } from './store-queries'
import type { PointQuery, Row, ScanQuery } from './store-query'

const TIME = kind(
  'milliseconds since 1970, or an infinity',
  (value) => typeof value === 'number' && !Number.isNaN(value),
)
/** What queries call their times, besides those of versions, which are optional. */
const TIMES = ['asOf', 'from', 'to', 'start', 'end', 'earliestEnd', 'latestStart', 'latestEnd'] as const

const LIMIT = either(
  WHOLE_NUMBER,
  kind('Infinity', (value) => value === Infinity),
)
const SCAN_ORDER = optional(optionsOf<ScanOrder>({ reverse: BOOLEAN }))
const VERSIONS_OPTIONS = optionsOf<VersionsOptions>({ from: TIME, to: TIME, reverse: BOOLEAN })
const ARRAY_OPTIONS = optionsOf<{ limit?: number }>({ limit: LIMIT })

const isReversed = (order: ScanOrder | undefined): boolean | undefined => {
  requireArgument(order, SCAN_ORDER, 'a query', 'order')
  return order?.reverse
}

/** A time that is `null` or NaN would be answered with nothing. */
const requireTimes = (query: PointQuery<unknown> | ScanQuery<unknown>): void => {
  if (query.kind === 'versions') return
  const given = query as { readonly [Time in (typeof TIMES)[number]]?: unknown }
  for (const time of TIMES) if (time in query) requireArgument(given[time], TIME, 'a query', time)
}

type Pair = readonly [Windowed<unknown>, unknown]

/** The queries of every kind of store: the types offer those that the store has, and the engine rejects the others. */
export class AnyStoreQueries {
  constructor(
    private readonly engine: QueryEngine,
    private readonly name: string,
    /** Drop the timestamps of values, as the handle has none. */
    private readonly plain: boolean,
    private readonly options: ResolvedQueryOptions,
  ) {}

  async get(key: unknown, asOf?: number): Promise<QueryResult<unknown>> {
    const answer = await this.#point({ kind: 'get', key, ...(asOf === undefined ? {} : { asOf }) })
    return result(answer, ([row]) =>
      row === undefined ? null : row.validTo === undefined ? this.#value(row) : version(row),
    )
  }

  async versions(key: unknown, options: VersionsOptions = {}): Promise<QueryResult<unknown>> {
    requireArgument(options, VERSIONS_OPTIONS, 'versions()', 'options')
    const answer = await this.#point({ kind: 'versions', key, ...options })
    return result(answer, (rows) => rows.map(version))
  }

  fetch(key: unknown, from?: number | ScanOrder, to?: number, order?: ScanOrder): Promise<QueryResult<unknown>> {
    if (this.engine.catalog.get(this.name).kind === 'session') {
      return this.findSessions(key, 0, Infinity, from as ScanOrder | undefined)
    }
    return to === undefined ? this.#window(key, from as number) : this.#windows(key, from as number, to, order)
  }

  async fetchSession(key: unknown, start: number, end: number): Promise<QueryResult<unknown>> {
    return result(await this.#point({ kind: 'session', key, start, end }), ([row]) => (row ? this.#value(row) : null))
  }

  async findSessions(
    key: unknown,
    earliestEnd: number,
    latestStart: number,
    order?: ScanOrder,
  ): Promise<QueryResult<unknown>> {
    const answer = await this.#point({ kind: 'sessions', key, earliestEnd, latestStart, reverse: isReversed(order) })
    return result(answer, (rows) =>
      rows.map((row): Pair => [new Windowed(key, { start: row.start!, end: row.end! }), this.#value(row)]),
    )
  }

  range(keyFrom: unknown, keyTo: unknown, order?: ScanOrder): QueryScan<unknown> {
    return this.#scan({ kind: 'range', keyFrom, keyTo, reverse: isReversed(order) })
  }

  prefixScan(
    prefix: unknown,
    serde: { serialize(topic: string, value: unknown, headers: never): Buffer | null },
    order?: ScanOrder,
  ): QueryScan<unknown> {
    const { topic } = this.engine.catalog.get(this.name)
    const bytes = serde.serialize(topic, prefix, NO_HEADERS as never) ?? Buffer.alloc(0)
    return this.#scan({ kind: 'prefix', prefix: bytes, reverse: isReversed(order) })
  }

  all(order?: ScanOrder): QueryScan<unknown> {
    switch (this.engine.catalog.get(this.name).kind) {
      case 'window':
        return this.fetchAll(0, Infinity, order)
      case 'session':
        return this.findSessionsRange(null, null, 0, Infinity, order)
      default:
        return this.range(null, null, order)
    }
  }

  fetchRange(
    keyFrom: unknown,
    keyTo: unknown,
    from?: number | ScanOrder,
    to?: number,
    order?: ScanOrder,
  ): QueryScan<unknown> {
    if (this.engine.catalog.get(this.name).kind === 'session') {
      return this.findSessionsRange(keyFrom, keyTo, 0, Infinity, from as ScanOrder | undefined)
    }
    return this.#scan({ kind: 'allWindows', keyFrom, keyTo, from: from as number, to: to!, reverse: isReversed(order) })
  }

  fetchAll(from: number, to: number, order?: ScanOrder): QueryScan<unknown> {
    return this.#scan({ kind: 'allWindows', keyFrom: null, keyTo: null, from, to, reverse: isReversed(order) })
  }

  findSessionsRange(
    keyFrom: unknown,
    keyTo: unknown,
    earliestEnd: number,
    latestStart: number,
    order?: ScanOrder,
  ): QueryScan<unknown> {
    return this.#scan({
      kind: 'allSessions',
      keyFrom,
      keyTo,
      earliestEnd,
      latestStart,
      latestEnd: Infinity,
      reverse: isReversed(order),
    })
  }

  findAllSessions(earliestEnd: number, latestEnd: number, order?: ScanOrder): QueryScan<unknown> {
    const bounds = { keyFrom: null, keyTo: null, earliestEnd, latestStart: Infinity, latestEnd }
    return this.#scan({ kind: 'allSessions', ...bounds, reverse: isReversed(order) })
  }

  async #window(key: unknown, start: number): Promise<QueryResult<unknown>> {
    return result(await this.#point({ kind: 'window', key, start }), ([row]) => (row ? this.#value(row) : null))
  }

  async #windows(key: unknown, from: number, to: number, order?: ScanOrder): Promise<QueryResult<unknown>> {
    const answer = await this.#point({ kind: 'windows', key, from, to, reverse: isReversed(order) })
    return result(answer, (rows) => rows.map((row) => [row.start!, this.#value(row)] as const))
  }

  #point(query: PointQuery<unknown>): Promise<PointAnswer> {
    requireTimes(query)
    return this.engine.point(this.name, query, this.options)
  }

  #scan(query: ScanQuery<unknown>): QueryScan<unknown> {
    requireTimes(query)
    return new EngineScan(this.engine, this.name, query, this.options, (row) => [
      row.start === undefined ? row.key : new Windowed(row.key, { start: row.start, end: row.end! }),
      this.#value(row),
    ])
  }

  #value({ value, timestamp }: Row): unknown {
    return this.plain || timestamp === undefined ? value : { value, timestamp }
  }
}

const version = ({ value, timestamp, validTo }: Row): unknown => ({ value, timestamp, validTo })

const result = <T>(
  { rows, partition, position, stale, host }: PointAnswer,
  of: (rows: readonly Row[]) => T,
): QueryResult<T> => ({ value: of(rows), partition, position, stale, host })

class EngineScan<T> implements QueryScan<T> {
  position: Position = {}
  stale = false

  constructor(
    private readonly engine: QueryEngine,
    private readonly name: string,
    private readonly query: ScanQuery<unknown>,
    private readonly options: ResolvedQueryOptions,
    private readonly entry: (row: Row) => T,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    const answer = await this.engine.scan(this.name, this.query, this.options)
    const note = (): void => {
      this.position = answer.position
      this.stale = answer.stale
    }
    for await (const row of answer.rows) {
      note()
      yield this.entry(row)
    }
    note()
  }

  async toArray(options: { readonly limit?: number } = {}): Promise<T[]> {
    requireArgument(options, ARRAY_OPTIONS, 'toArray()', 'options')
    const { limit = 10_000 } = options
    const entries: T[] = []
    for await (const entry of this) {
      if (entries.length >= limit) {
        throw new StreamsError(
          'INVALID_ARGUMENT',
          `store "${this.name}" has more than ${limit} entries in this range: iterate over them, narrow the range, or raise the limit`,
          { store: this.name },
        )
      }
      entries.push(entry)
    }
    return entries
  }
}
