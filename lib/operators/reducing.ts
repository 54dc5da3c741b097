import type { Aggregator, Merger, Reducer } from './callbacks'

/** A reduction as an aggregation that starts with nothing: the first value is taken as it is. */
export const nothing = (): null => null

export function reducing<K, V>(reducer: Reducer<V>): Aggregator<K, V, V> {
  return (aggregate, value) => (aggregate == null ? value : reducer(aggregate, value))
}

/** Sessions that become one are reduced in their order. */
export function reducingSessions<K, V>(reducer: Reducer<V>): Merger<K, V> {
  return (aggregate, next) => (aggregate == null ? next : reducer(aggregate, next))
}
