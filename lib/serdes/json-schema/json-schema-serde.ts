import type { RecordHeaders } from '../../record/headers'
import { PREFIX_BYTES, schemaIdOf, writePrefix } from '../registry/confluent-format'
import type { NamedSchema } from '../registry/references'
import { RegistrySchemas } from '../registry/registry-schemas'
import type { SchemaRegistry } from '../registry/schema-registry'
import { subjectOf, type SubjectStrategy } from '../registry/subjects'
import type { Serde, SerdeUse } from '../serde'
import { check, type JsonSchemaCompiler, type JsonSchemaValidator } from './validators'

export interface JsonSchemaSerdeOptions {
  readonly registry: SchemaRegistry
  readonly schema: object | boolean | undefined
  readonly references: readonly NamedSchema[]
  readonly compile: JsonSchemaCompiler
  readonly validateReads: boolean
  readonly validateWrites: boolean
  readonly subject: SubjectStrategy
  readonly key: boolean
  readonly autoRegister: boolean
}

interface Writer {
  readonly id: number
  readonly validator: JsonSchemaValidator | undefined
}

/** JSON in Confluent's wire format: `00 ‖ i32 schema id ‖ JSON text`. */
export class JsonSchemaSerde implements Serde<unknown> {
  private readonly schemas: RegistrySchemas<JsonSchemaValidator | undefined, Writer>

  constructor(options: JsonSchemaSerdeOptions) {
    const { registry, schema, references, subject, key, autoRegister, validateReads, validateWrites } = options
    const compile = (text: string, named: readonly NamedSchema[]): JsonSchemaValidator =>
      options.compile(parse(text), Object.fromEntries(named.map(({ name, schema: one }) => [name, parse(one)])))
    const own = schema === undefined ? undefined : JSON.stringify(schema)
    const validator = own !== undefined && (validateReads || validateWrites) ? compile(own, references) : undefined
    const title = typeof schema === 'object' ? (schema as { title?: unknown }).title : undefined
    const record =
      own === undefined
        ? undefined
        : { name: typeof title === 'string' ? title : undefined, kind: 'the schema has no title' }
    if (own === undefined || subject !== 'topic') subjectOf(subject, '', key, record)
    this.schemas = new RegistrySchemas<JsonSchemaValidator | undefined, Writer>({
      registry,
      own: own === undefined ? undefined : { schema: own, schemaType: 'JSON', references },
      schemaType: 'JSON',
      formatName: 'JSON Schema',
      autoRegister,
      subject: (topic) => subjectOf(subject, topic, key, record),
      reader: (_id, stored) => {
        if (!validateReads) return undefined
        return validator ?? compile(stored.schema, stored.references)
      },
      writer: (id, stored) => {
        if (!validateWrites) return { id, validator: undefined }
        return { id, validator: stored === undefined ? validator : compile(stored.schema, stored.references) }
      },
    })
  }

  serialize(topic: string, value: unknown): Buffer {
    const { id, validator } = this.schemas.writer(topic)
    const text = JSON.stringify(value) as string | undefined
    if (text === undefined) throw new TypeError(`JSON has no form for a ${typeof value}`)
    // what is written, which toJSON and undefined can make another value
    if (validator !== undefined) check(validator, JSON.parse(text))
    const bytes = Buffer.allocUnsafe(PREFIX_BYTES + Buffer.byteLength(text))
    writePrefix(bytes, id)
    bytes.write(text, PREFIX_BYTES)
    return bytes
  }

  deserialize(topic: string, bytes: Buffer, _headers: RecordHeaders): unknown {
    const id = schemaIdOf(bytes, 'read JSON without a registry by serdes.json')
    const validator = this.schemas.reader(id, topic)
    const value: unknown = JSON.parse(bytes.toString('utf8', PREFIX_BYTES))
    if (validator !== undefined) check(validator, value)
    return value
  }

  prepare(topic: string, use: SerdeUse): Promise<void> {
    return this.schemas.prepare(topic, use)
  }
}

const parse = (text: string): object | boolean => JSON.parse(text) as object | boolean
