import { TopologyError } from '../../errors'

const MAX_LENGTH = 249
const LEGAL = /^[a-zA-Z0-9._-]+$/

/**
 * The rules for names of operators, stores and internal topics: they are those of Kafka topics, since topics are named
 * after them. `what` is what the error calls the name, such as `the store name`.
 */
export function validateName(name: string, what: string): string {
  const problem = nameProblem(name)
  if (problem === undefined) return name
  throw new TopologyError('INVALID_NAME', `${what} ${JSON.stringify(name)} is not valid: ${problem}`)
}

/** What Kafka refuses about a name; undefined if it is valid. */
export function nameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string') return 'it is not a string'
  if (name === '') return 'it is empty'
  if (name === '.' || name === '..') return 'it must not be "." or ".."'
  if (name.length > MAX_LENGTH) return `it has ${name.length} characters, and ${MAX_LENGTH} are allowed`
  if (!LEGAL.test(name)) return 'it may contain only letters, digits, ".", "_" and "-"'
  return undefined
}
