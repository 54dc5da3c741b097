import { type ErrorCode, StreamsError } from '../errors'
import { ClientError } from '../kafka/port'
import { UsageError } from './usage-error'

/** What a failed command reports, without stacks. */
export interface ErrorReport {
  readonly code: ErrorCode | 'USAGE' | 'UNEXPECTED_ERROR'
  readonly message: string
}

export const errorReport = (error: unknown): ErrorReport => {
  if (error instanceof UsageError) return { code: 'USAGE', message: error.message }
  if (error instanceof StreamsError) return { code: error.code, message: error.message }
  if (error instanceof ClientError) return ofClient(error)
  return { code: 'UNEXPECTED_ERROR', message: error instanceof Error ? error.message : String(error) }
}

const ofClient = ({ kind, message, code }: ClientError): ErrorReport => {
  if (kind === 'authorization') {
    return {
      code: 'NOT_AUTHORIZED',
      message: `${message}. ${code?.endsWith('AUTHORIZATION_FAILED') === true ? 'An ACL is missing for this principal' : 'Check sasl and ssl in the file of --config'}`,
    }
  }
  return { code: kind === 'retriable' ? 'KAFKA_UNAVAILABLE' : 'KAFKA_FAILED', message: advised(message) }
}

/** The client speaks of options that the command line calls otherwise. */
const advised = (message: string): string => message.replace('check `kafka.brokers`', 'check --bootstrap-servers')
