import type { KafkaConfig } from 'kafkajs'
import { ClientError } from '../../port'
import { DISCONNECTED, TIMED_OUT, toClientError, UNSUPPORTED } from '../protocol/errors'
import type { Frame } from '../protocol/frame'
import type { ResponseMemory } from '../protocol/response-memory'
import {
  connectionFor,
  createBroker,
  destroyBroker,
  isWrittenOut,
  sendFrame,
  type KafkaJsBroker,
  type KafkaJsLogger,
} from '../internals'
import { startTimer } from '../../../timer'

export interface LinkOptions {
  readonly kafka: KafkaConfig
  readonly logger: KafkaJsLogger
  readonly memory: ResponseMemory
  /** Of the connection of a producer: asked right before each Produce request. Its sockets are never closed but reset. */
  readonly mayProduce?: () => boolean
  /** Told once for each connect that has come to its end. */
  readonly dropped?: (cause: ClientError) => void
}

const DEFAULT_CONNECTION_TIMEOUT_MS = 5_000
const DEFAULT_AUTHENTICATION_TIMEOUT_MS = 10_000

/** The sockets of one connect, and how to fail what is pending on them: kafkajs leaves some of its promises open. */
interface Session {
  readonly broker: KafkaJsBroker
  readonly pending: Set<(cause: ClientError) => void>
  droppedBy: ClientError | undefined
}

/**
 * The link to one broker address. Connects on the first request; after any socket failure or request
 * timeout, the whole session is dropped and the next request reconnects.
 */
export class BrokerLink {
  private session: Session | undefined
  private connecting: Promise<Session> | undefined
  private closedWith: ClientError | undefined

  constructor(
    readonly host: string,
    readonly port: number,
    private readonly options: LinkOptions,
  ) {}

  get address(): string {
    return `${this.host}:${this.port}`
  }

  get connected(): boolean {
    return this.session !== undefined && !this.connecting && connectionFor(this.session.broker).isConnected()
  }

  /** One attempt, no retry. Rejects with a `ClientError`. */
  async send<T>(frame: Frame<T>, timeoutMs: number): Promise<T> {
    const doing = `${frame.apiName} to broker ${this.address}`
    const session = await this.connect(frame.apiKey, doing)
    checkVersion(session.broker, frame, doing)
    try {
      return await this.withDeadline(session, timeoutMs, doing, () => sendFrame(session.broker, frame))
    } catch (error) {
      const failure = toClientError(error, doing)
      // what isn't thrown by the frame's own decoding comes from the socket
      if (failure !== error) this.drop(session, failure)
      throw failure
    }
  }

  /** Fails what is pending with `cause`, and every later request. */
  close(cause: ClientError): void {
    this.closedWith = cause
    if (this.session) this.drop(this.session, cause)
  }

  /**
   * Fails what is pending with `cause`; the next request connects again. Answers that have arrived are read first, in this turn of the event loop,
   * unless a part of a request could be written in it.
   */
  disconnect(cause: ClientError): void {
    const { session } = this
    if (!session) return
    if (this.connecting || !isWrittenOut(session.broker)) return this.drop(session, cause)
    setImmediate(() => this.drop(session, cause))
  }

  private async connect(apiKey: number, doing: string): Promise<Session> {
    if (this.closedWith) throw this.closedWith
    if (this.connecting) return this.connecting
    if (this.session) {
      const connection = connectionFor(this.session.broker, apiKey)
      if (!connection.socket || connection.isConnected()) return this.session
      this.drop(this.session, new ClientError('retriable', `${doing}: the connection was closed`, DISCONNECTED))
    }
    this.connecting = this.open().finally(() => {
      this.connecting = undefined
    })
    return this.connecting
  }

  private async open(): Promise<Session> {
    const { kafka, logger, memory, mayProduce } = this.options
    const connectionTimeoutMs = kafka.connectionTimeout ?? DEFAULT_CONNECTION_TIMEOUT_MS
    const authenticationTimeoutMs = kafka.authenticationTimeout ?? DEFAULT_AUTHENTICATION_TIMEOUT_MS
    const doing = `connecting to broker ${this.address}`
    const { host, port } = this
    const broker = createBroker({
      ...{ host, port, kafka, connectionTimeoutMs, authenticationTimeoutMs, logger, memory },
      ...(mayProduce && { mayProduce }),
    })
    const session: Session = { broker, pending: new Set(), droppedBy: undefined }
    this.session = session
    try {
      await this.withDeadline(session, connectionTimeoutMs + authenticationTimeoutMs, doing, () => broker.connect())
    } catch (error) {
      const failure = toClientError(error, doing)
      this.drop(session, failure)
      throw failure
    }
    return session
  }

  /** A session with an overdue response is dropped: nothing behind that response would come through either. */
  private async withDeadline<T>(
    session: Session,
    timeoutMs: number,
    doing: string,
    work: () => Promise<T>,
  ): Promise<T> {
    // on a broker that was destroyed, kafkajs would open a socket that nobody closes
    if (session.droppedBy) throw session.droppedBy
    let fail!: (cause: ClientError) => void
    const dropped = new Promise<never>((_, reject) => {
      fail = reject
    })
    session.pending.add(fail)
    const giveUp = (): void => {
      if (!session.pending.has(fail)) return
      this.drop(session, new ClientError('retriable', `${doing}: no answer within ${timeoutMs} ms`, TIMED_OUT))
    }
    // after a callback that kept the event loop busy, timers run before answers that have arrived are read
    const timer = startTimer(() => setImmediate(giveUp), timeoutMs)
    try {
      return await Promise.race([work(), dropped])
    } finally {
      clearTimeout(timer)
      session.pending.delete(fail)
    }
  }

  private drop(session: Session, cause: ClientError): void {
    if (this.session === session) this.session = undefined
    // every request that was pending on it comes here
    if (session.droppedBy) return
    session.droppedBy = cause
    this.options.dropped?.(cause)
    for (const fail of session.pending) fail(cause)
    const how = { reset: this.options.mayProduce !== undefined }
    destroyBroker(session.broker, cause, how)
    // a connect that had begun in this turn opens its socket only now
    setImmediate(() => destroyBroker(session.broker, cause, how))
  }
}

const checkVersion = (broker: KafkaJsBroker, { apiKey, apiVersion, apiName }: Frame<unknown>, doing: string): void => {
  const range = broker.versions?.[apiKey]
  if (range && range.minVersion <= apiVersion && apiVersion <= range.maxVersion) return
  const offered = range ? `versions ${range.minVersion} to ${range.maxVersion}` : 'no version'
  throw new ClientError(
    'fatal',
    `${doing}: millrace speaks version ${apiVersion} of ${apiName}, this broker offers ${offered} of it; ` +
      'see the README for the Kafka versions that are supported',
    UNSUPPORTED,
  )
}
