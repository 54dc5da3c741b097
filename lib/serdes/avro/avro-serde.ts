import { StreamsError } from '../../errors'
import { MissingDependency } from '../missing-dependency'
import type { SchemaRegistry } from '../registry/schema-registry'
import type { Serde, SerdeUse } from '../serde'
import type { AvroResolver, AvroType, AvroTypes } from './avro-types'
import { decode, encode } from './encoding'
import type { AvroSchema } from './schema'
import { subjectOf, type SubjectStrategy } from './subjects'
import type { RecordHeaders } from '../../record/headers'

const MAGIC = 0
/** Magic byte and schema id. */
const PREFIX_BYTES = 5

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
  private readonly writerType: AvroType | undefined
  private readonly readerType: AvroType | undefined
  private readonly schemaText: string | undefined
  private readonly readers = new Map<number, Reader>()
  private readonly writers = new Map<string, Writer>()
  private readonly readable = new Set<string>()
  private lastId = -1
  private lastReader: Reader | undefined

  constructor(private readonly options: AvroSerdeOptions) {
    const { types, schema, readerSchema } = options
    this.writerType = schema === undefined ? undefined : types.of(schema)
    this.schemaText = schema === undefined ? undefined : JSON.stringify(schema)
    this.readerType =
      readerSchema === undefined ? undefined : readerSchema === schema ? this.writerType : types.of(readerSchema)
    if (schema === undefined || options.subject !== 'topic')
      subjectOf(options.subject, '', options.key, this.writerType)
  }

  serialize(topic: string, value: unknown): Buffer {
    const writer = this.writers.get(topic) ?? this.writerIfKnown(topic)
    if (writer === undefined) {
      const what = this.schemaText === undefined || !this.options.autoRegister ? 'look up' : 'register'
      throw new MissingDependency(`${what} the schema of topic "${topic}" at ${this.options.registry.url}`, () =>
        this.prepare(topic, 'sink'),
      )
    }
    let bytes: Buffer
    if (writer.bare) {
      if (!(value instanceof Uint8Array))
        throw new TypeError(`the schema is bytes, and takes a Buffer, got ${typeof value}`)
      bytes = Buffer.allocUnsafe(PREFIX_BYTES + value.length)
      bytes.set(value, PREFIX_BYTES)
    } else {
      bytes = encode(writer.type, value, PREFIX_BYTES)
    }
    bytes[0] = MAGIC
    bytes.writeInt32BE(writer.id, 1)
    return bytes
  }

  deserialize(topic: string, bytes: Buffer, _headers: RecordHeaders): unknown {
    if (bytes.length < PREFIX_BYTES || bytes[0] !== MAGIC) throw foreign(bytes)
    const id = bytes.readInt32BE(1)
    const { type, resolver, bare } = id === this.lastId ? this.lastReader! : this.reader(id, topic)
    return bare ? Buffer.from(bytes.subarray(PREFIX_BYTES)) : decode(type, bytes, PREFIX_BYTES, resolver)
  }

  async prepare(topic: string, use: SerdeUse): Promise<void> {
    if (!this.writers.has(topic)) this.writers.set(topic, await this.fetchWriter(topic))
    if (use === 'store' && !this.readable.has(topic)) {
      // a store is read during processing, which can't wait
      await this.options.registry.loadVersions(this.subject(topic))
      this.readable.add(topic)
    }
  }

  private subject(topic: string): string {
    const { subject, key } = this.options
    return subjectOf(subject, topic, key, this.writerType)
  }

  private reader(id: number, topic: string): Reader {
    let reader = this.readers.get(id)
    if (reader === undefined) {
      reader = this.newReader(id, topic)
      this.readers.set(id, reader)
    }
    this.lastId = id
    this.lastReader = reader
    return reader
  }

  private newReader(id: number, topic: string): Reader {
    const { registry, types } = this.options
    const stored = this.stored(id, topic)
    if (stored === undefined) {
      throw new MissingDependency(`get schema ${id} from ${registry.url}`, async () => {
        try {
          await registry.schema(id)
        } catch (error) {
          throw this.unknownId(id, topic, error)
        }
      })
    }
    if (stored.schemaType !== 'AVRO') throw new TypeError(`schema ${id} is of type ${stored.schemaType}, not Avro`)
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

  private stored(id: number, topic: string) {
    try {
      return this.options.registry.known(id)
    } catch (error) {
      throw this.unknownId(id, topic, error)
    }
  }

  private unknownId(id: number, topic: string, error: unknown): unknown {
    if (!(error instanceof StreamsError) || error.code !== 'SCHEMA_NOT_FOUND') return error
    return new StreamsError(
      'SCHEMA_NOT_FOUND',
      `the registry ${this.options.registry.url} does not have schema ${id} (looked for subject ` +
        `"${this.subjectText(topic)}"): the record was written with another registry, or the schema was deleted there for good`,
      { topic },
      { cause: error },
    )
  }

  private subjectText(topic: string): string {
    try {
      return this.subject(topic)
    } catch {
      return topic
    }
  }

  private writerIfKnown(topic: string): Writer | undefined {
    const { writerType, schemaText } = this
    if (writerType === undefined || schemaText === undefined) return undefined
    const id = this.options.registry.knownId(this.subject(topic), schemaText)
    if (id === undefined) return undefined
    const writer = newWriter(writerType, id)
    this.writers.set(topic, writer)
    return writer
  }

  private async fetchWriter(topic: string): Promise<Writer> {
    const { registry, types, autoRegister } = this.options
    const subject = this.subject(topic)
    try {
      if (this.writerType !== undefined && this.schemaText !== undefined) {
        return newWriter(this.writerType, await registry.id(subject, this.schemaText, { register: autoRegister }))
      }
      const { id } = await registry.latest(subject)
      return newWriter(types.ofStored(await registry.schema(id)), id)
    } catch (error) {
      throw this.unwritable(topic, subject, error)
    }
  }

  private unwritable(topic: string, subject: string, error: unknown): unknown {
    if (!(error instanceof StreamsError)) return error
    if (error.code === 'SCHEMA_REJECTED') {
      return new StreamsError(
        'SCHEMA_REJECTED',
        `the registry refuses the schema for topic "${topic}": ${error.message}. Make it compatible with the versions of subject ` +
          `"${subject}", or change the compatibility that the registry asks of it`,
        { topic },
        { cause: error },
      )
    }
    if (error.code !== 'SCHEMA_NOT_FOUND') return error
    const nextStep =
      this.schemaText === undefined ? 'pass the `schema` to write with' : 'register it, or leave `autoRegister` on'
    return new StreamsError(
      'SCHEMA_NOT_FOUND',
      `there is no schema to write topic "${topic}" with: ${error.message}; ${nextStep}`,
      { topic },
      { cause: error },
    )
  }
}

const newWriter = (type: AvroType, id: number): Writer => ({ type, id, bare: type.typeName === 'bytes' })

const foreign = (bytes: Buffer): RangeError =>
  new RangeError(
    `Confluent's format begins with 00 and the schema's id, got ${bytes.length} bytes: ${bytes.subarray(0, 8).toString('hex')}; ` +
      'read Avro without a registry by serdes.avroBytes, other formats by their own serde',
  )
