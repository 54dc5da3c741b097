import { StreamsError } from '../../errors'
import type { ScanOptions, WindowStore } from '../store'
import type { TimedReads } from '../timed/timed-entries'
import { TimedStore, type TimedStoreOptions } from '../timed/timed-store'
import type { Window, Windowed } from '../../record/windowed'

export interface TypedWindowStoreOptions<K, V, S> extends TimedStoreOptions<K, V, S> {
  /** From a window's start to its end. */
  readonly windowSizeMs: number
}

/** Typed layer of the window stores. */
export class TypedWindowStore<K, V, S> extends TimedStore<K, V, S> implements WindowStore<K, S> {
  readonly #sizeMs: number

  constructor(options: TypedWindowStoreOptions<K, V, S>) {
    super(options)
    this.#sizeMs = options.windowSizeMs
  }

  /** Values are stored with the event times of their updates. */
  get timestamped(): boolean {
    return this.options.format.timestamped
  }

  put(key: K, value: S | null, windowStart: number): void {
    if (!Number.isSafeInteger(windowStart) || windowStart < 0) {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `store '${this.name}': a window starts at a whole number of milliseconds from 1970 on, and not at ${windowStart}`,
        { store: this.name },
      )
    }
    this.write(this.keyBytes(key), windowStart, 0, value)
  }

  fetch(key: K, windowStart: number): S | null
  fetch(key: K, timeFrom: number, timeTo: number, options?: { reverse?: boolean }): Array<readonly [number, S]>
  fetch(
    key: K,
    timeFrom: number,
    timeTo?: number,
    options?: { reverse?: boolean },
  ): S | null | Array<readonly [number, S]> {
    return timeTo === undefined
      ? this.entries.get(this.keyBytes(key), timeFrom, 0)
      : this.#windows(this.entries, key, timeFrom, timeTo, options)
  }

  /** `fetch` of one window from outside the task's processing. */
  peek(key: K, windowStart: number): S | null {
    return this.entries.peeks.get(this.keyBytes(key), windowStart, 0)
  }

  /** `fetch` of several windows from outside the task's processing. */
  peekRange(key: K, timeFrom: number, timeTo: number, options?: { reverse?: boolean }): Array<readonly [number, S]> {
    return this.#windows(this.entries.peeks, key, timeFrom, timeTo, options)
  }

  fetchRange(
    keyFrom: K | null,
    keyTo: K | null,
    timeFrom: number,
    timeTo: number,
    options?: ScanOptions,
  ): AsyncIterable<[Windowed<K>, S]> {
    return this.scan(keyFrom, keyTo, timeFrom, timeTo, options)
  }

  fetchAll(timeFrom: number, timeTo: number, options?: ScanOptions): AsyncIterable<[Windowed<K>, S]> {
    return this.scan(null, null, timeFrom, timeTo, options)
  }

  windowOf(start: number): Window {
    return { start, end: start + this.#sizeMs }
  }

  #windows(
    reads: TimedReads<S>,
    key: K,
    timeFrom: number,
    timeTo: number,
    options?: { reverse?: boolean },
  ): Array<readonly [number, S]> {
    return reads.range(this.keyBytes(key), timeFrom, timeTo, asPair, options?.reverse)
  }
}

const asPair = <S>(start: number, _sequence: number, value: S): readonly [number, S] => [start, value]
