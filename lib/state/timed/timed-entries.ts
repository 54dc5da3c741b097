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

export interface ScannedEntry<S> {
  readonly key: Buffer
  readonly time: number
  readonly second: number
  readonly value: S
}

/** What a read gives for a row. */
export type RowResult<S, T> = (time: number, second: number, value: S) => T

/** The reads of a key. */
export interface TimedReads<S> {
  /** `evenExpired`: also what other reads no longer give. */
  get(key: Buffer, time: number, second: number, evenExpired?: boolean): S | null
  /** By time, or the other way round; bounds are inclusive. */
  range<T>(key: Buffer, from: number, to: number, of: RowResult<S, T>, reverse?: boolean): T[]
}

/** What lies under a window or session store: with or without a record cache. Keys are bytes, values typed. */
export interface TimedEntries<V, S> extends TimedReads<S> {
  /** Reads from outside the task's processing: they leave the order of the record cache as it is. */
  readonly peeks: TimedReads<S>
  put(key: Buffer, time: number, second: number, value: S | null): void
  remove(key: Buffer, time: number, second: number): void
  scan(scan: TimedScan): AsyncIterable<ScannedEntry<S>>
  /** False: `due` was true before all was flushed, and the next call continues. */
  flush(due?: () => boolean): boolean
  /** Returns whether there is a cache. */
  setFlushListener(listener: TimedFlushListener<V>, sendOldValues: boolean): boolean
  close(): void
}
