import { EmitInterval } from './emit-interval'
import type { OperatorContext, OperatorSensor } from './processor'

/**
 * When an aggregation that emits on window close looks for closed windows: at most once per `emitIntervalMs` of
 * wall-clock time, and only if its close time has advanced. Its progress is committed with the task's offsets.
 */
export class CloseEmission {
  private readonly interval = new EmitInterval()
  private readonly records: OperatorSensor | undefined
  private readonly latency: OperatorSensor | undefined

  constructor(
    private readonly context: OperatorContext<never, never>,
    private readonly store: string,
  ) {
    this.records = context.sensor('window-aggregate-final-emit')
    this.latency = context.sensor('window-aggregate-final-emit-latency')
  }

  /** Windows that closed up to this time have been emitted; `undefined` before the first emission. */
  get lastEmittedWindowClose(): number | undefined {
    return this.context.lastEmittedWindowClose(this.store)
  }

  /** `atOnce`: whatever the interval. */
  due(windowClose: number, atOnce = false): boolean {
    const { context } = this
    if (!this.interval.due(context.currentSystemTime(), context.emitIntervalMs, atOnce)) return false
    const { lastEmittedWindowClose } = this
    return lastEmittedWindowClose === undefined || lastEmittedWindowClose < windowClose
  }

  /** `closed` finds what has closed up to this time, and `forward` emits it. */
  emit<T>(windowClose: number, closed: () => Iterable<T>, forward: (each: T) => void): void {
    const { records, latency } = this
    const start = latency === undefined ? 0 : performance.now()
    for (const each of closed()) {
      forward(each)
      records?.add(1)
    }
    latency?.add(performance.now() - start)
    this.context.setLastEmittedWindowClose(this.store, windowClose)
  }
}

/** Results go downstream with every update of a window, or once, when it has closed. */
export type EmitStrategy = 'onWindowUpdate' | 'onWindowClose'
