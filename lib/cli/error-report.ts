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

const ofClient = (error: ClientError): ErrorReport => {
  const { kind, code } = error
  if (kind === 'authorization') {
    const isAcl = code?.endsWith('AUTHORIZATION_FAILED') === true
    const nextStep = isAcl ? 'An ACL is missing for this principal' : 'Check sasl and ssl in the file of --config'
    return { code: 'NOT_AUTHORIZED', message: `${withoutNextStep(error)}. ${nextStep}` }
  }
  if (kind !== 'retriable') return { code: 'KAFKA_FAILED', message: error.message }
  return { code: 'KAFKA_UNAVAILABLE', message: withoutNextStep(error) + nextStepOf(error) }
}

/** The client's, in the words of the command line. */
const nextStepOf = ({ nextStep }: ClientError): string =>
  nextStep === undefined
    ? ''
    : `; ${nextStep
        .replace('`kafka.brokers`', '--bootstrap-servers')
        .replace('`kafka.ssl` and `kafka.sasl`', 'ssl and sasl in the file of --config')}`

const withoutNextStep = ({ message, nextStep }: ClientError): string =>
  nextStep === undefined ? message : message.slice(0, -`; ${nextStep}`.length)
