import type { Aggregator, Merger, Reducer } from './callbacks'

/** A reduction as an aggregation without an initial value: the first value becomes the aggregate. */
export const nothing = (): null => null

export function reducing<K, V>(reducer: Reducer<V>): Aggregator<K, V, V> {
  return (aggregate, value) => (aggregate == null ? value : reducer(aggregate, value))
}

/** Merged sessions are reduced in order. */
export function reducingSessions<K, V>(reducer: Reducer<V>): Merger<K, V> {
  return (aggregate, next) => (aggregate == null ? next : reducer(aggregate, next))
}
