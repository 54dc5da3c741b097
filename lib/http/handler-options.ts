import type { IncomingMessage } from 'node:http'
import {
  BOOLEAN,
  callback,
  COUNT,
  DURATION,
  either,
  kind,
  type Kind,
  options as optionsOf,
  requireArgument,
} from '../arguments'
import { type Duration, toMilliseconds } from '../durations'
import { PEER_OPTIONS } from '../query/query-options'
import type { PeerOptions } from '../query/query-types'
import { HEALTH_OPTIONS, type HealthOptions } from '../runtime/health'

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

export const HANDLER_KINDS: Readonly<Record<keyof HandlerOptions, Kind>> = {
  prefix: kind("a path, such as '/millrace'", (value) => typeof value === 'string' && /^((\/[\w.~-]+)+|)$/.test(value)),
  authorize: callback('a function that says whether a request is allowed'),
  peers: either(
    PEER_OPTIONS,
    kind('false', (value) => value === false),
  ),
  maxResults: COUNT,
  maxUrlLength: COUNT,
  maxKeyLength: COUNT,
  maxConcurrentRequests: COUNT,
  maxSubscriptions: COUNT,
  requestTimeout: DURATION,
  health: HEALTH_OPTIONS,
  dashboard: BOOLEAN,
}

const HANDLER_OPTIONS = optionsOf<HandlerOptions>(HANDLER_KINDS)

/** @throws StreamsError INVALID_ARGUMENT */
export const resolveHandlerOptions = (options: HandlerOptions = {}): ResolvedHandlerOptions => {
  requireArgument(options, HANDLER_OPTIONS, 'createHandler', 'options')
  return {
    prefix: options.prefix ?? '',
    authorize: options.authorize,
    peers: options.peers,
    maxResults: options.maxResults ?? 10_000,
    maxUrlLength: options.maxUrlLength ?? 8192,
    maxKeyLength: options.maxKeyLength ?? 4096,
    maxConcurrentRequests: options.maxConcurrentRequests ?? 256,
    maxSubscriptions: options.maxSubscriptions ?? 64,
    requestTimeoutMs: toMilliseconds(options.requestTimeout ?? '30s', 'requestTimeout'),
    health: options.health ?? {},
    dashboard: options.dashboard ?? true,
  }
}
