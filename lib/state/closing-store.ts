import type { Windowed } from '../record/windowed'

/**
 * A store of windows that are emitted when they have closed. `S` is the type of the store's values.
 */
export interface ClosingStore<K, S> {
  /**
   * The windows that start (of sessions: end) from `from` to `to`, both inclusive, by time and then by key. Each is returned
   * once, and earlier ones are forgotten.
   */
  closed(from: number, to: number): ReadonlyArray<readonly [Windowed<K>, S]>
}
