import { BOOLEAN, kind, optional, options as optionsOf, requireArgument } from '../arguments'
import { utf8Text } from '../bytes/buffer-text'
import { isPromise } from '../promise'
import { MAGIC, PREFIX_BYTES } from './registry/confluent-format'
import type { Serde } from './serde'
import { withShortcuts } from './shortcuts'
import { SchemaViolation } from './schema-violation'
import { WrittenValue } from './written-value'
import type { StandardSchema, ValidatedBy } from './standard-schema'

const write = (value: unknown): string => {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new TypeError(`JSON has no form for a ${typeof value}`)
  if (text === '{}') requireObject(value)
  return text
}

/** What JSON writes as `{}`, whatever it has in it. */
const requireObject = (value: unknown): void => {
  if (isPromise(value)) throw new TypeError('JSON has no form for a promise: await it first, as in mapValuesAsync')
  if (value instanceof Map || value instanceof Set) {
    const name = value instanceof Map ? 'Map' : 'Set'
    throw new TypeError(`JSON has no form for a ${name}: make it a list, as in [...values], or an object`)
  }
}

const NULL = Buffer.from('null')
const LONG_BYTES = 8

/** Unvalidated JSON. */
export class JsonSerde implements Serde<unknown> {
  /** `parsesAlone`: what is read is what `JSON.parse` returns. */
  constructor(parsesAlone = true) {
    // JSON.stringify escapes lone surrogates
    withShortcuts(this, {
      toText: (value) => this.toText(value),
      readRange: (bytes, start, end) => this.readRange(bytes, start, end),
      // what JSON.stringify has written, it writes again
      ...(parsesAlone && { unread: (bytes: Buffer) => (bytes.equals(NULL) ? null : new WrittenValue(bytes)) }),
    })
  }

  serialize(_topic: string, value: unknown): Buffer {
    return Buffer.from(this.toText(value), 'utf8')
  }

  protected toText(value: unknown): string {
    return write(value)
  }

  deserialize(_topic: string, bytes: Buffer): unknown {
    return this.readRange(bytes, 0, bytes.length)
  }

  protected readRange(bytes: Buffer, start: number, end: number): unknown {
    return parse(bytes, start, end)
  }
}

/** Confluent's format, and a number of 8 bytes, are common mistakes: they begin with a zero byte, which no JSON does. */
const parse = (bytes: Buffer, start: number, end: number): unknown => {
  try {
    return JSON.parse(utf8Text(bytes, start, end))
  } catch (error) {
    if (end - start <= PREFIX_BYTES || bytes[start] !== MAGIC) throw error
    const schema = bytes.readInt32BE(start + 1)
    // ids of schemas begin at 1
    if (end - start === LONG_BYTES && schema === 0) {
      const long = bytes.readUIntBE(start + PREFIX_BYTES, LONG_BYTES - PREFIX_BYTES)
      throw new SyntaxError(`it is no JSON, but 8 bytes that are ${long} as a long: read it by serdes.long()`, {
        cause: error,
      })
    }
    throw new SyntaxError(
      `it is no JSON, but begins like Confluent's format, with schema ${schema} of a registry: read it by ` +
        'serdes.jsonSchema, serdes.avro or serdes.protobuf, whichever that schema is of',
      { cause: error },
    )
  }
}

const jsonSerde = new JsonSerde()

/** The fallback for values without a serde: distinct from a `serdes.json()` that the user passes. */
export const fallbackJson = new JsonSerde()

/** How a schema checks JSON. */
export interface JsonOptions {
  /**
   * Whether values are also validated when written, so that whatever is written can be read again. It costs parsing
   * what was just written. Default: true.
   */
  validateWrites?: boolean
}

const SCHEMA = optional(
  kind(
    'a validator that implements Standard Schema (it has a "~standard" property), such as a schema of zod 3.24, valibot 1 ' +
      'or arktype 2; without one it takes no argument, as in serdes.json<Order>()',
    (value) => typeof (value as Partial<StandardSchema> | null)?.['~standard']?.validate === 'function',
  ),
)

const OPTIONS = optional(optionsOf<JsonOptions>({ validateWrites: BOOLEAN }))

/**
 * JSON text in UTF-8, checked by a Standard Schema validator (zod, valibot, arktype …), which also provides the
 * type. A value that it rejects fails the record, with the paths and messages of its issues. Values are what the
 * validator returns for the parsed text, with its defaults and transformations. Validation must be synchronous.
 *
 * @example
 * const Order = z.object({ id: z.string(), amount: z.number().positive() })
 * const orders = builder.stream('orders', { value: serdes.json(Order) })   // KStream<string, { id: string; amount: number }>
 */
export function json<S extends StandardSchema>(schema: S, options?: JsonOptions): Serde<ValidatedBy<S>>
/** JSON text in UTF-8. `T` is not checked at run time. */
export function json<T>(): Serde<T>
export function json(schema?: StandardSchema, options: JsonOptions = {}): Serde<unknown> {
  requireArgument(schema, SCHEMA, 'serdes.json', 'schema')
  requireArgument(options, OPTIONS, 'serdes.json', 'options')
  return schema === undefined ? jsonSerde : checkedJson(schema, options)
}

const checkedJson = (schema: StandardSchema, { validateWrites = true }: JsonOptions): Serde<unknown> => {
  return new CheckedJsonSerde(schema, validateWrites)
}

class CheckedJsonSerde extends JsonSerde {
  constructor(
    private readonly schema: StandardSchema,
    private readonly validateWrites: boolean,
  ) {
    super(false)
  }

  protected override toText(value: unknown): string {
    const text = write(value)
    if (this.validateWrites) validate(this.schema, JSON.parse(text))
    return text
  }

  protected override readRange(bytes: Buffer, start: number, end: number): unknown {
    return validate(this.schema, super.readRange(bytes, start, end))
  }
}

const validate = (schema: StandardSchema, value: unknown): unknown => {
  const standard = schema['~standard']
  const result = standard.validate(value)
  if (isPromise(result)) {
    result.catch(() => {})
    throw new TypeError(
      `this ${standard.vendor} schema validates asynchronously, and serdes are synchronous: take what awaits out of the schema, ` +
        'and do it in an operator',
    )
  }
  if (result.issues === undefined) return result.value
  throw new SchemaViolation(result.issues)
}
