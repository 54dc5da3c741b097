import type { ValueMapper } from './callbacks'
import { Operator } from './operator'
import { noIterable } from './refused-results'
import type { OperatorContext } from './processor'
import { isPromise } from '../promise'
import { StreamRecord } from '../record/stream-record'

/** Runs a generator to its end inside the callback, so that its time counts as the callback's own. */
export const materialize =
  <K, V, T>(mapper: ValueMapper<K, V, Iterable<T>>): ValueMapper<K, V, readonly T[]> =>
  (value, key, meta) => {
    const result = mapper(value, key, meta)
    // a promise is for the operator to refuse
    if (Array.isArray(result) || isPromise(result)) return result as readonly T[]
    if (isIterable(result)) return [...result]
    throw noIterable(result)
  }

const isIterable = (result: unknown): boolean => result != null && Symbol.iterator in Object(result)

export class FlatMapValuesOperator<K, V, VR> extends Operator<K, V, K, VR> {
  private mapper: ValueMapper<K, V, readonly VR[]>

  constructor(mapper: ValueMapper<K, V, Iterable<VR>>) {
    super()
    this.mapper = materialize(mapper)
  }

  override init(context: OperatorContext<K, VR>): void {
    super.init(context)
    this.mapper = context.watch(this.mapper)
  }

  process(record: StreamRecord<K, V>): void {
    const values = this.mapper(record.value, record.key, this.context.recordContext)
    for (let i = 0; i < values.length; i++) {
      this.context.forward(new StreamRecord(record.key, values[i]!, record.timestamp, record.headers))
    }
  }
}
