import type { IncomingMessage } from 'node:http'
import { type Duration, toMilliseconds } from '../durations'
import { StreamsError } from '../errors'
import type { PeerOptions } from '../query/query-types'
import type { HealthOptions } from '../runtime/health'

/** What a request asks for, as `authorize` sees it. */
export interface HandlerRoute {
  /** Which part of the handler answers. */
  readonly kind: 'store' | 'metadata' | 'topology' | 'metrics' | 'dashboard' | 'health'
  /** Of a request to a store. */
  readonly store?: string
}

/** How the handler answers. */
export interface HandlerOptions {
  /** The path under which the handler is mounted, such as `/millrace`, if the requests that it gets still have it. Default: none. */
  readonly prefix?: string
  /**
   * Called for every request, health included, before anything is read: false answers with status 403. Without it everybody who can connect can read
   * the stores. Requests of other instances come with the headers of `peers`.
   */
  readonly authorize?: (request: IncomingMessage, route: HandlerRoute) => boolean | Promise<boolean>
  /**
   * How other instances are reached for their partitions. Default: under the path `prefix`, with the `authorization` header of the request
   * that is answered. False: never, a key of another instance is answered with its host (NOT_LOCAL).
   */
  readonly peers?: PeerOptions | false
  /**
   * The most entries of a scan; `limit` of a request can be lower. Default: 10,000. Another instance that asks, which a header `millrace-forwarded`
   * tells, gets all: where strangers can connect, let `authorize` refuse that header from them.
   */
  readonly maxResults?: number
  /** The most characters of a URL: longer ones are answered with status 414. Default: 8192. */
  readonly maxUrlLength?: number
  /** The most bytes of a key: longer ones are answered with status 414. Default: 4096. */
  readonly maxKeyLength?: number
  /** Requests that are answered at the same time: more are answered with status 503. Default: 256. */
  readonly maxConcurrentRequests?: number
  /**
   * Subscriptions to the changes of stores that are open at the same time: more are answered with status 503. They count as requests, too.
   * Default: 64.
   */
  readonly maxSubscriptions?: number
  /** How long an answer may take until its last byte has left: then the connection is cut. Default: 30 s. */
  readonly requestTimeout?: Duration
  /** For `/health/live` and `/health/ready`. */
  readonly health?: HealthOptions
  /**
   * Whether `/dashboard` shows the state of the application in a browser: topology, tasks, lag, restores, the latest warnings and errors. Default:
   * true.
   */
  readonly dashboard?: boolean
}

/** `HandlerOptions` with its defaults. */
export interface ResolvedHandlerOptions {
  readonly prefix: string
  readonly authorize: HandlerOptions['authorize']
  readonly peers: PeerOptions | false | undefined
  readonly maxResults: number
  readonly maxUrlLength: number
  readonly maxKeyLength: number
  readonly maxConcurrentRequests: number
  readonly maxSubscriptions: number
  readonly requestTimeoutMs: number
  readonly health: HealthOptions
  readonly dashboard: boolean
}

/** @throws StreamsError INVALID_ARGUMENT */
export const resolveHandlerOptions = (options: HandlerOptions = {}): ResolvedHandlerOptions => {
  const { prefix = '', authorize, peers, requestTimeout = '30s', health = {}, dashboard = true } = options
  if (typeof prefix !== 'string' || (prefix !== '' && !/^(\/[\w.~-]+)+$/.test(prefix))) {
    throw invalid(`prefix is ${JSON.stringify(prefix)}: give a path such as '/millrace'`)
  }
  if (authorize !== undefined && typeof authorize !== 'function') throw invalid('authorize is no function')
  if (typeof dashboard !== 'boolean') throw invalid('dashboard is true or false')
  return {
    prefix,
    authorize,
    peers,
    maxResults: bound(options, 'maxResults', 10_000),
    maxUrlLength: bound(options, 'maxUrlLength', 8192),
    maxKeyLength: bound(options, 'maxKeyLength', 4096),
    maxConcurrentRequests: bound(options, 'maxConcurrentRequests', 256),
    maxSubscriptions: bound(options, 'maxSubscriptions', 64),
    requestTimeoutMs: toMilliseconds(requestTimeout, 'requestTimeout'),
    health,
    dashboard,
  }
}

type Bound = 'maxResults' | 'maxUrlLength' | 'maxKeyLength' | 'maxConcurrentRequests' | 'maxSubscriptions'

const bound = (options: HandlerOptions, name: Bound, fallback: number): number => {
  const value: unknown = options[name] ?? fallback
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw invalid(`${name} is ${String(value)}: give a whole number of 1 or more`)
}

const invalid = (message: string): StreamsError => new StreamsError('INVALID_ARGUMENT', `createHandler: ${message}`)
