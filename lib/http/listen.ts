import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { KafkaStreams } from '../runtime/kafka-streams'
import { createHandler } from './handler'
import type { HandlerOptions } from './handler-options'

/** Where a server listens, and how it answers. */
export interface ListenOptions extends HandlerOptions {
  /** The TCP port; 0: any that is free. */
  readonly port: number
  /**
   * The address to listen at. Default: `127.0.0.1`, which only this machine reaches. The instances of other machines need one that they reach,
   * such as `0.0.0.0`: then set `authorize`, or let only them into the network.
   */
  readonly host?: string
  /** The most open connections: more are closed at once. Default: 1024. */
  readonly maxConnections?: number
}

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
 * @throws StreamsError INVALID_ARGUMENT; the error of `node:net` if it can't listen there
 */
export const listen = async (
  streams: KafkaStreams,
  { port, host = '127.0.0.1', maxConnections = 1024, ...options }: ListenOptions,
): Promise<Server> => {
  const handler = createHandler(streams, options)
  const limits = { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1000 }
  const server = createServer({ ...limits, maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    void handler(request, response)
  })
  server.maxConnections = maxConnections
  server.listen(port, host)
  await once(server, 'listening')
  return server
}
