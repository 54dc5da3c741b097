import { LastLookupMap } from '../../collections/last-lookup-map'
import { StreamsError } from '../../errors'
import { MissingDependency } from '../missing-dependency'
import type { SerdeUse } from '../serde'
import type { OwnSchema, ResolvedSchema, SchemaRegistry } from './schema-registry'

export interface RegistrySchemasOptions<Reader, Writer> {
  readonly registry: SchemaRegistry
  /** The schema to write with; without it, the subject's latest version. */
  readonly own: OwnSchema | undefined
  /** The registry's name of the format, and how messages call it. */
  readonly schemaType: 'AVRO' | 'JSON' | 'PROTOBUF'
  readonly formatName: string
  readonly autoRegister: boolean
  subject(topic: string): string
  /** How values with this schema are read. @throws if they can't be */
  reader(id: number, schema: ResolvedSchema): Reader
  /** How values are written: with the own schema, or with that of the registry. */
  writer(id: number, schema: ResolvedSchema | undefined): Writer
}

/** The schemas of a serde with a registry: by id for reading, by topic for writing. What is not known yet is a `MissingDependency`. */
export class RegistrySchemas<Reader, Writer> {
  private readonly readers = new Map<number, Reader>()
  private readonly writers = new LastLookupMap<Writer>()
  private readonly readable = new Set<string>()
  private lastId = -1
  private lastReader: Reader | undefined

  constructor(private readonly options: RegistrySchemasOptions<Reader, Writer>) {}

  /** @throws MissingDependency, StreamsError SCHEMA_NOT_FOUND, TypeError */
  reader(id: number, topic: string): Reader {
    if (id === this.lastId) return this.lastReader!
    let reader = this.readers.get(id)
    if (reader === undefined) {
      reader = this.newReader(id, topic)
      this.readers.set(id, reader)
    }
    this.lastId = id
    this.lastReader = reader
    return reader
  }

  /** @throws MissingDependency */
  writer(topic: string): Writer {
    const writer = this.writers.get(topic) ?? this.writerIfKnown(topic)
    if (writer !== undefined) return writer
    const { own, autoRegister, registry } = this.options
    const what = own === undefined || !autoRegister ? 'look up' : 'register'
    throw new MissingDependency(`${what} the schema of topic "${topic}" at ${registry.url}`, () =>
      this.prepare(topic, 'sink'),
    )
  }

  async prepare(topic: string, use: SerdeUse): Promise<void> {
    if (this.writers.get(topic) === undefined) this.writers.set(topic, await this.fetchWriter(topic))
    if (use === 'store' && !this.readable.has(topic)) {
      // a store is read during processing, which can't wait
      await this.options.registry.loadVersions(this.options.subject(topic))
      this.readable.add(topic)
    }
  }

  private newReader(id: number, topic: string): Reader {
    const { registry, schemaType, formatName } = this.options
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
    if (stored.schemaType !== schemaType) {
      throw new TypeError(`schema ${id} is of type ${stored.schemaType}, not ${formatName}`)
    }
    return this.options.reader(id, stored)
  }

  private stored(id: number, topic: string): ResolvedSchema | undefined {
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
      return this.options.subject(topic)
    } catch {
      return topic
    }
  }

  private writerIfKnown(topic: string): Writer | undefined {
    const { own, registry } = this.options
    if (own === undefined) return undefined
    const id = registry.knownId(this.options.subject(topic), own)
    if (id === undefined) return undefined
    const writer = this.options.writer(id, undefined)
    this.writers.set(topic, writer)
    return writer
  }

  private async fetchWriter(topic: string): Promise<Writer> {
    const { registry, own, autoRegister, schemaType, formatName } = this.options
    const subject = this.options.subject(topic)
    try {
      if (own !== undefined) {
        return this.options.writer(await registry.id(subject, own, { register: autoRegister }), undefined)
      }
      const { id } = await registry.latest(subject)
      const schema = await registry.schema(id)
      if (schema.schemaType !== schemaType) {
        throw new TypeError(`subject "${subject}" has a schema of type ${schema.schemaType}, not ${formatName}`)
      }
      return this.options.writer(id, schema)
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
      this.options.own === undefined ? 'pass the `schema` to write with' : 'register it, or leave `autoRegister` on'
    return new StreamsError(
      'SCHEMA_NOT_FOUND',
      `there is no schema to write topic "${topic}" with: ${error.message}; ${nextStep}`,
      { topic },
      { cause: error },
    )
  }
}
