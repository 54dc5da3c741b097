/**
 * The only file that reaches into kafkajs's private modules. millrace uses kafkajs as its connection layer: sockets, TLS,
 * SASL and the negotiation of versions. kafkajs is pinned to the version below, and a spec fails when the shape of what is used here changes.
 */
import net from 'node:net'
import tls from 'node:tls'
import type { ISocketFactory, ISocketFactoryArgs, KafkaConfig, logCreator, logLevel } from 'kafkajs'
import { ClientError } from '../port'
import { INVALID_RESPONSE, LEASE_ENDED } from './protocol/errors'
import type { ResponseMemory } from './protocol/response-memory'
import { ResponseReader } from './protocol/response-reader'
import type { Frame } from './protocol/frame'
import { WireWriter } from './protocol/wire'

export const KAFKAJS_VERSION = '2.2.4'

export interface KafkaJsLogger {
  namespace(namespace: string): KafkaJsLogger
}

export interface KafkaJsRequest {
  readonly entry: { readonly apiKey: number }
  rejected(error: Error): void
}

export interface KafkaJsRequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
  /** Hands one request to the socket: right after it was encoded, or later where it had to wait in `pending`. */
  sendSocketRequest(request: KafkaJsRequest): void
  push(request: KafkaJsPushedRequest): void
  /** The answer to the request with this id. */
  fulfillRequest(response: { readonly size: number; readonly correlationId: number; readonly payload: Buffer }): void
}

export interface KafkaJsPushedRequest {
  readonly entry: {
    readonly apiKey: number
    readonly apiName: string
    readonly apiVersion: number
    readonly correlationId: number
    resolve(answer: { readonly payload: Buffer }): void
    reject(error: Error): void
  }
  readonly expectResponse: true
  readonly requestTimeout: null
  /** Writes it to the socket. */
  sendRequest(): void
}

/** One socket. Used once: a reconnect on the same object would read what was left of the old socket's last response. */
export interface KafkaJsConnection {
  readonly requestQueue: KafkaJsRequestQueue
  readonly socket?: net.Socket
  /** While it answers an authentication in bytes of its own, without a length before them. */
  readonly authHandlers: object | null
  readonly authExpectResponse: boolean
  /** What came over the socket. */
  processData(data: Buffer): void
  readonly clientId: string
  /** `null` without SASL. */
  readonly sasl: object | null
  /** By SASL, and not to be repeated yet. */
  isAuthenticated(): boolean
  nextCorrelationId(): number
  isConnected(): boolean
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  rejectRequests(error: Error): void
}

/** Two sockets to one broker: the second is for Fetch alone. */
export interface KafkaJsConnectionPool {
  readonly pool: readonly KafkaJsConnection[]
  send<T>(protocol: KafkaJsProtocol<T>): Promise<T>
}

export interface ApiVersionRange {
  readonly minVersion: number
  readonly maxVersion: number
}

export interface KafkaJsBroker {
  readonly connectionPool: KafkaJsConnectionPool
  /** by API key; null until connected */
  readonly versions: Readonly<Record<number, ApiVersionRange>> | null
  connect(): Promise<void>
}

interface KafkaJsProtocol<T> {
  readonly request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<WireWriter> }
  readonly response: {
    decode(body: Buffer): Promise<{ clientSideThrottleTime: number; value: T }>
    parse(decoded: { value: T }): Promise<T>
  }
  readonly logResponseError: boolean
}

interface ConnectionPoolOptions {
  host: string
  port: number
  rack: string | null
  ssl: KafkaConfig['ssl'] | null
  sasl: KafkaConfig['sasl'] | null
  clientId: string | undefined
  socketFactory: ISocketFactory
  connectionTimeout: number
  requestTimeout: number
  reauthenticationThreshold: number | undefined
  enforceRequestTimeout: boolean
  maxInFlightRequests: null
  logger: KafkaJsLogger
}

interface PrivateModules {
  Broker: new (options: {
    connectionPool: KafkaJsConnectionPool
    logger: KafkaJsLogger
    authenticationTimeout: number
    allowAutoTopicCreation: boolean
  }) => KafkaJsBroker
  ConnectionPool: new (options: ConnectionPoolOptions) => KafkaJsConnectionPool
  createLogger(options: { level: number; logCreator: logCreator }): KafkaJsLogger
  /** What kafkajs exports as `logLevel`, whose entry point loads its producer, consumer and admin client as well. */
  LEVELS: Readonly<Record<'ERROR' | 'WARN' | 'INFO', logLevel>>
}

const load = (): PrivateModules => {
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== KAFKAJS_VERSION) {
    throw new Error(
      `millrace needs kafkajs ${KAFKAJS_VERSION} exactly, but ${version} is installed: remove the override or the second copy`,
    )
  }
  return {
    Broker: require('kafkajs/src/broker'),
    ConnectionPool: require('kafkajs/src/network/connectionPool'),
    ...require('kafkajs/src/loggers'),
  } as PrivateModules
}

let loaded: PrivateModules | undefined

/** By the first client: an import of millrace, and tests with the test driver, need no connection. Throws if kafkajs has another version. */
export const loadKafkaJs = (): PrivateModules => (loaded ??= load())

/** kafkajs's `logLevel`. */
export const kafkaJsLogLevels = (): PrivateModules['LEVELS'] => loadKafkaJs().LEVELS

export const createKafkaJsLogger = (level: number, creator: logCreator): KafkaJsLogger =>
  loadKafkaJs().createLogger({ level, logCreator: creator })

export interface BrokerOptions {
  readonly host: string
  readonly port: number
  readonly kafka: KafkaConfig
  readonly connectionTimeoutMs: number
  readonly authenticationTimeoutMs: number
  readonly logger: KafkaJsLogger
  readonly memory: ResponseMemory
  /** Asked right before a Produce request is handed to its socket. */
  readonly mayProduce?: () => boolean
}

/** A broker not yet connected, with connections of its own. Request timeouts are the caller's: kafkajs would poll for them ten times a second. */
export const createBroker = ({ host, port, kafka, ...options }: BrokerOptions): KafkaJsBroker => {
  const { Broker, ConnectionPool } = loadKafkaJs()
  const connectionPool = new ConnectionPool({
    host,
    port,
    rack: null,
    ssl: kafka.ssl ?? null,
    // kafkajs stores the provider it has made in this object
    sasl: typeof kafka.sasl === 'object' ? { ...kafka.sasl } : null,
    clientId: kafka.clientId,
    socketFactory: endsOnClose(kafka.socketFactory ?? connectSocket),
    connectionTimeout: options.connectionTimeoutMs,
    requestTimeout: options.connectionTimeoutMs,
    reauthenticationThreshold: kafka.reauthenticationThreshold,
    enforceRequestTimeout: false,
    maxInFlightRequests: null,
    logger: options.logger,
  })
  for (const connection of connectionPool.pool) {
    readResponses(connection, options.memory)
    stopIdleTimer(connection.requestQueue)
    if (options.mayProduce) refuseProduce(connection.requestQueue, options.mayProduce)
  }
  return new Broker({
    connectionPool,
    logger: options.logger,
    authenticationTimeout: options.authenticationTimeoutMs,
    allowAutoTopicCreation: false,
  })
}

export const sendFrame = <T>(broker: KafkaJsBroker, frame: Frame<T>): Promise<T> => {
  const connection = connectionFor(broker, frame.apiKey)
  const isReady = connection.isConnected() && (connection.sasl === null || connection.isAuthenticated())
  if (frame.pieces !== undefined && isReady) return sendPieces(connection, frame, frame.pieces())
  return broker.connectionPool.send<T>({
    request: {
      apiKey: frame.apiKey,
      apiVersion: frame.apiVersion,
      apiName: frame.apiName,
      encode: async () => frame.encode(),
    },
    response: {
      decode: async (body) => ({ clientSideThrottleTime: 0, value: frame.decode(body) }),
      parse: async ({ value }) => value,
    },
    logResponseError: false,
  })
}

/** kafkajs would copy the body into two more buffers, which it fills with zeros before. */
const sendPieces = <T>(
  connection: KafkaJsConnection,
  { apiKey, apiVersion, apiName, decode }: Frame<T>,
  pieces: readonly Uint8Array[],
): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const correlationId = connection.nextCorrelationId()
    const header = new WireWriter()
      .int16(apiKey)
      .int16(apiVersion)
      .int32(correlationId)
      .string(connection.clientId).buffer
    const size = pieces.reduce((sum, { length }) => sum + length, header.length)
    const start = new WireWriter().int32(size).raw(header).buffer
    connection.requestQueue.push({
      entry: {
        ...{ apiKey, apiName, apiVersion, correlationId },
        resolve: ({ payload }) => {
          try {
            resolve(decode(payload))
          } catch (error) {
            reject(error as Error)
          }
        },
        reject,
      },
      expectResponse: true,
      requestTimeout: null,
      sendRequest: () => {
        const socket = connection.socket!
        socket.cork()
        socket.write(start)
        for (const piece of pieces) socket.write(piece)
        socket.uncork()
      },
    })
  })

/** The socket on which requests of this API travel; without an API, the one that all but Fetch share. */
export const connectionFor = (broker: KafkaJsBroker, apiKey?: number): KafkaJsConnection =>
  broker.connectionPool.pool[apiKey === FETCH ? 1 : 0]!

/**
 * Fails what is pending with `error` and closes the sockets at once; kafkajs's own disconnect waits for responses. With `reset`, what the operating
 * system has not sent yet is dropped; else it would still deliver it, once the network lets it.
 */
export const destroyBroker = (broker: KafkaJsBroker, error: Error, { reset = false } = {}): void => {
  for (const connection of broker.connectionPool.pool) {
    connection.rejectRequests(error)
    connection.disconnect().catch(() => {})
    if (!connection.socket) continue
    if (reset) resetSocket(connection.socket)
    else connection.socket.destroy()
  }
}

/** Whether the operating system has everything that was written to its sockets. */
export const isWrittenOut = ({ connectionPool }: KafkaJsBroker): boolean =>
  connectionPool.pool.every(
    ({ socket }) => !socket || (socket.writableLength === 0 && (tcpSockets.get(socket) ?? socket).writableLength === 0),
  )

/** The TCP sockets below those of TLS: Node can't reset the latter. */
const tcpSockets = new WeakMap<net.Socket, net.Socket>()

/** A socket that has already ended is only destroyed: Node can't reset it, and would keep its handle, and the process, alive forever. */
const resetSocket = (socket: net.Socket): void => {
  const tcp = tcpSockets.get(socket) ?? socket
  const mayReset = tcp instanceof net.Socket && !tcp.connecting && !tcp.writableEnded && !socket.writableEnded
  try {
    if (mayReset) tcp.resetAndDestroy()
  } catch {
    // TLS of the user's own socket factory
  }
  // at once: left alone, a reset waits for what is still to be written
  tcp.destroy()
  socket.destroy()
}

/**
 * kafkajs trusts the length before a response: an invalid one throws in its `data` listener, where nobody catches it, or waits forever. And it
 * keeps the pieces of a response until the last one has come.
 */
const readResponses = (connection: KafkaJsConnection, memory: ResponseMemory): void => {
  const process = connection.processData
  const reader = new ResponseReader(memory, (response) => {
    if (connection.authHandlers !== null) return process.call(connection, new WireWriter().bytes(response).buffer)
    const correlationId = response.readInt32BE(0)
    connection.requestQueue.fulfillRequest({ size: response.length, correlationId, payload: response.subarray(4) })
  })
  connection.processData = function (this: KafkaJsConnection, data) {
    const raw = this.authHandlers !== null && !this.authExpectResponse
    if (raw) return process.call(this, data)
    const invalid = reader.read(data)
    if (invalid === undefined) return
    this.socket?.destroy(
      Object.assign(
        new Error(
          `${invalid} can't be the length of a response; is this the port of a Kafka broker, with TLS or without as it is configured?`,
        ),
        { code: INVALID_RESPONSE },
      ),
    )
  }
}

const PRODUCE = 0
const FETCH = 1

const refuseProduce = (queue: KafkaJsRequestQueue, mayProduce: () => boolean): void => {
  const send = queue.sendSocketRequest
  queue.sendSocketRequest = function (this: KafkaJsRequestQueue, request) {
    if (request.entry.apiKey !== PRODUCE || mayProduce()) send.call(this, request)
    else
      request.rejected(new ClientError('retriable', 'not sent: the lease of the group member has ended', LEASE_ENDED))
  }
}

/** kafkajs keeps re-arming a 1 ms timer on every connection (tulios/kafkajs#1556): here it runs only while requests wait. */
const stopIdleTimer = (queue: KafkaJsRequestQueue): void => {
  const schedule = queue.scheduleCheckPendingRequests
  queue.scheduleCheckPendingRequests = function (this: KafkaJsRequestQueue) {
    if (this.pending.length > 0) schedule.call(this)
  }
}

const KEEP_ALIVE_DELAY_MS = 60_000

/** kafkajs's own factory leaves Nagle's algorithm on, which delays small pipelined requests. */
const connectSocket = ({ host, port, ssl, onConnect }: ISocketFactoryArgs): net.Socket => {
  const tcp = net.connect({ host, port }, ssl ? undefined : onConnect)
  tcp.setNoDelay(true)
  tcp.setKeepAlive(true, KEEP_ALIVE_DELAY_MS)
  if (!ssl) return tcp
  const secured = tls.connect(
    { host, port, ...(net.isIP(host) ? {} : { servername: host }), ...ssl, socket: tcp },
    onConnect,
  )
  tcp.on('error', (error) => secured.destroy(error))
  tcpSockets.set(secured, tcp)
  return secured
}

/** kafkajs notices `end` and `error` only; a socket that closes without either would leave its requests pending forever. */
const endsOnClose =
  (factory: ISocketFactory): ISocketFactory =>
  (args) => {
    const socket = factory(args)
    let noticed = false
    const notice = (): void => {
      noticed = true
    }
    socket.once('end', notice)
    socket.once('error', notice)
    socket.once('close', () => {
      if (!noticed) socket.emit('end')
    })
    return socket
  }
