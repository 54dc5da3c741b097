import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { TlsOptions } from 'node:tls'
import { COUNT, kind, OBJECT, options as optionsOf, requireArgument, text } from '../arguments'
import { StreamsError } from '../errors'
import type { KafkaStreams } from '../runtime/kafka-streams'
import { createHandler } from './handler'
import { HANDLER_KINDS, type HandlerOptions } from './handler-options'

/** Where a server listens, and how it answers. */
export interface ListenOptions extends HandlerOptions {
  /** The TCP port; 0: any that is free. */
  readonly port: number
  /**
   * The address to listen at. Default: `127.0.0.1`, which only this machine reaches. The instances of other machines need one that they reach,
   * such as `0.0.0.0`: then set `authorize`, or let only them into the network.
   */
  readonly host?: string
  /**
   * Listen with TLS, with these options of `node:tls`: `key` and `cert`, and to let in only who has a certificate, `ca` and `requestCert`. Other instances then
   * need `peers.tls`. Default: plain HTTP.
   */
  readonly tls?: TlsOptions
  /** The most open connections: more are closed at once. Default: 1024. */
  readonly maxConnections?: number
}

const LISTEN_OPTIONS = optionsOf<ListenOptions>(
  {
    ...HANDLER_KINDS,
    port: kind(
      'a TCP port, or 0',
      (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 65_536,
    ),
    host: text('a host name or address'),
    tls: OBJECT,
    maxConnections: COUNT,
  },
  ['port'],
)

/** How long a client may take to send a request. */
const REQUEST_MS = 10_000
/** Of all headers together; keys are in the URL. */
const MAX_HEADER_BYTES = 32 * 1024

/**
 * A server with the handler of `createHandler`. It is not closed with the instance: `gracefulShutdown` closes both in order.
 *
 * @example
 * const server = await listen(streams, { port: 8080 })
 * gracefulShutdown(streams, { server })
 *
 * @throws StreamsError INVALID_ARGUMENT, LISTEN_FAILED
 */
export const listen = async (streams: KafkaStreams, options: ListenOptions): Promise<Server> => {
  requireArgument(options, LISTEN_OPTIONS, 'listen', 'options')
  const { port, host = '127.0.0.1', tls, maxConnections = 1024, ...answering } = options
  const handler = createHandler(streams, answering)
  const limits = { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1000 }
  const bounds = { ...limits, maxHeaderSize: MAX_HEADER_BYTES }
  const answer: RequestListener = (request, response) => void handler(request, response)
  const server = tls === undefined ? createServer(bounds, answer) : createTlsServer({ ...tls, ...bounds }, answer)
  server.maxConnections = maxConnections
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw listenFailed(host, port, error as NodeJS.ErrnoException)
  }
  return server
}

const NEXT_STEPS: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'Something listens there already, perhaps another instance: give each its own port, or 0 for any that is free',
  EACCES: 'The process is not allowed to: give it a port of 1024 or more',
  EADDRNOTAVAIL: "This machine does not have the address: give one of its own as host, or '0.0.0.0' for all",
  ENOTFOUND: "The host is not known: give an address of this machine as host, or '0.0.0.0' for all",
}

const listenFailed = (host: string, port: number, cause: NodeJS.ErrnoException): StreamsError =>
  new StreamsError(
    'LISTEN_FAILED',
    `can't listen at ${host}:${port}: ${cause.message}. ${NEXT_STEPS[cause.code ?? ''] ?? 'Check host and port'}`,
    { host: `${host}:${port}` },
    { cause },
  )
