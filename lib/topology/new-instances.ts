import { TopologyError } from '../errors'

/**
 * Refuses a supplier that returns the same object every time: tasks that share it would overwrite each other's stores and
 * context.
 *
 * @throws TopologyError INVALID_ARGUMENT
 */
export function requireNewInstances(supplier: () => unknown, operator: string): void {
  const instance = supplier()
  if (typeof instance !== 'object' || instance === null || instance !== supplier()) return
  throw new TopologyError(
    'INVALID_ARGUMENT',
    `the supplier of ${operator} returns the same object every time, and each task needs one of its own: ` +
      'create it inside the supplier, as in () => new MyProcessor()',
    { operator },
  )
}
