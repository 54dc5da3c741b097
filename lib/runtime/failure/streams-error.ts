import { type ErrorCode, type ErrorLocation, StreamsError } from '../../errors'
import type { ClientError } from '../../kafka/port'
import { clientErrorOf } from './failure-kind'
import { notAuthorized } from './not-authorized'
import { asError } from './task-failure'

/** Wraps an error that no part of millrace has given a context. */
export const toStreamsError = (error: unknown): StreamsError => {
  if (error instanceof StreamsError) return error
  const client = clientErrorOf(error)
  const { message } = asError(error)
  if (client?.kind === 'authorization') return notAuthorized(client)
  if (!client) return new StreamsError('PROCESSING_FAILED', `processing failed: ${message}`, {}, { cause: error })
  const { code, what } = namesOf(client)
  const advice = adviceFor(client)
  const nextStep = advice === undefined ? '' : `. ${advice}`
  return new StreamsError(code, `${what}: ${message}${nextStep}`, client.partition ?? {}, { cause: error })
}

/** What to do, where Kafka's own words do not say it. */
export const adviceFor = ({ code }: ClientError): string | undefined =>
  code === undefined ? undefined : ADVICE.get(code)

/** By Kafka's name of the error: what to change, where Kafka's words name no setting of ours. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  [
    'FENCED_INSTANCE_ID',
    'Another process has joined with the same groupInstanceId: give each instance its own, and make sure that the old process has ended before its replacement starts',
  ],
  [
    'INCONSISTENT_GROUP_PROTOCOL',
    'The group has members that are no instances of this application, such as plain consumers: use another applicationId',
  ],
  ['INVALID_TOPIC_EXCEPTION', "Correct the topic's name: it can have up to 249 letters, digits, '.', '_' and '-'"],
  ['INVALID_SESSION_TIMEOUT', 'Set sessionTimeout to a value that the brokers allow'],
  ['INVALID_TRANSACTION_TIMEOUT', 'Lower transactionTimeout, or raise transaction.max.timeout.ms of the brokers'],
  ['GROUP_MAX_SIZE_REACHED', 'Run fewer instances, or raise group.max.size of the brokers'],
])

/** A record, or a request, that Kafka's limits or its format do not allow. */
export const refusedRecord = (error: ClientError, location: ErrorLocation): StreamsError => {
  const { code, what } = namesOf(error)
  return new StreamsError(code, `${what}: ${error.message}`, { ...error.partition, ...location }, { cause: error })
}

const namesOf = ({ code = '' }: ClientError): { code: ErrorCode; what: string } => {
  if (code === 'INVALID_BROKER') return { code: 'INVALID_CONFIG', what: "the application can't connect" }
  if (DAMAGE.has(code)) return { code: 'RECORDS_DAMAGED', what: "records can't be read" }
  if (TOO_LARGE.has(code)) return { code: 'PRODUCTION_FAILED', what: "a record can't be written" }
  return { code: 'KAFKA_FAILED', what: 'Kafka refused a request' }
}

const DAMAGE: ReadonlySet<string> = new Set([
  'CRC_MISMATCH',
  'CORRUPT_MESSAGE',
  'DECOMPRESSED_TOO_LARGE',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
])
const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
