import type { TopicPartition } from '../../record/topic-partition'

/** What the runtime can do about a failure; `code` has the broker's own word for it. */
export type ClientErrorKind =
  /** network, leader moved, coordinator loading: the client has already retried, the caller may again */
  | 'retriable'
  /** REBALANCE_IN_PROGRESS: the commit can still succeed after the rejoin */
  | 'rebalance'
  /** a newer producer epoch or group generation exists: close the tasks dirty and rejoin */
  | 'fenced'
  /** this transaction must be aborted, the producer lives on */
  | 'abortable'
  | 'offsetOutOfRange'
  | 'unknownTopic'
  /** the offset belongs to a transaction still open (KIP-447): ask again soon */
  | 'unstableOffset'
  /** authentication or authorization */
  | 'authorization'
  /** the record or request itself is at fault: too large, corrupt, invalid */
  | 'invalid'
  | 'fatal'

/** What an ACL of the broker allows or denies. */
export type AclOperation = 'Read' | 'Write' | 'Describe' | 'Create' | 'Delete'

/** What a client throws and rejects with, and reports of partitions, topics and memberships: `kind` decides what the runtime does, `code` what it tells. */
export class ClientError extends Error {
  /** Always `ClientError`. */
  override readonly name = 'ClientError'
  /** Of an `authorization` failure, where it is known: what has to be allowed on the topic of `partition`. */
  readonly operation?: AclOperation
  /** What to check, where that is known; the message ends with it. */
  readonly nextStep?: string
  constructor(
    /** what the runtime can do about it */
    readonly kind: ClientErrorKind,
    message: string,
    /** the broker's error name, such as `NOT_LEADER_OR_FOLLOWER` */
    readonly code?: string,
    /** with the offset where it is known */
    readonly partition?: TopicPartition & { readonly offset?: number },
    {
      operation,
      nextStep,
      ...options
    }: { cause?: unknown; operation?: AclOperation | undefined; nextStep?: string | undefined } = {},
  ) {
    super(nextStep === undefined ? message : `${message}; ${nextStep}`, options)
    if (operation !== undefined) this.operation = operation
    if (nextStep !== undefined) this.nextStep = nextStep
  }
}
