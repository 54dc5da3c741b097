import { SessionWindows as Sessions } from '../../../lib/dsl/windows/session-windows'
import { SlidingWindows as Sliding } from '../../../lib/dsl/windows/sliding-windows'
import { TimeWindows as Times, type TimeWindowsOptions } from '../../../lib/dsl/windows/time-windows'
import { UnlimitedWindows as Unlimited } from '../../../lib/dsl/windows/unlimited-windows'
import * as serdes from '../../../lib/serdes'
import { Windowed } from '../../../lib/record/windowed'
import { type JavaSerde, javaSerde } from './serdes'

/** Java's largest long stands for the end of an unlimited window. */
const MAX_LONG = (1n << 63n) - 1n

/** A window with Java's getters. */
export class JavaWindow {
  constructor(
    private readonly from: number,
    private readonly to: number | bigint,
  ) {}
  start(): number {
    return this.from
  }
  end(): number | bigint {
    return this.to
  }
}

export class SessionWindow extends JavaWindow {}
export class TimeWindow extends JavaWindow {}

/** A windowed key with Java's getters. */
export class JavaWindowed {
  readonly windowed: Windowed<unknown>

  constructor(key: unknown, window: JavaWindow) {
    const end = window.end()
    this.windowed = new Windowed(key, { start: window.start(), end: end === MAX_LONG ? Infinity : Number(end) })
  }
  static of(windowed: Windowed<unknown>): JavaWindowed {
    const { start, end } = windowed.window
    return new JavaWindowed(windowed.key, new JavaWindow(start, end === Infinity ? MAX_LONG : end))
  }
  key(): unknown {
    return this.windowed.key
  }
  window(): JavaWindow {
    const { start, end } = this.windowed.window
    return new JavaWindow(start, end === Infinity ? MAX_LONG : end)
  }
  toString(): string {
    const { start, end } = this.windowed.window
    return `[${String(this.windowed.key)}@${start}/${end === Infinity ? MAX_LONG : end}]`
  }
}

export const toJava = (key: unknown): unknown => (key instanceof Windowed ? JavaWindowed.of(key) : key)
export const fromJava = (key: unknown): unknown => (key instanceof JavaWindowed ? key.windowed : key)

/** Java's windows are validated as they are made. */
export interface JavaWindows {
  readonly windows: Times | Sliding | Sessions | Unlimited
}

export class TimeWindows implements JavaWindows {
  readonly windows: Times
  private constructor(private readonly options: TimeWindowsOptions) {
    this.windows = Times.of(options)
  }
  static ofSizeWithNoGrace = (size: number): TimeWindows => new TimeWindows({ size })
  static ofSizeAndGrace = (size: number, grace: number): TimeWindows => new TimeWindows({ size, grace })
  advanceBy(advance: number): TimeWindows {
    return new TimeWindows({ ...this.options, advance })
  }
}

export const SlidingWindows = {
  ofTimeDifferenceWithNoGrace: (timeDifference: number): JavaWindows => ({ windows: Sliding.of({ timeDifference }) }),
  ofTimeDifferenceAndGrace: (timeDifference: number, grace: number): JavaWindows => ({
    windows: Sliding.of({ timeDifference, grace }),
  }),
}

export const SessionWindows = {
  ofInactivityGapWithNoGrace: (inactivityGap: number): JavaWindows => ({ windows: Sessions.of({ inactivityGap }) }),
  ofInactivityGapAndGrace: (inactivityGap: number, grace: number): JavaWindows => ({
    windows: Sessions.of({ inactivityGap, grace }),
  }),
}

export class UnlimitedWindows implements JavaWindows {
  private constructor(readonly windows: Unlimited) {}
  static of = (): UnlimitedWindows => new UnlimitedWindows(Unlimited.of())
  startOn(start: number): UnlimitedWindows {
    return new UnlimitedWindows(Unlimited.of({ start }))
  }
}

export const EmitStrategy = {
  onWindowClose: (): 'onWindowClose' => 'onWindowClose',
  onWindowUpdate: (): 'onWindowUpdate' => 'onWindowUpdate',
}

/** Java is given the class of the keys: those of the cases are strings. */
export const WindowedSerdes = {
  timeWindowedSerdeFrom: (_class: unknown, size: number): JavaSerde =>
    javaSerde(serdes.timeWindowed(serdes.string(), size)),
  sessionWindowedSerdeFrom: (): JavaSerde => javaSerde(serdes.sessionWindowed(serdes.string())),
}
