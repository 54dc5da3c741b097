import type { ValidationIssue } from './standard-schema'

const SHOWN_ISSUES = 3

/**
 * A value that its schema refuses, with every issue that was found. `serdes.json` with a validator, `serdes.jsonSchema` and
 * `serdes.protobuf` throw it: deserialization handlers get it, and it is the `cause` of DESERIALIZATION_FAILED and SERIALIZATION_FAILED.
 *
 * @example
 * const deserializationExceptionHandler: DeserializationExceptionHandler = (error) => {
 *   if (error instanceof SchemaViolation) for (const { path, message } of error.issues) console.warn(path, message)
 *   return 'continue'
 * }
 */
export class SchemaViolation extends TypeError {
  /** The error's name. */
  override readonly name = 'SchemaViolation'
  constructor(
    /** What is wrong with the value, and where in it. */
    readonly issues: readonly ValidationIssue[],
  ) {
    super(`the schema refuses it: ${describe(issues)}`)
  }
}

const describe = (issues: readonly ValidationIssue[]): string => {
  const shown = issues.slice(0, SHOWN_ISSUES).map(({ message, path = [] }) => {
    const at = pathText(path)
    return at === '' ? message : `at ${at}: ${message}`
  })
  const left = issues.length - shown.length
  return shown.join('; ') + (left > 0 ? `; and ${left} more` : '')
}

/** `items[0].price` */
const pathText = (path: NonNullable<ValidationIssue['path']>): string =>
  path
    .map((segment) => (typeof segment === 'object' ? segment.key : segment))
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`))
    .join('')
