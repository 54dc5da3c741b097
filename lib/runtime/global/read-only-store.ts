import { StreamsError } from '../../errors'
import type { StateStore } from '../../state/store'

const WRITES = ['put', 'putIfAbsent', 'putAll', 'delete', 'remove']

/** A global store as tasks see it: only the processor that fills it writes it. */
export const readOnlyStore = <S extends StateStore>(store: S): S => {
  const methods = new Map<string | symbol, unknown>()
  for (const write of WRITES) {
    methods.set(write, () => {
      throw new StreamsError(
        'ILLEGAL_STATE',
        `global store '${store.name}' can only be written by the processor that was added with it: write to its topic instead`,
        { store: store.name },
      )
    })
  }
  return new Proxy(store, {
    get: (target, name) => {
      const known = methods.get(name)
      if (known !== undefined) return known
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const bound: unknown = value.bind(target)
      methods.set(name, bound)
      return bound
    },
  })
}
