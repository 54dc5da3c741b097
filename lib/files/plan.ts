import type { ResolvedConfig } from '../config/config'
import { StreamsError } from '../errors'
import { nearestName } from '../nearest-name'
import type { Serde } from '../serdes/serde'
import type { SinkDefinition, SourceDefinition } from '../topology/definition'
import { readsTopic } from '../topology/topic-pattern'
import type { Topology } from '../topology/topology'

/** How the records of a topic are written and read. */
export interface TopicSerdes {
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
}

/** The topics of a topology, without its internal ones. */
export interface TopicPlan {
  readonly inputs: ReadonlyMap<string, TopicSerdes>
  /** Inputs of global tables and stores, which are complete before anything else is read. */
  readonly globals: ReadonlySet<string>
  readonly outputs: ReadonlyMap<string, TopicSerdes>
  /** All that the topology writes, whether or not there is a file for them. */
  readonly written: ReadonlySet<string>
  /** Of those: topics that the topology reads as well. */
  readonly readBack: ReadonlySet<string>
  /** All that have to exist. */
  readonly topics: ReadonlySet<string>
}

/** @throws StreamsError INVALID_ARGUMENT if files and topics don't match */
export const planTopics = (
  { definition }: Topology,
  inputs: readonly string[],
  outputs: readonly string[],
  { defaultKeySerde, defaultValueSerde }: ResolvedConfig,
): TopicPlan => {
  const internal = definition.repartitionTopics
  const sources = definition.nodes.filter((node): node is SourceDefinition => node.kind === 'source')
  const sinks = definition.nodes.filter((node): node is SinkDefinition => node.kind === 'sink')
  const written = sinks.flatMap(({ topic }) => (typeof topic === 'string' && !internal.has(topic) ? [topic] : []))
  const named = sources.flatMap(({ topics }) => (topics instanceof RegExp ? [] : topics))
  const read = named.filter((topic) => !internal.has(topic))
  const missing = read.find((topic) => !inputs.includes(topic) && !written.includes(topic))
  if (missing !== undefined) {
    throw invalid(
      `inputs has no file for source topic "${missing}"${suggestion(missing, inputs)}: add one, such as ndjson('${missing}.ndjson')`,
    )
  }
  const serdesOf = (node: SourceDefinition | SinkDefinition): TopicSerdes => ({
    key: (node.keySerde as Serde<unknown> | undefined) ?? defaultKeySerde,
    value: (node.valueSerde as Serde<unknown> | undefined) ?? defaultValueSerde,
  })
  const sourceOf = (topic: string): SourceDefinition | undefined =>
    sources.find(({ topics }) => readsTopic(topics, topic))
  const known = new Map<string, TopicSerdes>()
  for (const topic of inputs) {
    const source = sourceOf(topic)
    if (!source) throw invalid(`no source reads "${topic}", which inputs has a file for${suggestion(topic, read)}`)
    known.set(topic, serdesOf(source))
  }
  const chosen = sinks.find(({ topic }) => typeof topic === 'function')
  const files = new Map<string, TopicSerdes>()
  for (const topic of outputs) {
    const sink = sinks.find((node) => node.topic === topic) ?? chosen
    if (!sink) throw invalid(`no sink writes "${topic}", which outputs has a file for${suggestion(topic, written)}`)
    files.set(topic, serdesOf(sink))
  }
  const allWritten = [...outputs, ...written]
  return {
    inputs: known,
    globals: new Set([...(definition.globalStores?.values() ?? [])].map(({ topic }) => topic)),
    outputs: files,
    written: new Set(allWritten),
    readBack: new Set(allWritten.filter((topic) => sourceOf(topic) !== undefined)),
    topics: new Set([...inputs, ...allWritten]),
  }
}

const suggestion = (name: string, names: readonly string[]): string => {
  const near = nearestName(name, names)
  return near === undefined ? '' : `; there is "${near}"`
}

const invalid = (message: string): StreamsError => new StreamsError('INVALID_ARGUMENT', `runOnFiles: ${message}`)
