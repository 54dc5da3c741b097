import { EventLoopDelay } from './event-loop-delay'
import type { MetricsRecordingLevel } from './metric'
import { SampleWindows } from './sample-windows'
import { ThreadSensors } from './thread-sensors'

/** What an instance measures while it runs. There are none where `metricsRecordingLevel` is `off`. */
export class InstanceSensors {
  readonly windows: SampleWindows
  #eventLoop: EventLoopDelay | undefined

  /** `now` in milliseconds, never decreasing. */
  constructor(
    readonly level: Exclude<MetricsRecordingLevel, 'off'>,
    now: () => number,
  ) {
    this.windows = new SampleWindows(now)
  }

  thread(): ThreadSensors {
    return new ThreadSensors(this.windows, this.level === 'debug')
  }

  /** Measures the event loop until `close`. */
  open(): void {
    this.#eventLoop = new EventLoopDelay(this.windows)
  }

  get eventLoopDelay(): { readonly avg: number; readonly max: number; readonly p99: number } | undefined {
    return this.#eventLoop?.read()
  }

  close(): void {
    this.#eventLoop?.stop()
    this.#eventLoop = undefined
  }
}
