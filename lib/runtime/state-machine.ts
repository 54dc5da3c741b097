import { StreamsError } from '../errors'

/**
 * The life cycle of a `KafkaStreams` instance, as in Kafka Streams:
 *
 * - `CREATED` until `start()`
 * - `REBALANCING` while tasks are being assigned, opened or restored
 * - `RUNNING` when every assigned task processes
 * - `PENDING_SHUTDOWN` from `close()` on, then `NOT_RUNNING`
 * - `PENDING_ERROR` from a failure on, then `ERROR`
 */
export type StreamsState =
  'CREATED' | 'REBALANCING' | 'RUNNING' | 'PENDING_SHUTDOWN' | 'NOT_RUNNING' | 'PENDING_ERROR' | 'ERROR'

const NEXT: Readonly<Record<StreamsState, readonly StreamsState[]>> = {
  CREATED: ['REBALANCING', 'PENDING_SHUTDOWN'],
  REBALANCING: ['RUNNING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  RUNNING: ['REBALANCING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  PENDING_SHUTDOWN: ['NOT_RUNNING'],
  NOT_RUNNING: [],
  PENDING_ERROR: ['ERROR'],
  ERROR: [],
}

export class StateMachine {
  #state: StreamsState = 'CREATED'

  constructor(private readonly onChange: (from: StreamsState, to: StreamsState) => void) {}

  get state(): StreamsState {
    return this.#state
  }

  is(...states: readonly StreamsState[]): boolean {
    return states.includes(this.#state)
  }

  /** True between `start()` and the first step of a shutdown. */
  get isRunningOrRebalancing(): boolean {
    return this.#state === 'RUNNING' || this.#state === 'REBALANCING'
  }

  /** A transition to the current state does nothing; one that does not exist throws. */
  transitionTo(to: StreamsState): void {
    const from = this.#state
    if (from === to) return
    if (!NEXT[from].includes(to)) {
      throw new StreamsError('ILLEGAL_STATE', `cannot go from ${from} to ${to}`)
    }
    this.#state = to
    this.onChange(from, to)
  }
}
