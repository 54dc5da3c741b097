import type { ValueMapper } from './callbacks'
import type { OldValues } from './change-forwarder'
import type { OperatorContext } from './processor'
import { TableViewOperator } from './table-view'
import type { Change } from '../record/change'

/** `mapValues` of a table. A delete stays a delete: the mapper never sees `null`. */
export class TableMapValuesOperator<K, V, VR> extends TableViewOperator<K, V, VR> {
  constructor(
    private mapper: ValueMapper<K, V, VR | null>,
    storeName: string | null,
    options: OldValues,
  ) {
    super(storeName, options)
  }

  override init(context: OperatorContext<K, Change<VR>>): void {
    super.init(context)
    this.mapper = context.watch(this.mapper)
  }

  protected view(value: V, key: K): VR | null {
    return this.mapper(value, key, this.context.recordContext) ?? null
  }
}
