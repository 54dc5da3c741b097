import { type ErrorLocation, StreamsError } from '../../errors'
import type { AclOperation, ClientError } from '../../kafka/port'

/** The attempted operation on a topic, if the client's error does not name it. */
export interface Access {
  readonly topic: string
  readonly operation: AclOperation
}

/** An `authorization` failure of the client, with the ACL to add, or with what to check if it is not about an ACL. */
export const notAuthorized = (
  error: ClientError,
  location: ErrorLocation = {},
  access: Partial<Access> = {},
): StreamsError => {
  const topic = access.topic ?? error.partition?.topic
  const operation = access.operation ?? error.operation
  const nextStep =
    NEXT_STEPS[error.code ?? '']?.(topic, operation) ?? 'Check the credentials in kafka.sasl and kafka.ssl'
  return new StreamsError(
    'NOT_AUTHORIZED',
    `not authorized: ${error.message}. ${nextStep}`,
    { ...error.partition, ...(topic === undefined ? {} : { topic }), ...location },
    { cause: error },
  )
}

const NEXT_STEPS: Readonly<
  Record<string, ((topic: string | undefined, operation: AclOperation | undefined) => string) | undefined>
> = {
  TOPIC_AUTHORIZATION_FAILED: (topic, operation) =>
    `Allow the principal of this application the operation ${operation ?? 'that this takes (Read, Write or Describe)'} on ` +
    (topic === undefined ? 'its topics' : `topic "${topic}"`),
  GROUP_AUTHORIZATION_FAILED: () =>
    'Allow the principal of this application the operation Read on the consumer group that its applicationId names',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: () =>
    'Allow the principal of this application the operations Write and Describe on the transactional ids that begin with its applicationId',
  ILLEGAL_SASL_STATE: () =>
    'The listener at this port takes no SASL: connect to one that does, or drop kafka.sasl if the brokers have none',
  UNSUPPORTED_SASL_MECHANISM: () =>
    'Set kafka.sasl.mechanism to one that the listener at this port has enabled (sasl.enabled.mechanisms of the broker)',
  CLUSTER_AUTHORIZATION_FAILED: () =>
    'Allow the principal of this application the operation that this takes on the cluster: Create for internal topics, IdempotentWrite ' +
    'for writing to brokers before 3.0',
}
