import { type AclOperation, ClientError } from '../../port'
import { sleep } from './backoff'
import type { KafkaConnection } from './connection'
import { MissingCoordinator } from './missing-coordinator'
import { errorFromCode, isClosed, toClientError } from '../protocol/errors'
import type { Frame } from '../protocol/frame'
import type { CoordinatorKind } from './metadata'
import type { TopicPartition } from '../../../record/topic-partition'

/** The markers of the transaction before are being written, which takes a few milliseconds. */
const CONCURRENT_TRANSACTIONS_PAUSE_MS = 5
const CONCURRENT_TRANSACTIONS_MAX_PAUSE_MS = 20

/** Errors of a coordinator that is, or soon will be, the right one. */
const STAYS: ReadonlySet<string> = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'CONCURRENT_TRANSACTIONS',
  'UNSTABLE_OFFSET_COMMIT',
  'UNKNOWN_TOPIC_OR_PARTITION',
])

export interface CallOptions<R> {
  /** how the error message begins */
  readonly doing: string
  /** What the principal must be allowed to do with the topics concerned. */
  readonly operation?: AclOperation
  /** How long to keep trying; default: the coordinator's own. */
  readonly deadlineMs?: number
  /** How long the broker may take to answer; default: the connection's. */
  readonly timeoutMs?: number
  /** True to try again on an error that isn't `retriable` by itself. */
  readonly alsoRetry?: (failure: ClientError) => boolean
  /** Told of a failure after which the request is repeated. */
  readonly repeats?: (failure: ClientError) => void
  /** True for answers with an error code that the caller deals with. */
  readonly accept?: (answer: R) => boolean
}

/** The broker that coordinates one group or transactional id: finds it, follows it when it moves, waits while it loads. */
export class Coordinator {
  private readonly absence: MissingCoordinator

  constructor(
    private readonly connection: KafkaConnection,
    private readonly kind: CoordinatorKind,
    private readonly key: string,
    private readonly deadlineMs: number,
  ) {
    this.absence = new MissingCoordinator(kind, key, connection.logger)
  }

  /** Repeats the request until an answer decides, or rejects with a `retriable` error once the deadline has passed. */
  async call<R extends { errorCode: number; failed?: TopicPartition | undefined }>(
    frame: () => Frame<R>,
    options: CallOptions<R>,
  ): Promise<R> {
    const deadline = performance.now() + (options.deadlineMs ?? this.deadlineMs)
    let pause = CONCURRENT_TRANSACTIONS_PAUSE_MS
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.attempt(frame(), options)
      if (!(outcome instanceof ClientError)) return outcome
      const mayRetry = outcome.kind === 'retriable' || options.alsoRetry?.(outcome) === true
      if (!mayRetry || isClosed(outcome) || performance.now() >= deadline) throw outcome
      options.repeats?.(outcome)
      if (outcome.code === 'CONCURRENT_TRANSACTIONS') {
        await sleep(pause, this.connection.signal)
        pause = Math.min(pause * 2, CONCURRENT_TRANSACTIONS_MAX_PAUSE_MS)
      } else {
        await this.connection.pause(attempt)
      }
    }
  }

  /** One request, its failure as a value. Afterwards the coordinator is looked up again if it may have moved. */
  async attempt<R extends { errorCode: number; failed?: TopicPartition | undefined }>(
    frame: Frame<R>,
    options: CallOptions<R>,
  ): Promise<R | ClientError> {
    const outcome = await this.attemptOnce(frame, options)
    if (!(outcome instanceof ClientError)) this.absence.there()
    else if (outcome.code === 'COORDINATOR_NOT_AVAILABLE') this.absence.missing()
    return outcome
  }

  private async attemptOnce<R extends { errorCode: number; failed?: TopicPartition | undefined }>(
    frame: Frame<R>,
    options: CallOptions<R>,
  ): Promise<R | ClientError> {
    const { doing } = options
    try {
      const answer = await this.connection.sendToCoordinator(this.kind, this.key, frame, options.timeoutMs)
      if (answer.errorCode === 0 || options.accept?.(answer)) return answer
      const failure = errorFromCode(answer.errorCode, doing, answer.failed, options.operation)
      if (failure.kind === 'retriable' && !STAYS.has(failure.code ?? '')) {
        this.connection.forgetCoordinator(this.kind, this.key)
      }
      return failure
    } catch (error) {
      return withContext(toClientError(error, doing), doing)
    }
  }
}

const withContext = (failure: ClientError, doing: string): ClientError => {
  if (failure.message.startsWith(doing)) return failure
  const { kind, message, code, partition } = failure
  return new ClientError(kind, `${doing}: ${message}`, code, partition, { cause: failure })
}
