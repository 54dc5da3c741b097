import type { Reducer } from './callbacks'
import type { OldValues } from './change-forwarder'
import { TableAggregateOperator } from './table-aggregate'

/** `reduce` of a grouped table: subtracts the old value, then adds the new one; the first value becomes the aggregate. */
export const tableReduce = <K, V>(
  storeName: string,
  adder: Reducer<V>,
  subtractor: Reducer<V>,
  options: OldValues,
): TableAggregateOperator<K, V, V> =>
  new TableAggregateOperator<K, V, V>(
    storeName,
    nothing,
    (aggregate, value) => (aggregate === null ? value : adder(aggregate, value)),
    (aggregate, value) => subtractor(aggregate, value),
    options,
  )

const nothing = (): never => null as never
