import type { OperatorContext, Processor } from './processor'
import type { StreamRecord } from '../record/stream-record'

/**
 * A processor of the DSL's own. It runs with the spine's services, and the time it takes is the spine's: only the
 * user callbacks inside are watched.
 */
export abstract class Operator<KIn, VIn, KOut = KIn, VOut = VIn> implements Processor<KIn, VIn, KOut, VOut> {
  protected context!: OperatorContext<KOut, VOut>

  init(context: OperatorContext<KOut, VOut>): void {
    this.context = context
  }

  abstract process(record: StreamRecord<KIn, VIn>): void | Promise<void>
}
