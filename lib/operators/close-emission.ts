import { EmitInterval } from './emit-interval'
import type { OperatorContext } from './processor'

/**
 * When an aggregation that emits on window close looks for closed windows: at most once per `emitIntervalMs` of
 * wall-clock time, and only if its close time has advanced. Its progress is committed with the task's offsets.
 */
export class CloseEmission {
  private readonly interval = new EmitInterval()

  constructor(
    private readonly context: OperatorContext<never, never>,
    private readonly store: string,
  ) {}

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

  emitted(windowClose: number): void {
    this.context.setLastEmittedWindowClose(this.store, windowClose)
  }
}

/** Results go downstream with every update of a window, or once, when it has closed. */
export type EmitStrategy = 'onWindowUpdate' | 'onWindowClose'
