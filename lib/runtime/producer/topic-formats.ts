import { StreamsError } from '../../errors'
import { nearestName } from '../../nearest-name'
import type { RecordHeaders } from '../../record/headers'
import { isPromise } from '../../promise'
import { whenPrepared } from '../../serdes/missing-dependency'
import { type AppDefaults, keySerdeOf, valueSerdeOf } from '../../serdes/open-serde'
import type { Serde } from '../../serdes/serde'
import { asBytes } from '../../serdes/serde-results'
import type { SinkDefinition, SourceDefinition, StreamPartitioner, TopologyDefinition } from '../../topology/definition'
import { readsTopic } from '../../topology/topic-pattern'
import { asError } from '../failure/task-failure'
import type { ProducerTopics } from './record-producer'

/** Key and value as bytes. */
export interface Encoded {
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** How the records of one topic are written. */
export interface TopicFormat {
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
  readonly partitioner: StreamPartitioner<unknown, unknown> | undefined
}

/** The formats of a producer's topics: as they are given, else as the topology reads or writes them. */
export class TopicFormats {
  private readonly known = new Map<string, TopicFormat>()

  constructor(
    private readonly topics: ProducerTopics,
    private readonly defaults: AppDefaults,
    private readonly topology?: TopologyDefinition,
  ) {}

  /** @throws StreamsError INVALID_ARGUMENT */
  of(topic: string): TopicFormat {
    let format = this.known.get(topic)
    if (format === undefined) {
      format = this.find(topic)
      this.known.set(topic, format)
    }
    return format
  }

  private find(topic: string): TopicFormat {
    const given = Object.hasOwn(this.topics, topic) ? this.topics[topic] : undefined
    const node = this.nodeOf(topic)
    if (given === undefined && node === undefined) throw this.unknown(topic)
    return {
      key: given?.key ?? keySerdeOf<unknown>(node?.keySerde, this.defaults),
      value: given?.value ?? valueSerdeOf<unknown>(node?.valueSerde, this.defaults),
      partitioner: (given?.partitioner as StreamPartitioner<unknown, unknown> | undefined) ?? this.partitionerOf(topic),
    }
  }

  /** What the topology reads has to be readable by it: so its source takes precedence over its sink. */
  private nodeOf(topic: string): SourceDefinition | SinkDefinition | undefined {
    if (this.topology?.repartitionTopics.has(topic)) return undefined
    return (
      this.sources.find((source) => readsTopic(source.topics, topic)) ?? this.sinks.find((sink) => sink.topic === topic)
    )
  }

  private partitionerOf(topic: string): StreamPartitioner<unknown, unknown> | undefined {
    return this.sinks.find((sink) => sink.topic === topic && sink.partitioner !== undefined)?.partitioner as
      StreamPartitioner<unknown, unknown> | undefined
  }

  private get sources(): SourceDefinition[] {
    return (this.topology?.nodes ?? []).filter((node) => node.kind === 'source')
  }

  private get sinks(): SinkDefinition[] {
    return (this.topology?.nodes ?? []).filter((node) => node.kind === 'sink')
  }

  private unknown(topic: string): StreamsError {
    const names = new Set(Object.keys(this.topics))
    for (const { topics } of this.sources) if (!(topics instanceof RegExp)) for (const name of topics) names.add(name)
    for (const { topic: name } of this.sinks) if (typeof name === 'string') names.add(name)
    for (const name of this.topology?.repartitionTopics.keys() ?? []) names.delete(name)
    const near = nearestName(topic, [...names])
    const known = [...names].map((name) => `"${name}"`).join(', ') || 'none'
    return new StreamsError(
      'INVALID_ARGUMENT',
      `the producer does not know topic "${topic}"${near === undefined ? '' : ` (did you mean "${near}"?)`}: name it with its serdes in ` +
        `the producer's \`topics\`. It knows: ${known}`,
      { topic },
    )
  }
}

/** Serializes a record; a promise if a serde has to fetch something first. @throws StreamsError SERIALIZATION_FAILED, INVALID_ARGUMENT */
export const encode = (
  format: TopicFormat,
  topic: string,
  key: unknown,
  value: unknown,
  headers: RecordHeaders,
): Encoded | Promise<Encoded> => {
  const keyBytes = part('key', format.key, topic, key, headers)
  let valueBytes: ReturnType<typeof part>
  try {
    valueBytes = part('value', format.value, topic, value, headers)
  } catch (error) {
    // nobody looks at the key's failure any longer
    if (isPromise(keyBytes)) keyBytes.catch(() => {})
    throw error
  }
  if (!isPromise(keyBytes) && !isPromise(valueBytes)) return { key: keyBytes, value: valueBytes }
  return Promise.all([keyBytes, valueBytes]).then(([key, value]) => ({ key, value }))
}

const part = (
  name: 'key' | 'value',
  serde: Serde<unknown>,
  topic: string,
  object: unknown,
  headers: RecordHeaders,
): Buffer | null | Promise<Buffer | null> => {
  if (object === undefined) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `send() to "${topic}" needs a ${name}, and got undefined: null is ${name === 'key' ? 'none' : 'a tombstone'}`,
      { topic },
    )
  }
  if (object === null) return null
  try {
    const bytes = whenPrepared(() => asBytes(serde.serialize(topic, object, headers)))
    if (!isPromise(bytes)) return bytes
    return bytes.catch((error: unknown) => {
      throw unwritable(name, topic, error)
    })
  } catch (error) {
    throw unwritable(name, topic, error)
  }
}

/** What a registry reports tells more by its own code. */
const unwritable = (name: 'key' | 'value', topic: string, error: unknown): StreamsError =>
  error instanceof StreamsError
    ? error
    : new StreamsError(
        'SERIALIZATION_FAILED',
        `the ${name} of a record for topic "${topic}" can't be written with its serde: ${asError(error).message}. ` +
          `Pass what the serde writes, or another serde in the producer's \`topics\``,
        { topic },
        { cause: error },
      )
