import { TopologyError } from '../errors'
import { kindOf } from '../kind-of'
import { isPromise } from '../promise'

/**
 * Refuses a class in place of a supplier, a supplier that returns nothing with the `method`, and one that returns the same object
 * every time: tasks that share it would overwrite each other's stores and context.
 *
 * @throws TopologyError INVALID_ARGUMENT
 */
export function requireNewInstances(
  supplier: () => unknown,
  operator: string,
  method: 'process' | 'transform' = 'process',
): void {
  if (/^class\b/.test(Function.prototype.toString.call(supplier))) {
    throw new TopologyError(
      'INVALID_ARGUMENT',
      `${operator} needs a supplier, and got the class ${supplier.name || 'itself'}: pass () => new ${supplier.name || 'MyProcessor'}()`,
      { operator },
    )
  }
  const instance = supplier()
  if (typeof (instance as Record<string, unknown> | null | undefined)?.[method] !== 'function') {
    throw new TopologyError(
      'INVALID_ARGUMENT',
      `the supplier of ${operator} returns ${isPromise(instance) ? 'a promise' : kindOf(instance)} without the method ${method}(): ` +
        'return a new one that has it, as in () => new MyProcessor()',
      { operator },
    )
  }
  if (instance !== supplier()) return
  throw new TopologyError(
    'INVALID_ARGUMENT',
    `the supplier of ${operator} returns the same object every time, and each task needs one of its own: ` +
      'create it inside the supplier, as in () => new MyProcessor()',
    { operator },
  )
}
