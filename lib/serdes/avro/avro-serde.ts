import { PREFIX_BYTES, schemaIdOf, writePrefix } from '../registry/confluent-format'
import { RegistrySchemas } from '../registry/registry-schemas'
import type { ResolvedSchema, SchemaRegistry } from '../registry/schema-registry'
import type { Serde, SerdeUse } from '../serde'
import { withShortcuts } from '../shortcuts'
import type { AvroResolver, AvroType, AvroTypes } from './avro-types'
import { AvroEncoder, decode } from './encoding'
import type { AvroSchema } from './schema'
import { copyBytes } from '../../bytes/copy-bytes'
import { subjectOf, type SubjectStrategy } from '../registry/subjects'
import type { RecordHeaders } from '../../record/headers'

export interface AvroSerdeOptions {
  readonly registry: SchemaRegistry
  readonly types: AvroTypes
  /** The writer's schema; without it, the subject's latest version. */
  readonly schema: AvroSchema | undefined
  /** The reader's schema; without it, the writer's. */
  readonly readerSchema: AvroSchema | undefined
  readonly subject: SubjectStrategy
  readonly key: boolean
  readonly autoRegister: boolean
}

const INSTEAD = 'read Avro without a registry by serdes.avroBytes, other formats by their own serde'

/** Of `serialize`, which copies what is in it. */
const encoder = new AvroEncoder()

/** How values with one schema id are read. */
interface Reader {
  readonly type: AvroType
  readonly resolver: AvroResolver | undefined
  /** Top-level `bytes` follow the id unencoded, as Confluent's serializer writes them. */
  readonly bare: boolean
}

/** How values for one topic are written. */
interface Writer {
  readonly type: AvroType
  readonly id: number
  readonly bare: boolean
}

/** Avro in Confluent's wire format: `00 ‖ i32 schema id ‖ Avro binary`. */
export class AvroSerde implements Serde<unknown> {
  private readonly readerType: AvroType | undefined
  private readonly schemas: RegistrySchemas<Reader, Writer>

  constructor(private readonly options: AvroSerdeOptions) {
    const { registry, types, schema, readerSchema, subject, key, autoRegister } = options
    const writerType = schema === undefined ? undefined : types.of(schema)
    this.readerType =
      readerSchema === undefined ? undefined : readerSchema === schema ? writerType : types.of(readerSchema)
    const recordName = writerType === undefined ? undefined : recordOf(writerType)
    if (schema === undefined || subject !== 'topic') subjectOf(subject, '', key, recordName)
    this.schemas = new RegistrySchemas<Reader, Writer>({
      registry,
      own: schema === undefined ? undefined : { schema: JSON.stringify(schema), schemaType: 'AVRO', references: [] },
      schemaType: 'AVRO',
      formatName: 'Avro',
      autoRegister,
      subject: (topic) => subjectOf(subject, topic, key, recordName),
      reader: (id, stored) => this.newReader(id, stored),
      writer: (id, stored) => newWriter(stored === undefined ? writerType! : types.ofStored(stored), id),
    })
    withShortcuts(this, {
      newWriter: () => {
        const own = new AvroEncoder()
        return (topic, value) => this.write(topic, value, own)
      },
      readRange: (bytes, start, end, topic) => this.readRange(bytes, start, end, topic),
    })
  }

  serialize(topic: string, value: unknown): Buffer {
    return Buffer.from(this.write(topic, value, encoder))
  }

  private write(topic: string, value: unknown, encoder: AvroEncoder): Buffer {
    const { type, id, bare } = this.schemas.writer(topic)
    const bytes = bare ? encoder.copy(bytesOf(value), PREFIX_BYTES) : encoder.encode(type, value, PREFIX_BYTES)
    writePrefix(bytes, id)
    return bytes
  }

  deserialize(topic: string, bytes: Buffer, _headers: RecordHeaders): unknown {
    return this.readRange(bytes, 0, bytes.length, topic)
  }

  private readRange(bytes: Buffer, start: number, end: number, topic: string): unknown {
    const id = schemaIdOf(bytes, INSTEAD, start, end)
    const { type, resolver, bare } = this.schemas.reader(id, topic)
    if (bare) return copyBytes(bytes, start + PREFIX_BYTES, end)
    return decode(type, bytes, start, end, PREFIX_BYTES, resolver)
  }

  prepare(topic: string, use: SerdeUse): Promise<void> {
    return this.schemas.prepare(topic, use)
  }

  private newReader(id: number, stored: ResolvedSchema): Reader {
    const { types } = this.options
    const { readerType } = this
    try {
      const writerType = types.ofStored(stored)
      const bare = writerType.typeName === 'bytes'
      if (bare && readerType !== undefined && readerType.typeName !== 'bytes')
        throw new Error('bytes are read only as bytes')
      if (readerType === undefined) return { type: writerType, resolver: undefined, bare }
      return { type: readerType, resolver: types.resolver(readerType, stored), bare }
    } catch (error) {
      throw new TypeError(
        `what was written with schema ${id} can't be read as ${readerType?.name ?? readerType?.typeName ?? 'what it is'}: ` +
          (error as Error).message,
        { cause: error },
      )
    }
  }
}

const bytesOf = (value: unknown): Uint8Array => {
  if (value instanceof Uint8Array) return value
  throw new TypeError(`the schema is bytes, and takes a Buffer, got ${typeof value}`)
}

const newWriter = (type: AvroType, id: number): Writer => ({ type, id, bare: type.typeName === 'bytes' })

const recordOf = (type: AvroType) => ({
  name: type.typeName === 'record' ? type.name : undefined,
  kind: `the schema is of type ${type.typeName}`,
})
