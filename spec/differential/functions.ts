import { Windowed } from '../../lib/record/windowed'

/* The functions that programs name by words such as `tag:x`; java/Functions.java has the same. */

export const text = (value: unknown): string => {
  if (!(value instanceof Windowed)) return String(value)
  const { start, end } = value.window
  return `${text(value.key)}@${start}-${end === Infinity ? '9223372036854775807' : end}`
}

/** Java's hash of a string, without its sign. */
export const hash = (value: string): number => {
  let result = 0
  for (let i = 0; i < value.length; i++) result = (31 * result + value.charCodeAt(i)) | 0
  return result & 0x7fffffff
}

/** Values that feed on themselves must not grow without end. */
export const clip = (value: string): string =>
  value.length <= 16 ? value : `${value.slice(0, 6)}~${hash(value) % 100_000}`

const chosen = ([, modulus, rest]: readonly string[], value: string): boolean =>
  hash(value) % Number(modulus) === Number(rest)

const FAILING = /^fail:(\d+):(\d+)\//

/** The words of a function. Those that begin with `fail:<modulus>:<rest>/` fail on some of what they are given. */
export const wordsOf = (spec: string): string[] => spec.replace(FAILING, '').split(':')

export const refuses = (spec: string, given: string): boolean => {
  const failing = FAILING.exec(spec)
  return failing !== null && chosen(failing, given)
}

/** @throws Error if the function fails on this. */
export const refuse = (spec: string, given: string): void => {
  if (refuses(spec, given)) throw new Error(`refused ${given}`)
}

const accepted = (spec: string, given: string): string[] => {
  refuse(spec, given)
  return wordsOf(spec)
}

export const predicate = (spec: string, key: unknown, value: unknown): boolean => {
  const words = accepted(spec, text(value))
  if (words[0] === 'keyed') return key !== null
  return !chosen(words, text(words[0] === 'k' ? key : value))
}

/** Makes a value, or a key, of a record. */
export const map = (spec: string, key: unknown, value: unknown): string | null => {
  const words = accepted(spec, text(value))
  switch (words[0]) {
    case 'tag':
      return clip(text(value) + words[1])
    case 'key':
      return clip(`${text(key)}:${text(value)}`)
    case 'drop':
      return chosen(words, text(value)) ? null : clip(text(value))
    case 'const':
      return words[1]!
    case 'part':
      return `p${hash(text(value)) % Number(words[1])}`
    case 'first':
      return text(value).charAt(0) || null
    default:
      throw new Error(spec)
  }
}

export const flat = (spec: string, value: unknown): string[] => {
  const words = accepted(spec, text(value))
  const whole = clip(text(value))
  switch (words[0]) {
    case 'chars':
      return [...whole.slice(0, 3)]
    case 'rep':
      return Array.from({ length: Number(words[1]) }, (_, i) => `${whole}${i}`)
    case 'some':
      return chosen(words, whole) ? [] : [whole]
    default:
      throw new Error(spec)
  }
}

/** Makes one value of two: reducers, aggregators, mergers and joiners. */
export const combine = (spec: string, key: unknown, left: unknown, right: unknown): string | null => {
  const words = accepted(spec, `${text(left)}+${text(right)}`)
  const both = clip(`${text(left)}+${text(right)}`)
  switch (words[0]) {
    case 'cat':
      return both
    case 'key':
      return clip(text(key) + text(left) + text(right))
    case 'last':
      return text(right)
    case 'max':
      return text(left) >= text(right) ? text(left) : text(right)
    case 'drop':
      return chosen(words, both) ? null : both
    default:
      throw new Error(spec)
  }
}
