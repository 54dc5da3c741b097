import type { OperatorContext, Processor } from './processor'
import type { DropReason } from '../record/drop-reason'
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

  /** The store that it keeps for others, and of whose reads it is told, by `rowRead`. Undefined: it need not know. */
  get keptStore(): string | undefined {
    return undefined
  }

  /** Another node has read this row of that store. */
  rowRead(_key: unknown, _row: unknown): void {}

  /** Why it may drop records, apart from errors that the application's handler decides about: each reason is counted from the start. */
  get dropReasons(): readonly DropReason[] {
    return []
  }

  init(context: OperatorContext<KOut, VOut>): void {
    this.context = context
  }

  /**
   * By how much stream time must pass a record's timestamp until nothing that the record has part in is held back or open any longer;
   * `Infinity` if that never comes.
   */
  get closesAfterMs(): number {
    return 0
  }

  /** Stream time has reached this time without a record: forwards what is due. All operators upstream have done so before. */
  advanceStreamTime(_to: number): void {}

  abstract process(record: StreamRecord<KIn, VIn>): void | Promise<void>
}
