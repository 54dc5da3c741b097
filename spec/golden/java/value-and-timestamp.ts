import type { ValueAndTimestamp as Ours } from '../../../lib/state/store'

/** Java's `ValueAndTimestamp`. */
class JavaValueAndTimestamp {
  constructor(readonly ours: Ours<unknown>) {}
  value(): unknown {
    return this.ours.value
  }
  timestamp(): number {
    return this.ours.timestamp
  }
}

export const ValueAndTimestamp = {
  /** Nothing, with whatever time, is nothing. */
  make: (value: unknown, timestamp: number): JavaValueAndTimestamp | null =>
    value === null || value === undefined ? null : new JavaValueAndTimestamp({ value, timestamp }),
}

/** The values of a case are strings and numbers, so an object is Java's `ValueAndTimestamp`. */
export const isValueAndTimestamp = (value: unknown): value is Ours<unknown> =>
  typeof value === 'object' && value !== null && 'timestamp' in value && 'value' in value

export const javaValue = (value: unknown): unknown =>
  isValueAndTimestamp(value) ? new JavaValueAndTimestamp(value) : value

export const ourValue = (value: unknown): unknown => (value instanceof JavaValueAndTimestamp ? value.ours : value)
