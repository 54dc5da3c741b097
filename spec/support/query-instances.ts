import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, get as getOverTls, type RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { StreamsConfig } from '../../lib/config/config'
import { createHandler, type HandlerOptions } from '../../lib/http'
import type { KafkaStreams } from '../../lib/runtime/kafka-streams'

/** An instance with a server for its queries, at the port that it has as its application server. */
export class QueryInstance {
  private constructor(
    readonly streams: KafkaStreams,
    readonly server: Server,
    readonly port: number,
  ) {}

  /** The instance is created once the port is known, and not started. */
  static async create(
    make: (config: Partial<StreamsConfig>) => KafkaStreams,
    options: HandlerOptions = {},
    tls?: TlsOptions,
  ): Promise<QueryInstance> {
    const answer: RequestListener = (request, response) => void handler(request, response)
    const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const streams = make({ applicationServer: `127.0.0.1:${port}` })
    const handler = createHandler(streams, options)
    return new QueryInstance(streams, server, port)
  }

  get(path: string, options: RequestOptions = {}): Promise<HttpAnswer> {
    return httpGet({ port: this.port, path, ...options })
  }

  async closeServer(): Promise<void> {
    this.server.closeAllConnections()
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve))
  }

  async close(): Promise<void> {
    await this.closeServer()
    await this.streams.close()
  }
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** Of a body of JSON. */
  readonly json: Record<string, unknown> & { readonly error?: { readonly code: string; readonly message: string } }
  /** Of a body of NDJSON. */
  readonly lines: readonly Record<string, unknown>[]
}

/** Over TLS with `ca`. Rejects if the connection ends before the answer does. */
export const httpGet = async (options: RequestOptions): Promise<HttpAnswer> => {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = options.ca === undefined ? get : getOverTls
    send({ host: '127.0.0.1', agent: false, ...options }, resolve).once('error', reject)
  })
  let text = ''
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk
  const lines = (): Record<string, unknown>[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  return {
    status: response.statusCode!,
    headers: response.headers,
    text,
    get json() {
      return JSON.parse(text) as HttpAnswer['json']
    },
    get lines() {
      return lines()
    },
  }
}
