import type { RecordHeaders } from '../../record/headers'
import { PREFIX_BYTES, schemaIdOf, writePrefix } from '../registry/confluent-format'
import type { NamedSchema } from '../registry/references'
import { RegistrySchemas } from '../registry/registry-schemas'
import type { ResolvedSchema, SchemaRegistry } from '../registry/schema-registry'
import { subjectOf, type SubjectStrategy } from '../registry/subjects'
import { SchemaViolation } from '../schema-violation'
import type { Serde, SerdeUse } from '../serde'
import { messageIndexBytes, MessageIndexReader } from './message-indexes'
import { decodeMessage, type MessageType, nameOf, ProtoFile } from './proto-file'
import type { ProtobufLong } from './protobuf-long'
import { ProtobufValues } from './values'

export interface ProtobufSerdeOptions {
  readonly registry: SchemaRegistry
  readonly file: ProtoFile | undefined
  /** Its text. */
  readonly schema: string | undefined
  readonly references: readonly NamedSchema[]
  readonly message: string | undefined
  readonly long: ProtobufLong
  readonly subject: SubjectStrategy
  readonly key: boolean
  readonly autoRegister: boolean
}

interface Writer {
  readonly type: MessageType
  /** Magic byte, id and message indexes. */
  readonly prefix: Buffer
}

/** Protobuf in Confluent's wire format: `00 ‖ i32 schema id ‖ message indexes ‖ message`. */
export class ProtobufSerde implements Serde<unknown> {
  private readonly values: ProtobufValues
  private readonly schemas: RegistrySchemas<WriterMessages, Writer>
  private readonly indexes = new MessageIndexReader()

  constructor({ registry, file, schema, references, message, long, subject, key, autoRegister }: ProtobufSerdeOptions) {
    const type = file?.message(message)
    this.values = new ProtobufValues(long)
    const record = type && { name: nameOf(type), kind: '' }
    if (type === undefined) subjectOf(subject, '', key, undefined)
    this.schemas = new RegistrySchemas<WriterMessages, Writer>({
      registry,
      own: schema === undefined ? undefined : { schema, schemaType: 'PROTOBUF', references },
      schemaType: 'PROTOBUF',
      formatName: 'Protobuf',
      autoRegister,
      subject: (topic) => subjectOf(subject, topic, key, record),
      reader: (id, stored) => new WriterMessages(id, stored, type),
      writer: (id, stored) => {
        const writerFile = stored === undefined ? file! : new ProtoFile(stored.schema, stored.references)
        return newWriter(id, writerFile, writerFile.message(message))
      },
    })
  }

  serialize(topic: string, value: unknown): Buffer {
    const { type, prefix } = this.schemas.writer(topic)
    return Buffer.concat([prefix, type.encode(this.values.toMessage(type, value)).finish()])
  }

  deserialize(topic: string, bytes: Buffer, _headers: RecordHeaders): unknown {
    const id = schemaIdOf(bytes, 'read other formats by their own serde')
    const { indexes } = this
    const type = this.schemas.reader(id, topic).at(indexes.read(bytes, PREFIX_BYTES))
    try {
      return this.values.fromMessage(type, decodeMessage(type, bytes.subarray(indexes.end)))
    } catch (error) {
      if (error instanceof SchemaViolation) throw error
      throw new TypeError(`the bytes are no message ${nameOf(type)}: ${(error as Error).message}`, { cause: error })
    }
  }

  prepare(topic: string, use: SerdeUse): Promise<void> {
    return this.schemas.prepare(topic, use)
  }
}

/** The messages of a file that values were written with: a topic may have several of them. */
class WriterMessages {
  private file: ProtoFile | undefined
  private readonly types = new Map<string, MessageType>()
  private first: MessageType | undefined

  constructor(
    private readonly id: number,
    private readonly stored: ResolvedSchema,
    /** The only one that is expected, read with the reader's own fields. */
    private readonly expected: MessageType | undefined,
  ) {}

  at(indexes: readonly number[]): MessageType {
    if (indexes.length === 1 && indexes[0] === 0) return (this.first ??= this.find(indexes))
    const key = indexes.join()
    let type = this.types.get(key)
    if (type === undefined) this.types.set(key, (type = this.find(indexes)))
    return type
  }

  private find(indexes: readonly number[]): MessageType {
    let written: MessageType
    try {
      this.file ??= new ProtoFile(this.stored.schema, this.stored.references)
      written = this.file.at(indexes)
    } catch (error) {
      throw new TypeError(`what was written with schema ${this.id} can't be read: ${(error as Error).message}`, {
        cause: error,
      })
    }
    if (this.expected === undefined) return written
    if (nameOf(this.expected) === nameOf(written)) return this.expected
    throw new TypeError(
      `it is a message ${nameOf(written)} (schema ${this.id}), and the serde reads ${nameOf(this.expected)}: pass { message } of what ` +
        'the topic has, or no schema to read all of them',
    )
  }
}

const newWriter = (id: number, file: ProtoFile, type: MessageType): Writer => {
  const indexes = messageIndexBytes(file.indexesOf(type))
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES + indexes.length)
  writePrefix(prefix, id)
  prefix.set(indexes, PREFIX_BYTES)
  return { type, prefix }
}
