import { StreamsError } from '../../../../lib/errors'
import type { RetrySettings } from '../../../../lib/operators/async/async-settings'
import type { CallTimers } from '../../../../lib/operators/async/async-host'
import { Call, type Outcome } from '../../../../lib/operators/async/call'

/** Timers that are fired by hand. */
class HandTimers {
  readonly timers: { kind: keyof CallTimers; ms: number; callback: () => void; cancelled: boolean }[] = []
  readonly timeOut = this.#timer('timeOut')
  readonly backOff = this.#timer('backOff')
  readonly linger = this.#timer('linger')

  #timer(kind: keyof CallTimers) {
    return (ms: number, callback: () => void) => {
      const timer = { kind, ms, callback, cancelled: false }
      this.timers.push(timer)
      return () => void (timer.cancelled = true)
    }
  }

  fire(kind: keyof CallTimers): number {
    const timer = this.timers.filter((one) => one.kind === kind && !one.cancelled).at(-1)!
    timer.cancelled = true
    timer.callback()
    return timer.ms
  }
}

describe('a call', () => {
  let timers: HandTimers
  let outcomes: Outcome<string>[]
  let signals: AbortSignal[]
  beforeEach(() => {
    timers = new HandTimers()
    outcomes = []
    signals = []
  })

  const callOf = (
    attempt: (number: number) => string | PromiseLike<string>,
    retry: Partial<RetrySettings> = {},
  ): Call<string> =>
    new Call({
      settings: { timeoutMs: 50, retry: { attempts: 1, backoffMs: 100, maxBackoffMs: 1000, on: () => true, ...retry } },
      host: { timers, operator: 'look-up', taskId: '0_0' },
      where: { topic: 'in', partition: 2, offset: 7 },
      attempt: (signal, number) => {
        signals.push(signal)
        return attempt(number)
      },
      ended: (outcome) => outcomes.push(outcome),
    })
  const settled = (): Promise<void> => new Promise(setImmediate)

  it('ends with its result, and cancels its timer', async () => {
    callOf(async () => 'x').start()
    await settled()
    expect(outcomes).toEqual([{ result: 'x' }])
    expect(timers.timers.every(({ cancelled }) => cancelled)).toBe(true)
  })

  it('awaits anything that has a then', async () => {
    callOf(() => ({ then: (resolve: (value: string) => void) => resolve('x') }) as PromiseLike<string>).start()
    await settled()
    expect(outcomes).toEqual([{ result: 'x' }])
  })

  it('doubles its backoff up to the longest, half of it at random', async () => {
    callOf(
      () => {
        throw new Error('busy')
      },
      { attempts: 7 },
    ).start()
    const waits = [1, 2, 3, 4, 5, 6].map(() => timers.fire('backOff'))
    for (const [i, most] of [100, 200, 400, 800, 1000, 1000].entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(most / 2)
      expect(waits[i]).toBeLessThanOrEqual(most)
    }
    expect(outcomes).toEqual([{ error: new Error('busy'), attempts: 7 }])
  })

  it('an attempt that takes too long is aborted, and its late result ignored', async () => {
    let answer!: (value: string) => void
    callOf((number) => (number === 1 ? new Promise<string>((resolve) => (answer = resolve)) : 'second'), {
      attempts: 2,
    }).start()
    timers.fire('timeOut')
    expect(signals[0]!.aborted).toBe(true)
    expect(signals[0]!.reason).toMatchObject({
      code: 'CALL_TIMED_OUT',
      message: expect.stringMatching(
        /"look-up" of task 0_0 for offset 7 of in-2 took longer than 50 ms \(attempt 1 of 2\)/,
      ),
      location: { operator: 'look-up', taskId: '0_0', topic: 'in', partition: 2, offset: 7 },
    })
    timers.fire('backOff')
    answer('late')
    await settled()
    expect(outcomes).toEqual([{ result: 'second' }])
    expect(signals[1]!.aborted).toBe(false)
  })

  it("is not repeated after millrace's own errors", () => {
    const error = new StreamsError('UNEXPECTED_TOMBSTONE', 'a tombstone')
    callOf(
      () => {
        throw error
      },
      { attempts: 5 },
    ).start()
    expect(outcomes).toEqual([{ error, attempts: 1 }])
  })

  it('ends with the error of a retry.on that throws', () => {
    const error = new Error('on')
    callOf(
      () => {
        throw new Error('call')
      },
      {
        attempts: 5,
        on: () => {
          throw error
        },
      },
    ).start()
    expect(outcomes).toEqual([{ error, attempts: 1 }])
  })

  it('ends with nothing once aborted: neither a rejection nor a backoff has an effect', async () => {
    const waiting = callOf(
      () => new Promise<string>((_, reject) => signals[0]!.addEventListener('abort', () => reject())),
    )
    waiting.start()
    waiting.abort(new Error('closed'))
    const backingOff = callOf(() => Promise.reject(new Error('busy')), { attempts: 2 })
    backingOff.start()
    await settled()
    backingOff.abort(new Error('closed'))
    await settled()
    expect(outcomes).toEqual([])
    expect(timers.timers.every(({ cancelled }) => cancelled)).toBe(true)
  })
})
