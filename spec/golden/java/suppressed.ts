import {
  type Suppressed as Ours,
  type TimeLimitOptions,
  untilTimeLimit,
  untilWindowCloses,
} from '../../../lib/dsl/suppressed'

/** Java's `BufferConfig`: eager ones emit early when full, strict ones stop the application. */
class BufferConfig {
  constructor(readonly options: TimeLimitOptions) {}

  withMaxRecords(maxRecords: number): BufferConfig {
    return this.with({ maxRecords })
  }
  withMaxBytes(maxBytes: number): BufferConfig {
    return this.with({ maxBytes })
  }
  withNoBound(): BufferConfig {
    return this.with({ maxRecords: Infinity, maxBytes: Infinity, onFull: 'shutDown' })
  }
  shutDownWhenFull(): BufferConfig {
    return this.with({ onFull: 'shutDown' })
  }
  emitEarlyWhenFull(): BufferConfig {
    return this.with({ onFull: 'emit' })
  }
  withLoggingDisabled(): BufferConfig {
    return this.with({ logging: false })
  }
  withLoggingEnabled(configs: ReadonlyMap<string, string>): BufferConfig {
    return this.with({ logging: Object.fromEntries(configs) })
  }
  private with(options: TimeLimitOptions): BufferConfig {
    return new BufferConfig({ ...this.options, ...options })
  }
}

/** Java's `Suppressed` over ours. */
export class Suppressed {
  static readonly BufferConfig = {
    maxRecords: (maxRecords: number) => new BufferConfig({ maxRecords, onFull: 'emit' }),
    maxBytes: (maxBytes: number) => new BufferConfig({ maxBytes, onFull: 'emit' }),
    unbounded: () => new BufferConfig({ onFull: 'shutDown' }),
  }
  static untilTimeLimit = (waitMs: number, { options }: BufferConfig): Suppressed =>
    new Suppressed((name) => untilTimeLimit(waitMs, { ...options, ...name }))
  static untilWindowCloses = ({ options: { onFull: _, ...options } }: BufferConfig): Suppressed =>
    new Suppressed((name) => untilWindowCloses({ ...options, ...name }))

  readonly suppressed: Ours<never>

  private constructor(
    private readonly make: (name: { name?: string }) => Ours<never>,
    name: { name?: string } = {},
  ) {
    this.suppressed = make(name)
  }
  withName(name: string): Suppressed {
    return new Suppressed(this.make, { name })
  }
}
