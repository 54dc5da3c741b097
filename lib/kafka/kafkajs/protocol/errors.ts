import { type AclOperation, ClientError, type ClientErrorKind } from '../../port'
import { brokerError } from './error-codes'
import type { TopicPartition } from '../../../record/topic-partition'

/** `doing` begins the message: what was being done, in words. `operation`: what the principal must be allowed for that. */
export const errorFromCode = (
  code: number,
  doing: string,
  partition?: TopicPartition,
  operation?: AclOperation,
): ClientError => {
  const { kind, name, message } = brokerError(code)
  return new ClientError(kind, `${doing}: ${message} (${name})`, name, partition, {
    operation: kind === 'authorization' ? operation : undefined,
  })
}

export const throwOnCode = (code: number, doing: string, partition?: TopicPartition): void => {
  if (code !== 0) throw errorFromCode(code, doing, partition)
}

export const CLOSED = 'CLIENT_CLOSED'
export const TIMED_OUT = 'REQUEST_TIMED_OUT'
export const DISCONNECTED = 'NETWORK_EXCEPTION'
export const UNSUPPORTED = 'UNSUPPORTED_VERSION'
export const INVALID_RESPONSE = 'INVALID_RESPONSE'
export const LEASE_ENDED = 'LEASE_ENDED'

export const closedError = (doing: string): ClientError =>
  new ClientError('fatal', `${doing}: this Kafka client has been closed`, CLOSED)

export const isClosed = (error: unknown): boolean => error instanceof ClientError && error.code === CLOSED

export const isRetriable = (error: unknown): error is ClientError =>
  error instanceof ClientError && error.kind === 'retriable'

/** What kafkajs, Node's sockets and TLS throw, as an error of the port. Errors of the port pass as they are. */
export const toClientError = (error: unknown, doing: string, partition?: TopicPartition): ClientError => {
  if (error instanceof ClientError) return error
  const { name, message, code, cause } = shapeOf(error)
  const make = (kind: ClientErrorKind, errorCode: string, nextStep?: string): ClientError =>
    new ClientError(kind, `${doing}: ${message}`, errorCode, partition, { cause: error, nextStep })
  if (typeof code === 'number') {
    const known = brokerError(code === UNKNOWN_TO_KAFKAJS ? codeInText(message) : code)
    return make(known.kind, known.name)
  }
  if (name === 'KafkaJSSASLAuthenticationError')
    return make('authorization', 'SASL_AUTHENTICATION_FAILED', 'check `kafka.sasl`')
  if (typeof code === 'string' && CERTIFICATE.test(code)) return make('authorization', code, 'check `kafka.ssl`')
  if (CONNECTION_ERRORS.has(name)) return make('retriable', typeof code === 'string' ? code : DISCONNECTED)
  if (typeof code === 'string' && NETWORK.test(code)) return make('retriable', code)
  if (cause instanceof Error && cause !== error) return toClientError(cause, doing, partition)
  return make('fatal', typeof code === 'string' ? code : 'UNEXPECTED_ERROR')
}

/** kafkajs's code for an error that its table lacks; the number is in the message. */
const UNKNOWN_TO_KAFKAJS = -99
const codeInText = (message: string): number => Number(/Unknown error code (\d+)/.exec(message)?.[1] ?? -1)

const CONNECTION_ERRORS: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSLockTimeout',
])
const NETWORK = /^(ECONN|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT|EHOST|ENET|EADDRNOTAVAIL|ERR_STREAM|ERR_SOCKET)/
const CERTIFICATE = /CERT|^ERR_TLS|^ERR_SSL|^UNABLE_TO_|SELF_SIGNED|^EPROTO$|^HOSTNAME_MISMATCH$/

interface ErrorShape {
  name: string
  message: string
  code: unknown
  cause: unknown
}

const shapeOf = (error: unknown): ErrorShape => {
  const { name = '', message = String(error), code, cause } = (error ?? {}) as Partial<ErrorShape>
  // kafkajs says it of every error of a socket, whose own message says more
  return { name, message: message.replace(/^Connection error: /, ''), code, cause }
}
