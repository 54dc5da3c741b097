/** A store that keeps what is not too old. */
export interface TimeBoundStore {
  /** Whether it would take a row of this time. */
  keeps(time: number): boolean
}
