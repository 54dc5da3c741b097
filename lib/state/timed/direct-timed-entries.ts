import type { ValueFormat } from '../key-value/value-format'
import type { StoreSerdes } from '../store-serdes'
import type { LoggedRows } from './logged-rows'
import type { RowResult, ScannedEntry, TimedEntries } from './timed-entries'
import type { TimedScan } from './timed-rows'

/** No record cache: every update is written and logged at once. */
export class DirectTimedEntries<V, S> implements TimedEntries<V, S> {
  constructor(
    private readonly serdes: StoreSerdes<unknown, V>,
    private readonly format: ValueFormat<V, S>,
    private readonly rows: LoggedRows,
  ) {}

  get peeks(): this {
    return this
  }

  get(key: Buffer, time: number, second: number, evenExpired = false): S | null {
    const stored = this.rows.get(key, time, second, evenExpired)
    return stored === null ? null : this.#value(stored)
  }

  put(key: Buffer, time: number, second: number, value: S | null): void {
    const plain = value === null ? null : (this.format.plain(value) ?? null)
    const bytes = plain === null ? null : this.serdes.writtenValue(plain)
    this.rows.put(key, time, second, bytes, bytes === null ? -1 : this.format.timestamp(value!))
  }

  remove(key: Buffer, time: number, second: number): void {
    this.rows.remove(key, time, second)
  }

  range<T>(key: Buffer, from: number, to: number, of: RowResult<S, T>, reverse = false): T[] {
    const rows = this.rows.range(key, from, to)
    const results = new Array<T>(rows.length)
    for (let i = 0; i < rows.length; i++) {
      const { time, second, value } = rows[i]!
      results[i] = of(time, second, this.#value(value))
    }
    return reverse ? results.reverse() : results
  }

  async *scan(scan: TimedScan): AsyncGenerator<ScannedEntry<S>> {
    for await (const { key, time, second, value } of this.rows.scan(scan)) {
      yield { key, time, second, value: this.#value(value) }
    }
  }

  flush(): boolean {
    return true
  }

  setFlushListener(): boolean {
    return false
  }

  close(): void {}

  #value(stored: Buffer): S {
    const { serdes, format } = this
    return format.value(serdes.valueIn(stored, format.overhead), format.timestampOf(stored))
  }
}
