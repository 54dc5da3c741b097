import type { IncomingMessage, ServerResponse } from 'node:http'
import { StreamsError } from '../errors'
import { hostText } from '../host-info'
import { PROMETHEUS_CONTENT_TYPE, prometheusParts } from '../metrics/prometheus-text'
import { toJson } from '../query/json-values'
import type { KafkaStreams } from '../runtime/kafka-streams'
import { abortable } from '../runtime/pause'
import { mermaidChart } from '../topology/mermaid'
import { topologySvg } from '../topology/svg'
import { ChangeStreams } from './change-streams'
import { Dashboard } from './dashboard/dashboard'
import { EVENT_STREAM } from './dashboard/event-stream'
import { sendPageFile } from './dashboard/page'
import { type HandlerOptions, type ResolvedHandlerOptions, resolveHandlerOptions } from './handler-options'
import { BadRequest, type DashboardPart, parseTarget, type Target, type TopologyFormat } from './request-target'
import { describeError, sendJson, sendParts, sendRedirect, sendText } from './responding'
import { answerStore, peersOf } from './store-route'
import { startTimer } from '../timer'

/** Answers a request of `node:http`; resolves when the answer has left or the connection is cut, and never rejects. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * A request handler for the queries, metadata, metrics, health and dashboard of an instance: for `node:http`, and for any framework that gives the raw request and
 * response. It reads, and never writes: only GET and HEAD are answered.
 *
 * @example
 * const handler = createHandler(streams, { prefix: '/millrace', authorize: (request) => request.headers['x-api-key'] === process.env.API_KEY })
 * http.createServer(handler).listen(8080, '127.0.0.1')
 *
 * @throws StreamsError INVALID_ARGUMENT
 */
export const createHandler = (streams: KafkaStreams, options: HandlerOptions = {}): RequestHandler => {
  const handler = new Handler(streams, resolveHandlerOptions(options))
  return (request, response) => handler.handle(request, response)
}

class Handler {
  #active = 0
  readonly #dashboard: Dashboard | undefined
  readonly #changes: ChangeStreams

  constructor(
    private readonly streams: KafkaStreams,
    private readonly options: ResolvedHandlerOptions,
  ) {
    this.#changes = new ChangeStreams(streams, options)
    if (options.dashboard) this.#dashboard = new Dashboard(streams, options.health)
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { requestTimeoutMs } = this.options
    const abort = new AbortController()
    const timer = startTimer(() => {
      abort.abort(new StreamsError('TIMEOUT', `the request was not answered within ${requestTimeoutMs} ms`))
    }, requestTimeoutMs)
    const gone = new Promise<void>((resolve) => response.once('close', resolve))
    void gone.then(() => abort.abort(new Error('the connection was closed')))
    // what fails about the connection is seen by its end
    request.on('error', ignore)
    response.on('error', ignore)
    this.#active++
    try {
      const answering = this.#answer(request, response, abort.signal, () => clearTimeout(timer))
      await abortable(answering, abort.signal)
      // the last byte has not left yet
      if (response.writableEnded && !response.writableFinished) await abortable(gone, abort.signal)
    } catch (error) {
      this.#fail(response, error)
    } finally {
      clearTimeout(timer)
      this.#active--
    }
  }

  /** `withoutLimit`: the answer may take as long as it likes. */
  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
    withoutLimit: () => void,
  ): Promise<void> {
    refuseOtherThanGet(request, response)
    const { options, streams } = this
    const { url = '' } = request
    if (url.length > options.maxUrlLength) {
      throw new BadRequest(414, `the URL has more than ${options.maxUrlLength} characters`)
    }
    const target = parseTarget(url, options.prefix)
    if (this.#active > options.maxConcurrentRequests && target.kind !== 'health') {
      throw new StreamsError(
        'STORE_NOT_AVAILABLE',
        `${options.maxConcurrentRequests} requests are being answered already: try again`,
      )
    }
    if (!(await this.#isAllowed(request, target))) {
      const message = 'this request is not allowed'
      return sendJson(response, 403, toJson({ error: { code: 'NOT_AUTHORIZED', message } }))
    }
    switch (target.kind) {
      case 'store': {
        const { engine } = streams.queries
        const timeoutMs = options.requestTimeoutMs
        return answerStore({ engine, options, request, response, target, signal, timeoutMs })
      }
      case 'changes':
        return this.#changes.answer({ request, response, target, signal, withoutLimit })
      case 'metadata':
        return sendJson(response, 200, this.#metadata(target.store))
      case 'topology':
        return sendTopology(response, streams, target.format)
      case 'metrics':
        return sendParts(response, PROMETHEUS_CONTENT_TYPE, prometheusParts(streams), signal)
      case 'dashboard':
        return this.#answerDashboard(request, response, target.part, signal, withoutLimit)
      case 'health':
        return this.#health(response, target.probe)
    }
  }

  async #isAllowed(request: IncomingMessage, target: Target): Promise<boolean> {
    const { authorize } = this.options
    if (authorize === undefined) return true
    const route =
      target.kind === 'store' || target.kind === 'changes'
        ? { kind: 'store' as const, store: target.store }
        : { kind: target.kind }
    try {
      return (await authorize(request, route)) === true
    } catch (error) {
      throw new AuthorizeFailed(target.kind, error)
    }
  }

  async #answerDashboard(
    request: IncomingMessage,
    response: ServerResponse,
    part: DashboardPart,
    signal: AbortSignal,
    withoutLimit: () => void,
  ): Promise<void> {
    const dashboard = this.#dashboard
    if (dashboard === undefined) throw new BadRequest(404, 'the dashboard is switched off')
    if (part === 'instance') return sendJson(response, 200, dashboard.instance())
    // relative: a proxy may have cut off what was in front of the path
    if (part === 'with-slash') return sendRedirect(response, '../dashboard')
    if (part !== 'events') return sendPageFile(response, part)
    // it would wait for a body that never comes
    if (request.method === 'HEAD') return sendText(response, 200, EVENT_STREAM, '')
    withoutLimit()
    const { peers } = this.options
    await dashboard.sendEvents(response, peers === false ? undefined : peersOf(request, this.options), signal)
  }

  #metadata(store: string | undefined): string {
    const { streams } = this
    const { host } = streams.queries.engine
    const instances = store === undefined ? streams.allMetadata() : streams.metadataForStore(store)
    return toJson({
      host: host === undefined ? null : hostText(host),
      state: streams.state,
      instances: instances.map((instance) => ({ ...instance, host: hostText(instance.host) })),
      ...(store === undefined ? { tasks: streams.metadataForLocalTasks() } : {}),
    })
  }

  #health(response: ServerResponse, probe: 'live' | 'ready'): void {
    const health = this.streams.health(this.options.health)
    const { ok, reasons } = health[probe]
    const { state, restoring, lag, loopPauseMs } = health
    sendJson(response, ok ? 200 : 503, toJson({ ok, reasons, state, restoring, lag, loopPauseMs }))
  }

  #report(error: unknown): void {
    const { logger } = this.streams.queries
    if (error instanceof AuthorizeFailed) logger.error({ err: error.cause, kind: error.kind }, error.message)
    else logger.error({ err: error }, 'a query over HTTP failed')
  }

  #fail(response: ServerResponse, error: unknown): void {
    const { status, json } = describeError(error)
    if (response.destroyed || response.writableFinished) return
    if (status === 500) this.#report(error)
    if (!response.headersSent) return sendJson(response, status, json)
    // a scan that is cut must not look complete: the connection ends without the end of the answer
    if (response.writableEnded || response.writableNeedDrain) response.destroy()
    else response.write(`${json}\n`, () => response.destroy())
  }
}

/** What `authorize` has thrown: of whatever class, the client is told nothing of it. */
class AuthorizeFailed extends Error {
  constructor(
    readonly kind: Target['kind'],
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`authorize failed, and the request (kind: '${kind}') was answered with status 500: ${reason}`, { cause })
  }
}

const sendTopology = (response: ServerResponse, { queries }: KafkaStreams, format: TopologyFormat): void => {
  switch (format) {
    case 'text':
      return sendText(response, 200, 'text/plain; charset=utf-8', queries.describeTopology())
    case 'json':
      return sendJson(response, 200, toJson(queries.topologyDescription()))
    case 'mermaid':
      return sendText(response, 200, 'text/plain; charset=utf-8', mermaidChart(queries.topologyDescription()))
    case 'svg':
      return sendText(response, 200, 'image/svg+xml; charset=utf-8', topologySvg(queries.topologyDescription()))
  }
}

const ignore = (): void => {}

const refuseOtherThanGet = ({ method, headers }: IncomingMessage, response: ServerResponse): void => {
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    response.setHeader('connection', 'close')
    throw new BadRequest(405, 'stores are only read: use GET')
  }
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return
  response.setHeader('connection', 'close')
  throw new BadRequest(413, 'a request for a query has no body')
}
