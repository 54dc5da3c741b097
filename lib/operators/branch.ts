import type { Predicate } from './callbacks'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { StreamRecord } from '../record/stream-record'

/** `split`: a record goes to the child of the first matching predicate, else to the default child, else nowhere. */
export class BranchOperator<K, V> extends Operator<K, V> {
  private tests: ReadonlyArray<Predicate<K, V>>

  constructor(
    predicates: ReadonlyArray<Predicate<K, V>>,
    private readonly children: readonly string[],
    private readonly defaultChild: string | null,
  ) {
    super()
    this.tests = predicates
  }

  override init(context: OperatorContext<K, V>): void {
    super.init(context)
    this.tests = this.tests.map((test) => context.watch(test))
  }

  process(record: StreamRecord<K, V>): void {
    for (let i = 0; i < this.tests.length; i++) {
      if (this.tests[i]!(record.value, record.key, this.context.recordContext)) {
        this.context.forward(record, this.children[i])
        return
      }
    }
    if (this.defaultChild !== null) this.context.forward(record, this.defaultChild)
  }
}
