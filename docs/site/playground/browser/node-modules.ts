/**
 * What the library uses of Node's modules when the test driver runs a topology in memory. What it uses only with a broker or a disk is missing.
 * Each export is a module, named as `node:` specifiers are, with `_` for their slashes.
 */

const resolved = async (): Promise<void> => {}

export const path = {
  join: (...parts: string[]): string => parts.join('/'),
  resolve: (...parts: string[]): string => parts.join('/'),
  dirname: (file: string): string => file.slice(0, Math.max(0, file.lastIndexOf('/'))),
  basename: (file: string): string => file.slice(file.lastIndexOf('/') + 1),
}

export const os = {
  tmpdir: (): string => '/tmp',
  hostname: (): string => 'browser',
  totalmem: (): number => 2 ** 30,
}

/** The driver makes a folder for its stores and removes it; stores in memory write nothing there. */
export const fs_promises = { mkdir: resolved, mkdtemp: async (prefix: string): Promise<string> => prefix, rm: resolved }

export const timers_promises = {
  setImmediate: (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 0)),
}

const isPromise = (value: unknown): boolean => value instanceof Promise
const isNativeError = (value: unknown): boolean => value instanceof Error

const isDeepStrictEqual = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Date) return a.getTime() === (b as Date).getTime()
  if (a instanceof Map || a instanceof Set) return isDeepStrictEqual([...a], [...(b as Map<unknown, unknown>)])
  const [own, other] = [Object.keys(a), Object.keys(b)]
  return (
    own.length === other.length &&
    own.every((key) => key in b && isDeepStrictEqual((a as Indexed)[key], (b as Indexed)[key]))
  )
}

type Indexed = Readonly<Record<string, unknown>>

export const util = { types: { isPromise, isNativeError }, isDeepStrictEqual }

export const diagnostics_channel = {
  channel: (name: string) => ({ name, hasSubscribers: false, publish: () => {} }),
}

export const buffer = { constants: { MAX_LENGTH: 2 ** 32, MAX_STRING_LENGTH: 2 ** 29 } }

/** Compression of what goes to a broker. */
export const zlib = {}
