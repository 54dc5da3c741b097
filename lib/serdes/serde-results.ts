import { kindOf } from '../kind-of'
import { isPromise } from '../promise'

/** What a serde's `serialize` has returned; no compiler keeps a serde of `unknown`, or of JavaScript, from returning something else. */
export const asBytes = (serialized: Buffer | null): Buffer | null => {
  if (serialized === null || ArrayBuffer.isView(serialized)) return serialized
  throw isPromise(serialized)
    ? notAwaited('serialize', serialized)
    : new TypeError(`its serialize() returns a Buffer, or null for a tombstone, and this is ${kindOf(serialized)}`)
}

/** What a serde's `deserialize` has returned: a promise would pass for a value, and be written as `{}`. */
export const asObject = <T>(deserialized: T): T => {
  if (isPromise(deserialized)) throw notAwaited('deserialize', deserialized)
  return deserialized
}

const notAwaited = (method: string, promise: Promise<unknown>): TypeError => {
  promise.catch(() => {})
  return new TypeError(
    `its ${method}() returned a promise, and serdes are synchronous: fetch what it needs in prepare(), before the records come`,
  )
}
