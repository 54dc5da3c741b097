import type { KeyValueMapper } from './callbacks'
import { noPair } from './refused-results'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { StreamRecord } from '../record/stream-record'

export class MapOperator<K, V, KR, VR> extends Operator<K, V, KR, VR> {
  private mapper: KeyValueMapper<K, V, KR, VR>

  constructor(mapper: KeyValueMapper<K, V, KR, VR>) {
    super()
    this.mapper = mapper
  }

  override init(context: OperatorContext<KR, VR>): void {
    super.init(context)
    this.mapper = context.watch(this.mapper)
  }

  process(record: StreamRecord<K, V>): void {
    const pair = this.mapper(record.value, record.key, this.context.recordContext)
    if (!Array.isArray(pair)) throw noPair(pair, 'map')
    this.context.forward(new StreamRecord(pair[0], pair[1], record.timestamp, record.headers))
  }
}
