import { Agent, type IncomingMessage, request } from 'node:http'
import { Agent as TlsAgent, request as requestOverTls } from 'node:https'
import { type ErrorCode, StreamsError } from '../errors'
import { NO_HEADERS } from '../record/headers'
import { type HostInfo, hostText } from '../host-info'
import { prepared } from '../serdes/missing-dependency'
import type { ResolvedQueryOptions } from './query-options'
import type { PointAnswer, RemoteStores, ScanAnswer } from './remote-stores'
import { queryPath } from './query-path'
import type { Position } from './query-types'
import { isLastLine, rowOfJson } from './row-json'
import type { CatalogStore } from './store-catalog'
import { mapKeys, type PointQuery, type Row, type ScanQuery, type StoreQuery } from './store-query'
import { startTimer } from '../timer'

/** Marks a request of an instance, which is never forwarded again. */
export const FORWARDED_HEADER = 'millrace-forwarded'

/** To each instance. */
const CONNECTIONS = { keepAlive: true, maxSockets: 256 }

/** Of one answer that is read as a whole, and of one line of a scan. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** The codes with which an instance refuses a query that is right: it is reported as its own. */
const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'UNKNOWN_STORE',
  'INVALID_ARGUMENT',
  'STORE_NOT_AVAILABLE',
  'STORE_BEHIND',
  'ISOLATION_UNSUPPORTED',
  'NOT_LOCAL',
  'TIMEOUT',
  'NOT_AUTHORIZED',
  'SERIALIZATION_FAILED',
  'DESERIALIZATION_FAILED',
])

/** The stores of other instances, over their HTTP handlers. */
export class HttpPeers implements RemoteStores {
  readonly #agents = { plain: new Agent(CONNECTIONS), tls: new TlsAgent(CONNECTIONS) }

  async point(
    host: HostInfo,
    store: CatalogStore,
    query: PointQuery<unknown>,
    partition: number,
    options: ResolvedQueryOptions,
  ): Promise<PointAnswer> {
    const path = await pathOf(store, query, options, { partitions: String(partition) })
    const exchange = new Exchange(host, options, this.#agents)
    try {
      const response = await exchange.open(path)
      const shown = (await exchange.body(response)) as Partial<Record<string, unknown>>
      const { position, stale, rows } = shown
      if (shown.partition !== partition) throw exchange.strange('it is not that of the partition')
      const found = Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [shown]
      return {
        rows: await prepared(() => found.flatMap((row) => rowOfJson(row, store) ?? [])),
        partition,
        position: (position ?? {}) as Position,
        stale: stale === true,
        host,
      }
    } catch (error) {
      throw exchange.failure(error)
    } finally {
      exchange.end()
    }
  }

  async scan(
    host: HostInfo,
    store: CatalogStore,
    query: ScanQuery<unknown>,
    partitions: readonly number[],
    options: ResolvedQueryOptions,
  ): Promise<ScanAnswer> {
    const path = await pathOf(store, query, options, { partitions: partitions.join(',') })
    const exchange = new Exchange(host, options, this.#agents)
    try {
      const response = await exchange.open(path)
      return new PeerScan(exchange, response, store)
    } catch (error) {
      const failure = exchange.failure(error)
      exchange.end()
      throw failure
    }
  }

  /** What another instance answers at a path of its handler. */
  async json(host: HostInfo, path: string, options: ResolvedQueryOptions): Promise<unknown> {
    const exchange = new Exchange(host, options, this.#agents)
    try {
      return await exchange.body(await exchange.open(path))
    } catch (error) {
      throw exchange.failure(error)
    } finally {
      exchange.end()
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#agents.plain.destroy()
    this.#agents.tls.destroy()
  }
}

class PeerScan implements ScanAnswer {
  position: Position = {}
  stale = false

  constructor(
    private readonly exchange: Exchange,
    private readonly response: IncomingMessage,
    private readonly store: CatalogStore,
  ) {}

  get rows(): AsyncIterable<Row> {
    return this.#rows()
  }

  async *#rows(): AsyncGenerator<Row> {
    const { exchange, store } = this
    let ended = false
    try {
      for await (const line of linesOf(this.response)) {
        const shown = JSON.parse(line) as Record<string, unknown>
        if (shown.error !== undefined) throw exchange.refusal(shown)
        if (isLastLine(shown)) {
          const { position, stale } = shown.end
          this.position = position ?? {}
          this.stale = stale === true
          ended = true
        } else {
          const row = await prepared(() => rowOfJson(shown, store))
          if (row === undefined) throw exchange.strange('a line has no value')
          yield row
        }
      }
      if (!ended) throw exchange.strange('it ended before the last line')
    } catch (error) {
      throw exchange.failure(error)
    } finally {
      exchange.end()
    }
  }
}

/** One request, with its time limit. */
class Exchange {
  readonly #abort = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #onAbort = (): void => this.#abort.abort(this.options.signal!.reason)

  constructor(
    private readonly host: HostInfo,
    private readonly options: ResolvedQueryOptions,
    private readonly agents: { readonly plain: Agent; readonly tls: TlsAgent },
  ) {
    const { timeoutMs, signal } = options
    this.#timer = startTimer(() => {
      const text = `${hostText(host)} has not answered a query within ${timeoutMs} ms: try again, or raise timeout`
      this.#abort.abort(new StreamsError('TIMEOUT', text, { host: hostText(host) }))
    }, timeoutMs)
    if (signal?.aborted) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Resolves with an answer of status 200; rejects with the refusal. */
  async open(path: string): Promise<IncomingMessage> {
    const { host, port } = this.host
    const { peers } = this.options
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = {
        host,
        port,
        path: `${peers.path ?? ''}${path}`,
        headers: { ...peers.headers, accept: 'application/json, application/x-ndjson', [FORWARDED_HEADER]: '1' },
        signal: this.#abort.signal,
      }
      const { tls = false } = peers
      // the agent shares connections among requests of the same TLS options only
      const sent =
        tls === false
          ? request({ ...options, agent: this.agents.plain })
          : requestOverTls({ ...(tls === true ? {} : tls), ...options, agent: this.agents.tls })
      sent.once('response', resolve)
      sent.once('error', reject)
      sent.end()
    })
    response.setEncoding('utf8')
    if (response.statusCode === 200) return response
    throw this.refusal(await this.body(response), response.statusCode)
  }

  async body(response: IncomingMessage): Promise<unknown> {
    let text = ''
    for await (const chunk of response as AsyncIterable<string>) {
      text += chunk
      if (text.length > MAX_ANSWER_BYTES) throw this.strange('its answer is too large')
    }
    try {
      return JSON.parse(text)
    } catch {
      throw this.strange(`its answer, of status ${response.statusCode}, is no JSON`)
    }
  }

  end(): void {
    clearTimeout(this.#timer)
    this.options.signal?.removeEventListener('abort', this.#onAbort)
    this.#abort.abort(new Error('the exchange is over'))
  }

  /** The error with which the instance has answered. */
  refusal(body: unknown, status?: number): StreamsError {
    const { code, message } = ((body as { error?: unknown } | null)?.error ?? {}) as {
      code?: unknown
      message?: unknown
    }
    const host = hostText(this.host)
    // another path is none that the sender of the query can change
    const isNoPath = status === 404 && code !== 'UNKNOWN_STORE'
    if (typeof code === 'string' && CODES.has(code) && !isNoPath) {
      return new StreamsError(code as ErrorCode, `${host} answered: ${String(message)}`, { host })
    }
    const withStatus = status === undefined ? '' : ` with status ${status}`
    return this.strange(`it refused${withStatus}${typeof message === 'string' ? `: ${message}` : ''}`)
  }

  strange(what: string): StreamsError {
    const host = hostText(this.host)
    return new StreamsError(
      'INSTANCE_UNREACHABLE',
      `${host}, which has the partition, did not answer a query as an instance of this application does: ${what}. Check that millrace/http ` +
        "listens at its applicationServer, under the path of the query's peers, and lets this instance in",
      { host },
    )
  }

  failure(error: unknown): unknown {
    if (this.#abort.signal.aborted && !(error instanceof StreamsError)) return this.#abort.signal.reason
    if (error instanceof StreamsError) return error
    const host = hostText(this.host)
    return new StreamsError(
      'INSTANCE_UNREACHABLE',
      `${host}, which has the partition, can't be reached: ${(error as Error).message}. It may have ended, then another instance has the ` +
        'partition soon: try again. Otherwise check its applicationServer, and that millrace/http listens there',
      { host },
      { cause: error },
    )
  }
}

const pathOf = (
  store: CatalogStore,
  query: StoreQuery<unknown>,
  { allowStale, atLeast, isolation }: ResolvedQueryOptions,
  more: Readonly<Record<string, string>> = {},
): Promise<string> =>
  prepared(() => {
    const { keySerde, topic } = store
    const text = mapKeys(
      query,
      (key) => keySerde.serialize(topic, key, NO_HEADERS)!.toString('base64url'),
      (prefix) => prefix.toString('base64url'),
    )
    const { path, params } = queryPath(store.name, text)
    params.set('format', 'bytes')
    if (allowStale) params.set('allowStale', 'true')
    if (isolation !== undefined) params.set('isolation', isolation)
    if (atLeast !== undefined) params.set('atLeast', JSON.stringify(atLeast))
    for (const [name, value] of Object.entries(more)) params.set(name, value)
    return `${path}?${params.toString()}`
  })

async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    if (rest.length > MAX_ANSWER_BYTES) throw new Error('a line is too long')
    yield* lines
  }
  if (rest !== '') yield rest
}
