import type { ValueMapper } from './callbacks'
import { materialize } from './flat-map-values'
import { noPair } from './refused-results'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { StreamRecord } from '../record/stream-record'

export class FlatMapOperator<K, V, KR, VR> extends Operator<K, V, KR, VR> {
  private mapper: ValueMapper<K, V, ReadonlyArray<readonly [KR, VR]>>

  constructor(mapper: ValueMapper<K, V, Iterable<readonly [KR, VR]>>) {
    super()
    this.mapper = materialize(mapper)
  }

  override init(context: OperatorContext<KR, VR>): void {
    super.init(context)
    this.mapper = context.watch(this.mapper)
  }

  process(record: StreamRecord<K, V>): void {
    const pairs = this.mapper(record.value, record.key, this.context.recordContext)
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i]!
      if (!Array.isArray(pair)) throw noPair(pair, 'flatMap')
      this.context.forward(new StreamRecord(pair[0], pair[1], record.timestamp, record.headers))
    }
  }
}
