import type { TimedScan } from './timed-rows'

/** Called for each row that a record cache writes out; see `FlushListener`. */
export type TimedFlushListener<V> = (
  key: Buffer,
  time: number,
  second: number,
  newValue: V | null,
  oldValue: V | null,
  timestamp: number,
) => void

export interface TimedEntry<S> {
  readonly time: number
  readonly second: number
  readonly value: S
}

export interface ScannedEntry<S> extends TimedEntry<S> {
  readonly key: Buffer
}

/** The reads of a key. */
export interface TimedReads<S> {
  /** `evenExpired`: also what other reads no longer give. */
  get(key: Buffer, time: number, second: number, evenExpired?: boolean): S | null
  /** By time, or the other way round; bounds are inclusive. */
  range(key: Buffer, from: number, to: number, reverse?: boolean): TimedEntry<S>[]
}

/** What lies under a window or session store: with or without a record cache. Keys are bytes, values typed. */
export interface TimedEntries<V, S> extends TimedReads<S> {
  /** Reads from outside the task's processing: they leave the order of the record cache as it is. */
  readonly peeks: TimedReads<S>
  put(key: Buffer, time: number, second: number, value: S | null): void
  remove(key: Buffer, time: number, second: number): void
  scan(scan: TimedScan): AsyncIterable<ScannedEntry<S>>
  flush(): void
  /** Returns whether there is a cache. */
  setFlushListener(listener: TimedFlushListener<V>, sendOldValues: boolean): boolean
  close(): void
}
