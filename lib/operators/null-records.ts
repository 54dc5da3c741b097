import type { DropReason } from '../record/drop-reason'
import type { OperatorContext } from './processor'

/** Why `dropNull` drops. */
export const NULL_REASONS: readonly DropReason[] = ['null-key', 'null-value']

/** Drops a record for its key, if that is null and must not be, or else for its value. */
export const dropNull = (
  context: Pick<OperatorContext<unknown, unknown>, 'dropRecord'>,
  key: unknown,
  mayLackKey = false,
): void => {
  if (key == null && !mayLackKey) context.dropRecord('null-key', 'null key')
  else context.dropRecord('null-value', 'null value')
}
