import { kindOf } from '../kind-of'
import { isPromise } from '../promise'

/** Of what is no list, such as `{ key, value }`, Java's `KeyValue`: its entries would be read as missing, and those of a text are characters. */
export function noPair(result: unknown, operator: string): TypeError {
  return new TypeError(`the callback of ${operator} gives [key, value], a list of two, and this is ${kindOf(result)}`)
}

export function noIterable(result: unknown): TypeError {
  return new TypeError(`the callback gives a list or another iterable, and this is ${kindOf(result)}`)
}

/** Records come as soon as `init` has returned, and would not find what it awaits. */
export function requireNoPromise(initialized: unknown): void {
  if (!isPromise(initialized)) return
  initialized.catch(() => {})
  throw new TypeError(
    'it returned a promise, and nothing waits for it: await what it needs before the application starts, or in process()',
  )
}
