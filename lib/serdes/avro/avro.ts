import { isObject, type Kind, kind, oneOf, optional, options as optionsOf, requireArgument } from '../../arguments'
import { REGISTRY_KINDS, registryOf, type RegistryOptions } from '../registry/registry-options'
import type { Serde } from '../serde'
import { withShortcuts } from '../shortcuts'
import { AvroSerde } from './avro-serde'
import { AvroTypes } from './avro-types'
import { AvroEncoder, decode } from './encoding'
import type { AvroLogicalTypes, NoLogicalTypes } from './logical-types'
import type { AvroValue } from './avro-value'
import type { AvroLong, AvroSchema } from './schema'

/** How Avro values look in JavaScript. */
export interface AvroValueOptions<Long extends AvroLong, Logical extends AvroLogicalTypes> {
  /** `long` as numbers, which fail beyond ±2^53, or as bigints. Default: `'number'`. */
  long?: Long
  /**
   * Conversions of logical types, in addition to the built-in ones: `timestamp-millis` and `date` are a `Date` (for a
   * date, midnight UTC), `decimal` is an exact string such as `'12.50'`, `uuid` a string. Others have the values of their
   * underlying type. `{ date: false }` keeps dates as numbers.
   */
  logicalTypes?: Logical
}

/** How Avro is written, read and registered. */
export interface AvroOptions<
  S extends AvroSchema,
  R extends AvroSchema,
  Long extends AvroLong,
  Logical extends AvroLogicalTypes,
>
  extends AvroValueOptions<Long, Logical>, RegistryOptions {
  /** The schema for writing and reading. Without it, values are read with the schema they were written with, and written with the subject's latest version. */
  schema?: S
  /** The schema for reading, if it differs. Default: `schema`. */
  readerSchema?: R
}

const SCHEMA = kind('an Avro schema', (value) => typeof value === 'string' || isObject(value) || Array.isArray(value))

const VALUE_KINDS: Readonly<Record<keyof AvroValueOptions<AvroLong, AvroLogicalTypes>, Kind>> = {
  long: oneOf('number', 'bigint'),
  logicalTypes: kind('logical types by their names', isObject),
}

const VALUE_OPTIONS = optional(optionsOf<AvroValueOptions<AvroLong, AvroLogicalTypes>>(VALUE_KINDS))

const OPTIONS = optionsOf<AvroOptions<AvroSchema, AvroSchema, AvroLong, AvroLogicalTypes>>(
  {
    ...VALUE_KINDS,
    ...REGISTRY_KINDS,
    schema: SCHEMA,
    readerSchema: SCHEMA,
  },
  ['registry'],
)

/**
 * Avro in Confluent's wire format (a zero byte, the schema's id, the value), with a schema registry. A schema written in
 * place, or `as const`, gives the type. Schemas are fetched and registered before a task starts or while a record waits
 * before it enters its task: see docs/formats.md for what happens while the registry is unavailable.
 *
 * @example
 * const registry = new SchemaRegistry({ url: 'http://localhost:8081' })
 * const order = serdes.avro({
 *   registry,
 *   schema: {
 *     type: 'record',
 *     name: 'Order',
 *     fields: [
 *       { name: 'id', type: 'string' },
 *       { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
 *       { name: 'note', type: ['null', 'string'], default: null },
 *     ],
 *   },
 * })
 * builder.stream('orders', { value: order })   // KStream<string, { id: string; amount: string; note: string | null }>
 *
 * @throws StreamsError INVALID_ARGUMENT for what is no Avro schema
 */
export const avro = <
  const S extends AvroSchema = never,
  const R extends AvroSchema = never,
  Long extends AvroLong = 'number',
  const Logical extends AvroLogicalTypes = NoLogicalTypes,
>(
  options: AvroOptions<S, R, Long, Logical>,
): Serde<AvroSerdeValue<S, R, Long, Logical>> => {
  requireArgument(options, OPTIONS, 'serdes.avro', 'options')
  const { registry, schema, readerSchema = schema, subject = 'topic', key = false, autoRegister = true } = options
  return new AvroSerde({
    registry: registryOf(registry),
    types: new AvroTypes(valueOptions(options)),
    schema,
    readerSchema,
    subject,
    key,
    autoRegister,
  }) as Serde<AvroSerdeValue<S, R, Long, Logical>>
}

/** The values of a serde with a registry, by the reader's schema. Without a schema, `unknown`. */
export type AvroSerdeValue<S, R, Long extends AvroLong, Logical extends AvroLogicalTypes> = [R] extends [never]
  ? [S] extends [never]
    ? unknown
    : AvroValue<S, Long, Logical>
  : AvroValue<R, Long, Logical>

/**
 * Plain Avro binary, without a registry: all values of the topic have this one schema.
 *
 * @example
 * const point = serdes.avroBytes({
 *   type: 'record',
 *   name: 'Point',
 *   fields: [{ name: 'x', type: 'double' }, { name: 'y', type: 'double' }],
 * })
 *
 * @throws StreamsError INVALID_ARGUMENT for what is no Avro schema
 */
export const avroBytes = <
  const S extends AvroSchema,
  Long extends AvroLong = 'number',
  const Logical extends AvroLogicalTypes = NoLogicalTypes,
>(
  schema: S,
  options: AvroValueOptions<Long, Logical> = {},
): Serde<AvroValue<S, Long, Logical>> => {
  requireArgument(schema, SCHEMA, 'serdes.avroBytes', 'schema')
  requireArgument(options, VALUE_OPTIONS, 'serdes.avroBytes', 'options')
  const type = new AvroTypes(valueOptions(options)).of(schema)
  const newWriter = (): ((topic: string, value: unknown) => Buffer) => {
    const encoder = new AvroEncoder()
    return (_topic, value) => encoder.encode(type, value, 0)
  }
  const write = newWriter()
  const readRange = (bytes: Buffer, start: number, end: number): unknown =>
    decode(type, bytes, start, end, 0, undefined)
  const serde: Serde<unknown> = {
    serialize: (topic, value) => Buffer.from(write(topic, value)),
    deserialize: (_topic, bytes) => readRange(bytes, 0, bytes.length),
  }
  withShortcuts(serde, { newWriter, readRange })
  return serde as Serde<AvroValue<S, Long, Logical>>
}

const valueOptions = ({ long = 'number', logicalTypes = {} }: AvroValueOptions<AvroLong, AvroLogicalTypes>) => ({
  long,
  logicalTypes,
})
