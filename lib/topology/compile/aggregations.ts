import { decrement, increment, sum, zero } from '../../operators/counting'
import type { Aggregator, Initializer, Merger } from '../../operators/callbacks'
import type { OldValues } from '../../operators/change-forwarder'
import type { Processor } from '../../operators/processor'
import { nothing, reducing, reducingSessions } from '../../operators/reducing'
import { StreamAggregateOperator } from '../../operators/stream-aggregate'
import { StreamReduceOperator } from '../../operators/stream-reduce'
import { StreamSessionWindowAggregateOperator } from '../../operators/stream-session-window-aggregate'
import { StreamSlidingWindowAggregateOperator } from '../../operators/stream-sliding-window-aggregate'
import { type FixedWindows, StreamWindowAggregateOperator } from '../../operators/stream-window-aggregate'
import { empty, inserting, mergingTops, StreamTopNOperator, TableTopNOperator } from '../../operators/top-n'
import { TableAggregateOperator } from '../../operators/table-aggregate'
import { tableReduce } from '../../operators/table-reduce'
import type {
  SessionAggregateNode,
  SessionAggregation,
  StreamAggregateNode,
  StreamAggregation,
} from '../graph/stream-nodes'
import type { TableAggregateNode } from '../graph/table-nodes'
import { alignedStarts, type TimeWindowing, type UnlimitedWindowing } from '../graph/windowing'
import { aggregatorRequiringValue } from '../tombstones'

/* eslint-disable @typescript-eslint/no-explicit-any -- nodes of a graph are heterogeneous; the DSL's signatures have checked their types */

type AnyProcessor = Processor<any, any, any, any>

/** `aggregate`, `reduce` and `count` of a grouped stream, over windows or not. */
export function streamAggregation(node: StreamAggregateNode, old: OldValues): AnyProcessor {
  const { aggregation, windows } = node
  const store = node.store.name
  if (windows === undefined && aggregation.kind === 'reduce') {
    return new StreamReduceOperator(store, aggregation.reducer, old)
  }
  if (windows === undefined && aggregation.kind === 'top-n') return new StreamTopNOperator(store, aggregation, old)
  const { initializer, aggregator } = steps(aggregation)
  if (windows === undefined) return new StreamAggregateOperator(store, initializer, aggregator, old)
  const { windowing, emit, late } = windows
  const options = { ...old, store, emit, late }
  return windowing.kind === 'sliding'
    ? new StreamSlidingWindowAggregateOperator(windowing, initializer, aggregator, options)
    : new StreamWindowAggregateOperator(fixedWindows(windowing), initializer, aggregator, options)
}

/** `aggregate`, `reduce` and `count` over sessions. */
export function sessionAggregation(node: SessionAggregateNode, old: OldValues): AnyProcessor {
  const { aggregation, windowing, store, emit, late } = node
  const { initializer, aggregator } = steps(aggregation)
  const options = { ...old, store: store.name, emit, late }
  return new StreamSessionWindowAggregateOperator(windowing, initializer, aggregator, mergerOf(aggregation), options)
}

/** `aggregate`, `reduce` and `count` of a grouped table. */
export function tableAggregation({ aggregation, store: { name } }: TableAggregateNode, old: OldValues): AnyProcessor {
  switch (aggregation.kind) {
    case 'count':
      return new TableAggregateOperator(name, zero, increment, decrement, old)
    case 'reduce':
      return tableReduce(name, aggregation.adder, aggregation.subtractor, old)
    case 'aggregate': {
      const { initializer, adder, subtractor } = aggregation
      return new TableAggregateOperator(name, initializer, adder, subtractor, old)
    }
    case 'top-n':
      return new TableTopNOperator(name, aggregation.ranking.name, aggregation.n, old)
  }
}

/** Any aggregation as one that begins with an initial aggregate and adds values to it. */
function steps(aggregation: StreamAggregation): {
  readonly initializer: Initializer<any>
  readonly aggregator: Aggregator<any, any, any>
} {
  switch (aggregation.kind) {
    case 'count':
      return { initializer: zero, aggregator: increment }
    case 'reduce':
      return { initializer: nothing, aggregator: aggregatorRequiringValue(aggregation, reducing(aggregation.reducer)) }
    case 'aggregate':
      return aggregation
    case 'top-n':
      return { initializer: empty, aggregator: aggregatorRequiringValue(aggregation, inserting(aggregation)) }
  }
}

function mergerOf(aggregation: SessionAggregation): Merger<any, any> {
  switch (aggregation.kind) {
    case 'count':
      return sum
    case 'reduce':
      return reducingSessions(aggregation.reducer)
    case 'aggregate':
      return aggregation.merger
    case 'top-n':
      return mergingTops(aggregation)
  }
}

function fixedWindows(windowing: TimeWindowing | UnlimitedWindowing): FixedWindows {
  if (windowing.kind === 'time') {
    const { sizeMs, advanceMs, graceMs } = windowing
    return { sizeMs, graceMs, startsOf: (timestamp) => alignedStarts(timestamp, sizeMs, advanceMs) }
  }
  const { startMs } = windowing
  const starts = [startMs]
  const none: number[] = []
  return { sizeMs: Infinity, graceMs: 0, startsOf: (timestamp) => (timestamp >= startMs ? starts : none) }
}
