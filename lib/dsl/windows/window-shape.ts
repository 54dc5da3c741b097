import { TopologyError } from '../../errors'
import type { Aggregator, Initializer } from '../../operators/callbacks'
import type { Processor } from '../../operators/processor'
import { StreamSlidingWindowAggregateOperator } from '../../operators/stream-sliding-window-aggregate'
import {
  type FixedWindows,
  StreamWindowAggregateOperator,
  type WindowAggregateOptions,
} from '../../operators/stream-window-aggregate'
import { alignedStarts } from './aligned-starts'
import { SlidingWindows } from './sliding-windows'
import { TimeWindows } from './time-windows'
import { UnlimitedWindows } from './unlimited-windows'

/** What an aggregation over windows of one size has to know of them. */
export interface WindowShape {
  readonly kind: 'time' | 'sliding' | 'unlimited'
  readonly sizeMs: number
  readonly graceMs: number
  /** How long the store needs to keep windows, and in words why. */
  readonly neededRetentionMs: number
  readonly needs: string
  /** Windows of a key that begin within so much time are often used together. */
  readonly bucketMs: number
  operator<K, V, A>(
    initializer: Initializer<A | null>,
    aggregator: Aggregator<K, V, A>,
    options: WindowAggregateOptions,
  ): Processor<never, never, never, never>
}

/** Windows that are given to `windowedBy` and are no sessions. */
export type WindowsOfSize = TimeWindows | SlidingWindows | UnlimitedWindows

export function windowShape(windows: WindowsOfSize): WindowShape {
  if (windows instanceof TimeWindows) {
    const { sizeMs, advanceMs, graceMs } = windows
    return {
      kind: 'time',
      sizeMs,
      graceMs,
      neededRetentionMs: sizeMs + graceMs,
      needs: 'the window size plus the grace period',
      bucketMs: advanceMs,
      operator: fixedOperator({
        sizeMs,
        graceMs,
        startsOf: (timestamp) => alignedStarts(timestamp, sizeMs, advanceMs),
      }),
    }
  }
  if (windows instanceof SlidingWindows) {
    const { timeDifferenceMs, graceMs } = windows
    return {
      kind: 'sliding',
      sizeMs: timeDifferenceMs,
      graceMs,
      neededRetentionMs: 2 * timeDifferenceMs + graceMs,
      needs: 'twice the time difference plus the grace period',
      bucketMs: timeDifferenceMs,
      operator: (initializer, aggregator, options) =>
        new StreamSlidingWindowAggregateOperator(windows, initializer, aggregator, options),
    }
  }
  if (windows instanceof UnlimitedWindows) {
    const starts = [windows.startMs]
    const none: number[] = []
    const startsOf = (timestamp: number): readonly number[] => (timestamp >= windows.startMs ? starts : none)
    return {
      kind: 'unlimited',
      sizeMs: Infinity,
      graceMs: 0,
      neededRetentionMs: Infinity,
      needs: 'what unlimited windows need',
      bucketMs: Infinity,
      operator: fixedOperator({ sizeMs: Infinity, graceMs: 0, startsOf }),
    }
  }
  throw new TopologyError(
    'INVALID_ARGUMENT',
    `windowedBy needs TimeWindows, SlidingWindows, SessionWindows or UnlimitedWindows, and got ${String(windows)}`,
  )
}

function fixedOperator(windows: FixedWindows): WindowShape['operator'] {
  return (initializer, aggregator, options) =>
    new StreamWindowAggregateOperator(windows, initializer, aggregator, options)
}
