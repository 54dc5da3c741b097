import type { OperatorContext, Processor } from './processor'
import type { StreamRecord } from '../record/stream-record'

/**
 * A built-in processor of the DSL. It runs with the runtime's services, and its own time counts as the runtime's: only the
 * user callbacks inside are monitored.
 */
export abstract class Operator<KIn, VIn, KOut = KIn, VOut = VIn> implements Processor<KIn, VIn, KOut, VOut> {
  protected context!: OperatorContext<KOut, VOut>

  /**
   * What becomes of a record's value, null or not: the operator may look at it, or just forward the record as it is, or only
   * look whether there is one.
   */
  get valueUse(): 'reads' | 'forwards' | 'ignores' {
    return 'reads'
  }

  init(context: OperatorContext<KOut, VOut>): void {
    this.context = context
  }

  abstract process(record: StreamRecord<KIn, VIn>): void | Promise<void>
}
