import { TopologyError } from '../errors'

/**
 * Refuses a class in place of a supplier, and a supplier that returns the same object every time: tasks that share it would
 * overwrite each other's stores and context.
 *
 * @throws TopologyError INVALID_ARGUMENT
 */
export function requireNewInstances(supplier: () => unknown, operator: string): void {
  if (/^class\b/.test(Function.prototype.toString.call(supplier))) {
    throw new TopologyError(
      'INVALID_ARGUMENT',
      `${operator} needs a supplier, and got the class ${supplier.name || 'itself'}: pass () => new ${supplier.name || 'MyProcessor'}()`,
      { operator },
    )
  }
  const instance = supplier()
  if (typeof instance !== 'object' || instance === null || instance !== supplier()) return
  throw new TopologyError(
    'INVALID_ARGUMENT',
    `the supplier of ${operator} returns the same object every time, and each task needs one of its own: ` +
      'create it inside the supplier, as in () => new MyProcessor()',
    { operator },
  )
}
