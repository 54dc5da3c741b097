import type { ValueMapper } from './callbacks'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { StreamRecord } from '../record/stream-record'

export class MapValuesOperator<K, V, VR> extends Operator<K, V, K, VR> {
  private mapper: ValueMapper<K, V, VR>

  constructor(mapper: ValueMapper<K, V, VR>) {
    super()
    this.mapper = mapper
  }

  override init(context: OperatorContext<K, VR>): void {
    super.init(context)
    this.mapper = context.watch(this.mapper)
  }

  process(record: StreamRecord<K, V>): void {
    const value = this.mapper(record.value, record.key, this.context.recordContext)
    this.context.forward(new StreamRecord(record.key, value, record.timestamp, record.headers))
  }
}
