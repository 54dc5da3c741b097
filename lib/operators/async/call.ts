import { StreamsError } from '../../errors'
import { isPromise } from '../../promise'
import type { AsyncHost, CallFailure } from './async-host'
import type { AsyncSettings, RetrySettings } from './async-settings'

/** How a call has ended. */
export type Outcome<R> = { readonly result: R } | CallFailure

/** Calls a function until an attempt succeeds, or no further one may be made. */
export class Call<R> {
  #attempt = 0
  /** Of the attempt that runs. */
  #controller: AbortController | undefined
  #cancelTimer: (() => void) | undefined

  constructor(
    private readonly options: {
      readonly settings: Pick<AsyncSettings, 'timeoutMs' | 'retry'>
      readonly host: Pick<AsyncHost, 'timers' | 'operator' | 'taskId'>
      /** For the error of an attempt that takes too long. */
      readonly where: { readonly topic: string | null; readonly partition: number; readonly offset: number }
      /** Of a call for several, for the same error. */
      readonly records?: number
      readonly attempt: (signal: AbortSignal, attempt: number) => R | PromiseLike<R>
      /** Throws if a result is none, and the attempt has failed. */
      readonly accept?: (result: R) => void
      /** Called once, unless the call is aborted. */
      readonly ended: (outcome: Outcome<R>) => void
    },
  ) {}

  start(): void {
    const { attempt, settings, host } = this.options
    const controller = new AbortController()
    this.#controller = controller
    this.#attempt++
    let result: R | PromiseLike<R>
    try {
      result = attempt(controller.signal, this.#attempt)
    } catch (error) {
      this.#failed(error)
      return
    }
    if (!isPromise(result)) {
      this.#succeeded(result as R)
      return
    }
    this.#cancelTimer = host.timers.timeOut(settings.timeoutMs, () => {
      const error = this.#timedOut()
      this.#failed(error)
      controller.abort(error)
    })
    // what comes of an attempt that is over is ignored
    const isCurrent = (): boolean => this.#controller === controller
    Promise.resolve(result as PromiseLike<R>).then(
      (value) => {
        if (isCurrent()) this.#succeeded(value)
      },
      (error: unknown) => {
        if (isCurrent()) this.#failed(error)
      },
    )
  }

  abort(reason: Error): void {
    const controller = this.#controller
    this.#stop()
    controller?.abort(reason)
  }

  #succeeded(result: R): void {
    const { accept, ended } = this.options
    try {
      accept?.(result)
    } catch (error) {
      this.#failed(error)
      return
    }
    this.#stop()
    ended({ result })
  }

  #failed(error: unknown): void {
    this.#stop()
    const { settings, host, ended } = this.options
    const { retry } = settings
    let final = error
    try {
      if (this.#attempt < retry.attempts && isRetriable(error) && retry.on(error, this.#attempt)) {
        this.#cancelTimer = host.timers.backOff(backoffOf(retry, this.#attempt), () => this.start())
        return
      }
    } catch (inCallback) {
      final = inCallback
    }
    ended({ error: final, attempts: this.#attempt })
  }

  #stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#controller = undefined
  }

  #timedOut(): StreamsError {
    const { host, settings, where, records } = this.options
    const { topic, partition, offset } = where
    const first = topic === null ? 'a punctuation' : `offset ${offset} of ${topic}-${partition}`
    const record = records === undefined ? first : `a batch of ${records}, the first from ${first},`
    return new StreamsError(
      'CALL_TIMED_OUT',
      `the call of async operator "${host.operator}" of task ${host.taskId} for ${record} took longer than ` +
        `${settings.timeoutMs} ms (attempt ${this.#attempt} of ${settings.retry.attempts}). Raise its timeout or retry.attempts, or ` +
        'set onError to skip such records or to send them to a dead letter topic',
      { operator: host.operator, taskId: host.taskId, ...(topic === null ? {} : { topic, partition, offset }) },
    )
  }
}

/** millrace's own errors say what is wrong with the record or the topology: repeating the call changes nothing. */
export const isRetriable = (error: unknown): boolean =>
  !(error instanceof StreamsError) || error.code === 'CALL_TIMED_OUT'

/** Doubles with each attempt; between half of it and all of it, so that calls that failed together are not repeated together. */
const backoffOf = ({ backoffMs, maxBackoffMs }: RetrySettings, attempt: number): number =>
  Math.min(maxBackoffMs, backoffMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
