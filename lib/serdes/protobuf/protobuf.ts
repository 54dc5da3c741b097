import { isObject, kind, oneOf, options as optionsOf, requireArgument, text } from '../../arguments'
import { StreamsError } from '../../errors'
import { inOrder, type NamedSchema } from '../registry/references'
import { REGISTRY_KINDS, registryOf, type RegistryOptions } from '../registry/registry-options'
import type { Serde } from '../serde'
import { ProtobufSerde } from './protobuf-serde'
import { ProtoFile } from './proto-file'
import type { ProtobufLong } from './protobuf-long'

/** How Protobuf is written, read and registered. */
export interface ProtobufOptions extends RegistryOptions {
  /**
   * The text of a `.proto` file, for writing and reading. Without it, values are read with the schema they were written with, and
   * written with the subject's latest version.
   */
  schema?: string
  /** The message, by its name in the file's package, such as `Order` or `Order.Item`. Default: the first one of the file. */
  message?: string
  /**
   * The texts of the files that it imports, and of what these import, by their names in the imports. They are registered under subjects of
   * these names. `google/protobuf/…` is known.
   */
  references?: Readonly<Record<string, string>>
  /** 64-bit integers as numbers, which fail beyond ±2^53, or as bigints. Both can be written. Default: `'number'`. */
  long?: ProtobufLong
}

const OPTIONS = optionsOf<ProtobufOptions>(
  {
    ...REGISTRY_KINDS,
    schema: text('the text of a .proto file'),
    message: text('the name of a message'),
    references: kind('the texts of .proto files by their names', isObject),
    long: oneOf('number', 'bigint'),
  },
  ['registry'],
)

/**
 * Protobuf in Confluent's wire format (a zero byte, the schema's id, which message of the file it is, the message), with a schema
 * registry. Values are plain objects, with names of fields in camelCase; `T` is not checked at compile time, and what is written is
 * checked against the schema: see `SchemaViolation`. Schemas are fetched as those of `serdes.avro`.
 *
 * @example
 * const order = serdes.protobuf<{ id: string; amount: number }>({
 *   registry,
 *   schema: `
 *     syntax = "proto3";
 *     package shop;
 *     message Order {
 *       string id = 1;
 *       double amount = 2;
 *     }`,
 * })
 * builder.stream('orders', { value: order })
 *
 * @throws StreamsError INVALID_ARGUMENT for what is no `.proto` file
 */
export const protobuf = <T>(options: ProtobufOptions): Serde<T> => {
  requireArgument(options, OPTIONS, 'serdes.protobuf', 'options')
  const { registry, schema, message, long = 'number', subject = 'topic', key = false, autoRegister = true } = options
  const references = inOrder(options.references ?? {})
  return new ProtobufSerde({
    registry: registryOf(registry),
    file: schema === undefined ? undefined : parsed(schema, references, message),
    schema,
    references,
    message,
    long,
    subject,
    key,
    autoRegister,
  }) as Serde<unknown> as Serde<T>
}

const parsed = (schema: string, references: readonly NamedSchema[], message: string | undefined): ProtoFile => {
  try {
    const file = new ProtoFile(schema, references)
    file.message(message)
    return file
  } catch (error) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `serdes.protobuf can't use this .proto file: ${(error as Error).message}`,
      {},
      { cause: error },
    )
  }
}
