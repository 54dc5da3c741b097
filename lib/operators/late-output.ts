import type { StreamRecord } from '../record/stream-record'
import type { OperatorContext } from './processor'

/** What becomes of a record that comes too late for an operator: it goes to the child `child`, or is dropped if there is none. */
export function sendLate(
  context: OperatorContext<never, never>,
  child: string | null,
  record: StreamRecord<unknown, unknown>,
  details: string,
): void {
  if (child === null) context.dropRecord('late', details)
  else context.forward(record as StreamRecord<never, never>, child)
}
