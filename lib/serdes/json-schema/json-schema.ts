import { BOOLEAN, callback, isObject, kind, options as optionsOf, requireArgument } from '../../arguments'
import { StreamsError } from '../../errors'
import { inOrder } from '../registry/references'
import { REGISTRY_KINDS, registryOf, type RegistryOptions } from '../registry/registry-options'
import type { Serde } from '../serde'
import { JsonSchemaSerde } from './json-schema-serde'
import { compileWithAjv, type JsonSchemaCompiler } from './validators'

/** How JSON with a schema is written, read and registered. */
export interface JsonSchemaOptions extends RegistryOptions {
  /** The schema for writing and reading. Without it, values are checked with the schema they were written with, and written with the subject's latest version. */
  schema?: object | boolean
  /** The schemas that it refers to, and those that these refer to, by their names in `$ref`. They are registered under subjects of these names. */
  references?: Readonly<Record<string, object | boolean>>
  /** Whether values are checked when they are read. Default: true. */
  validateReads?: boolean
  /** Whether values are checked before they are written. Default: true. */
  validateWrites?: boolean
  /**
   * Compiles schemas, for another version of Ajv, other drafts or formats: `(schema, references) => new Ajv2020({ allErrors: true }).compile(schema)`.
   * Default: Ajv 7, for drafts 4 to 7 and 2019-09; it does not check `format`.
   */
  compile?: JsonSchemaCompiler
}

const SCHEMA = kind('a JSON schema', (value) => isObject(value) || typeof value === 'boolean')

const OPTIONS = optionsOf<JsonSchemaOptions>(
  {
    ...REGISTRY_KINDS,
    schema: SCHEMA,
    references: kind('JSON schemas by their names', isObject),
    validateReads: BOOLEAN,
    validateWrites: BOOLEAN,
    compile: callback('a function that compiles a schema'),
  },
  ['registry'],
)

/**
 * JSON in Confluent's wire format (a zero byte, the schema's id, JSON text), with a schema registry. `T` is not checked at compile time; values
 * are checked against the schema when they are read and written: see `SchemaViolation`. Schemas are fetched as those of `serdes.avro`.
 *
 * @example
 * const order = serdes.jsonSchema<{ id: string; amount: number }>({
 *   registry,
 *   schema: {
 *     title: 'Order',
 *     type: 'object',
 *     required: ['id', 'amount'],
 *     properties: { id: { type: 'string' }, amount: { type: 'number', minimum: 0 } },
 *   },
 * })
 * builder.stream('orders', { value: order })
 *
 * @throws StreamsError INVALID_ARGUMENT for what is no JSON schema
 */
export const jsonSchema = <T>(options: JsonSchemaOptions): Serde<T> => {
  requireArgument(options, OPTIONS, 'serdes.jsonSchema', 'options')
  const { registry, schema, compile = compileWithAjv, subject = 'topic', key = false, autoRegister = true } = options
  const { validateReads = true, validateWrites = true, references = {} } = options
  const texts = Object.entries(references).map(([name, one]) => [name, JSON.stringify(one)] as const)
  const settings = { schema, references: inOrder(Object.fromEntries(texts)), compile, validateReads, validateWrites }
  try {
    return new JsonSchemaSerde({
      registry: registryOf(registry),
      ...settings,
      subject,
      key,
      autoRegister,
    }) as Serde<unknown> as Serde<T>
  } catch (error) {
    if (error instanceof StreamsError) throw error
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `serdes.jsonSchema can't use this schema: ${(error as Error).message}`,
      {},
      { cause: error },
    )
  }
}
