import { StreamsError } from '../../errors'
import { ClientError, type Producer } from '../../kafka/port'
import { asError } from '../failure/task-failure'
import { pause, withDeadline } from '../pause'
import type { Outbox } from './outbox'

export interface TransactionSettings {
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  /** How long to wait for the producer to be opened. */
  readonly maxBlockMs: number
  /** How long a commit is retried. */
  readonly deliveryTimeoutMs: number
}

const COMMIT_PAUSE_MS = 100

/** Runs one transaction after the other on an outbox with a transactional producer. */
export class Transactions {
  private turn: Promise<unknown> = Promise.resolve()

  constructor(
    readonly outbox: Outbox,
    private readonly settings: TransactionSettings,
  ) {}

  /** `work` begins when the transactions before it have ended. */
  run<R>(work: () => Promise<R>): Promise<R> {
    const turn = this.turn.then(() => this.transact(work))
    this.turn = turn.catch(() => {})
    return turn
  }

  /** Resolves when the transactions so far have ended. */
  get ended(): Promise<unknown> {
    return this.turn
  }

  private async transact<R>(work: () => Promise<R>): Promise<R> {
    const producer = await this.begin()
    const begunAt = performance.now()
    let result: R
    try {
      result = await work()
      await this.outbox.flush()
      const failure = this.outbox.takeFailure()
      if (failure !== undefined) throw failure
    } catch (error) {
      await this.abort(producer)
      throw error
    }
    await this.commit(producer, begunAt)
    return result
  }

  private async begin(): Promise<Producer> {
    const { maxBlockMs } = this.settings
    const producer = await withDeadline(this.outbox.open(), maxBlockMs)
    if (producer === 'timeout') {
      throw new StreamsError(
        'TIMEOUT',
        `a transaction could not begin for ${maxBlockMs} ms (maxBlock): no transaction coordinator has answered. Check that the ` +
          'brokers are up and reachable',
      )
    }
    try {
      producer.begin()
    } catch (error) {
      // it has failed since the transaction before: the next one initializes it
      this.outbox.lost(producer)
      throw this.uncommitted(error, 0)
    }
    return producer
  }

  private async abort(producer: Producer): Promise<void> {
    this.outbox.failWaiting(new StreamsError('PRODUCTION_FAILED', 'the transaction of this record was aborted'))
    try {
      await producer.abort()
    } catch {
      // to be initialized, which ends what is open, or to time out
      this.outbox.lost(producer)
    }
    await this.outbox.flush()
    this.outbox.takeFailure()
  }

  private async commit(producer: Producer, begunAt: number): Promise<void> {
    const end = performance.now() + this.settings.deliveryTimeoutMs
    for (;;) {
      try {
        return await producer.commit()
      } catch (error) {
        const mayRepeat = error instanceof ClientError && error.kind === 'retriable' && performance.now() < end
        if (!mayRepeat) {
          await this.abort(producer)
          throw this.uncommitted(error, performance.now() - begunAt)
        }
        await pause(COMMIT_PAUSE_MS)
      }
    }
  }

  private uncommitted(error: unknown, elapsedMs: number): StreamsError {
    const { transactionalId, transactionTimeoutMs } = this.settings
    const { message } = asError(error)
    if (error instanceof ClientError && error.kind === 'fenced' && elapsedMs >= transactionTimeoutMs) {
      return new StreamsError(
        'TRANSACTION_TIMEOUT',
        `the transaction of the producer "${transactionalId}" was open for longer than its transactionTimeout of ` +
          `${transactionTimeoutMs} ms, and the broker has aborted it: do less in one transaction, or raise transactionTimeout`,
        {},
        { cause: error },
      )
    }
    const isOpen = error instanceof ClientError && error.kind === 'retriable'
    return new StreamsError(
      'PRODUCTION_FAILED',
      `the transaction of the producer "${transactionalId}" was not committed: ${message}` +
        (isOpen ? '. Its outcome is not known: it may have been committed' : ''),
      {},
      { cause: error },
    )
  }
}
