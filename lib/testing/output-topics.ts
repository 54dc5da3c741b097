import type { ResolvedConfig } from '../config/config'
import { StreamsError } from '../errors'
import { topicsOf } from '../handlers/handler-topics'
import { nearestName } from '../nearest-name'
import type { CompiledTopology } from '../topology/definition'
import type { ProducedRecord } from './recording-collector'

/** What was written and not read yet, by topic; and which topics can be written at all. */
export class OutputTopics {
  readonly #unread = new Map<string, ProducedRecord[]>()
  readonly #writable: Set<string>
  /** Something chooses topics as it runs. */
  readonly #anyTopic: boolean

  constructor(topology: CompiledTopology, config: ResolvedConfig) {
    const nodes = topology.subTopologies.flatMap((sub) => sub.nodes)
    const handlerTopics = [
      config.deserializationExceptionHandler,
      config.processingExceptionHandler,
      config.productionExceptionHandler,
    ].map(topicsOf)
    this.#anyTopic =
      nodes.some((node) => node.kind === 'sink' && typeof node.topic !== 'string') || handlerTopics.includes(undefined)
    this.#writable = new Set([
      ...topology.subTopologies.flatMap((sub) => sub.sinkTopics),
      ...nodes.flatMap((node) => (node.kind === 'processor' ? (node.deadLetterTopic ?? []) : [])),
      ...handlerTopics.flatMap((topics) => topics ?? []),
      ...topology.subTopologies.flatMap((sub) => [...sub.changelogTopics.keys()]),
    ])
  }

  /** Topics that something beside the topology writes. */
  add(topics: Iterable<string>): void {
    for (const topic of topics) this.#writable.add(topic)
  }

  file(record: ProducedRecord): void {
    const unread = this.#unread.get(record.topic)
    if (unread === undefined) this.#unread.set(record.topic, [record])
    else unread.push(record)
  }

  /** Readers shift it. @throws StreamsError INVALID_ARGUMENT for a topic that nothing can write */
  unread(topic: string): ProducedRecord[] {
    const unread = this.#unread.get(topic)
    if (unread !== undefined) return unread
    if (this.#anyTopic || this.#writable.has(topic)) return []
    const topics = [...this.#writable]
    const near = nearestName(topic, topics)
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `nothing writes to topic "${topic}"${near === undefined ? '' : ` (did you mean "${near}"?)`}: the topology writes to ` +
        (topics.map((name) => `"${name}"`).join(', ') || 'no topic'),
      { topic },
    )
  }
}
