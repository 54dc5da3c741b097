import { registryModule } from '../registry/registry-modules'
import { SchemaViolation } from '../schema-violation'
import type { ValidationIssue } from '../standard-schema'

/** What a compiled schema reports: as Ajv's `ErrorObject`. */
export interface JsonSchemaError {
  /** A JSON pointer. */
  readonly instancePath?: string
  /** What is wrong there. */
  readonly message?: string | undefined
  /** More about it, such as the name of a property that is missing. */
  readonly params?: object
}

/** A compiled JSON schema, as Ajv makes it. */
export interface JsonSchemaValidator {
  /** Whether the value fits. */
  (value: unknown): unknown
  /** What is wrong with the last one. */
  errors?: readonly JsonSchemaError[] | null
}

/** Compiles a JSON schema; `references` are the schemas that it refers to, by the names in `$ref`. */
export type JsonSchemaCompiler = (
  schema: object | boolean,
  references: Readonly<Record<string, object | boolean>>,
) => JsonSchemaValidator

interface AjvLike {
  addSchema(schema: object | boolean, name: string): unknown
  compile(schema: object | boolean): JsonSchemaValidator
}
type AjvModule = { readonly default: new (options: object) => AjvLike }

const LATER_DRAFT = /draft\/20\d\d-/

/** By the Ajv of the registry's client: drafts 4 to 7 and 2019-09, without formats. */
export const compileWithAjv: JsonSchemaCompiler = (schema, references) => {
  const uri = typeof schema === 'object' ? (schema as { $schema?: unknown }).$schema : undefined
  const path = typeof uri === 'string' && LATER_DRAFT.test(uri) ? 'ajv/dist/2019' : 'ajv'
  const { default: Ajv } = registryModule(path) as AjvModule
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false })
  for (const [name, reference] of Object.entries(references)) ajv.addSchema(withoutDraft(reference), name)
  return ajv.compile(withoutDraft(schema))
}

/** Ajv knows the draft that it is made for, and no URI of another one. */
const withoutDraft = (schema: object | boolean): object | boolean => {
  if (typeof schema === 'boolean') return schema
  const { $schema: _, ...rest } = schema as Record<string, unknown>
  return rest
}

/** @throws SchemaViolation */
export const check = (validator: JsonSchemaValidator, value: unknown): void => {
  if (validator(value) === true) return
  throw new SchemaViolation((validator.errors ?? []).map(issueOf))
}

const issueOf = ({ instancePath, message = 'invalid', params, ...rest }: JsonSchemaError): ValidationIssue => {
  // as Ajv called it before version 8
  const pointer = instancePath ?? (rest as { dataPath?: string }).dataPath ?? ''
  const extra = (params as { additionalProperty?: unknown } | undefined)?.additionalProperty
  return {
    path: pointer.split('/').slice(1).map(segmentOf),
    message: typeof extra === 'string' ? `${message}: ${extra}` : message,
  }
}

const segmentOf = (text: string): string | number =>
  /^\d+$/.test(text) ? Number(text) : text.replaceAll('~1', '/').replaceAll('~0', '~')
