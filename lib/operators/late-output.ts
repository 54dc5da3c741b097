import type { StreamRecord } from '../record/stream-record'
import type { OperatorContext } from './processor'

type AnyContext = Pick<OperatorContext<never, never>, 'forward' | 'dropRecord'>

/** Passes a record that comes too late for an operator to the child `late`, as it is; drops it if there is none. */
export function sendLate(
  context: AnyContext,
  late: string | undefined,
  record: StreamRecord<unknown, unknown>,
  details: string,
): void {
  if (late === undefined) context.dropRecord('late', details)
  else context.forward(record as StreamRecord<never, never>, late)
}
