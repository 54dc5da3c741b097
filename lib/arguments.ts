import { type Duration, toMilliseconds } from './durations'
import { StreamsError } from './errors'
import { nearestName } from './nearest-name'
import { areHeaders } from './record/headers'

/** What an argument, or an option, has to be. */
export interface Kind {
  /** Completes "needs topic to be …". */
  readonly is: string
  /** What is wrong, such as "topic to be text, and got undefined"; undefined if it fits. `name` is the argument's. */
  problem(value: unknown, name: string): string | undefined
}

/** The checks of arguments, by the error that they throw. */
export const argumentChecks = <E extends StreamsError>(errorOf: (message: string) => E) => ({
  /**
   * Refuses an argument that is of another kind, such as the `undefined` of a variable that is not set. TypeScript can't
   * see all of these, and what they lead to later does not name them.
   */
  requireArgument(value: unknown, kind: Kind, method: string, name: string): void {
    const problem = kind.problem(value, name)
    if (problem !== undefined) throw errorOf(`${method} needs ${problem}`)
  },

  requireFunction(callback: unknown, method: string, what: string): void {
    if (typeof callback === 'function') return
    throw errorOf(`${method} needs ${what} as a function, and got ${shown(callback)}`)
  },

  /** Of an argument that decides what the others are. */
  argumentError: (value: unknown, is: string, method: string, name: string): E =>
    errorOf(`${method} needs ${name} to be ${is}, and got ${shown(value)}`),
})

/** @throws StreamsError INVALID_ARGUMENT */
export const { requireArgument, requireFunction, argumentError } = argumentChecks(
  (message) => new StreamsError('INVALID_ARGUMENT', message),
)

export function kind(is: string, fits: (value: unknown) => boolean): Kind {
  return {
    is,
    problem: (value, name) => (fits(value) ? undefined : `${name} to be ${is}, and got ${shown(value)}`),
  }
}

/** It may be omitted: undefined fits, null does not. */
export function optional(given: Kind): Kind {
  return { ...given, problem: (value, name) => (value === undefined ? undefined : given.problem(value, name)) }
}

/** What is wrong inside of a value says more than that it is of none of these kinds. */
export function either(...kinds: readonly [Kind, ...Kind[]]): Kind {
  const is = kinds.map((one) => one.is).join(', or ')
  return {
    is,
    problem(value, name) {
      const problems = kinds.map((one) => one.problem(value, name))
      if (problems.includes(undefined)) return undefined
      const inside = problems.find((problem) => !problem!.startsWith(`${name} to be `))
      return inside ?? `${name} to be ${is}, and got ${shown(value)}`
    },
  }
}

export function listOf(entry: Kind): Kind {
  const is = `a list, each entry being ${entry.is}`
  return {
    is,
    problem(value, name) {
      if (!Array.isArray(value)) return `${name} to be ${is}, and got ${shown(value)}`
      for (let i = 0; i < value.length; i++) {
        const problem = entry.problem(value[i], `${name}[${i}]`)
        if (problem !== undefined) return problem
      }
      return undefined
    },
  }
}

/** Options by their names, each of its kind. A name that is none of them is an error: else a misspelt option is ignored. */
export function options<Options extends object>(
  kinds: Readonly<Record<keyof Options, Kind>>,
  required: readonly (keyof Options)[] = [],
): Kind {
  const names = Object.keys(kinds)
  const is = `options (${names.join(', ')})`
  return {
    is,
    problem(value, name) {
      if (!isObject(value)) return `${name} to be ${is}, and got ${shown(value)}`
      for (const option of Object.keys(value)) {
        if (!names.includes(option)) return unknownOption(option, names, name)
      }
      for (const option of names) {
        const given = (value as Record<string, unknown>)[option]
        if (given === undefined && !required.includes(option as keyof Options)) continue
        const problem = kinds[option as keyof Options].problem(given, `${name}.${option}`)
        if (problem !== undefined) return problem
      }
      return undefined
    },
  }
}

function unknownOption(option: string, names: readonly string[], argument: string): string {
  const near = nearestName(option, names)
  const hint = near === undefined ? '' : `: did you mean ${near}?`
  return `${argument} to have no options but ${names.join(', ')}, and got ${option}${hint}`
}

export function instanceOf(type: abstract new (...args: never[]) => unknown, is: string): Kind {
  return kind(is, (value) => value instanceof type)
}

export function oneOf(...texts: readonly string[]): Kind {
  return kind(texts.map((text) => `'${text}'`).join(' or '), (value) => texts.includes(value as string))
}

export const callback = (is: string): Kind => kind(is, (value) => typeof value === 'function')

export const text = (is: string): Kind => kind(is, (value) => typeof value === 'string' && value !== '')

export const ANYTHING = kind('anything', () => true)

export const OBJECT = kind('an object', isObject)

export const NAME = kind('a name, as text', (value) => typeof value === 'string')

export const BOOLEAN = kind('true or false', (value) => typeof value === 'boolean')

export const WHOLE_NUMBER = kind(
  'a whole number of 0 or more',
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
)

export const COUNT = kind('a whole number above 0', (value) => Number.isSafeInteger(value) && (value as number) > 0)

export const STORE_NAME = text('the name of the store')

/** Of a store: whether it has a changelog, or the configs of it. */
export const LOGGING = either(BOOLEAN, kind('configs of the changelog topic by their names', isObject))

export const SERDE = kind(
  'a serde, such as serdes.string()',
  (value) => isObject(value) && typeof value.serialize === 'function' && typeof value.deserialize === 'function',
)

export const DURATION = kind(
  "milliseconds as a number of 0 or more, or text such as '250ms', '30s' or '5m'",
  (value) => {
    try {
      return toMilliseconds(value as number, '') >= 0
    } catch {
      return false
    }
  },
)

export const POSITIVE_DURATION = kind(
  "milliseconds as a number above 0, or text such as '250ms', '30s' or '5m'",
  (value) => DURATION.problem(value, '') === undefined && toMilliseconds(value as Duration, '') > 0,
)

/** A duration that may have no end. */
export const ENDLESS_DURATION = kind(
  `${DURATION.is}, or Infinity`,
  (value) => value === Infinity || DURATION.problem(value, '') === undefined,
)

export const TIMESTAMP = kind('a whole number of milliseconds since 1970, or a Date', (value) =>
  Number.isSafeInteger(typeof value === 'number' || value instanceof Date ? Number(value) : undefined),
)

/** 1970 or later. */
export const RECORD_TIME = kind(
  `${TIMESTAMP.is}, of 1970 or later`,
  (value) => TIMESTAMP.problem(value, '') === undefined && Number(value) >= 0,
)

export const HEADERS = kind("a list of names and bytes, such as [['source', Buffer.from('web')]]", areHeaders)

/** Of whatever realm or library. */
export const SIGNAL = kind(
  'an AbortSignal',
  (value) => isObject(value) && 'aborted' in value && typeof value.addEventListener === 'function',
)

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`
  if (Array.isArray(value)) return 'a list'
  if (!isObject(value)) return String(value)
  const type = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name
  return type === undefined || type === 'Object' ? 'an object' : `a ${type}`
}
