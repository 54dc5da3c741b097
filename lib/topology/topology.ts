import {
  callback,
  either,
  type Kind,
  kind,
  listOf,
  NAME,
  optional,
  options as optionsOf,
  POSITIVE_DURATION,
  SERDE,
} from '../arguments'
import { requireArgument } from '../topology-arguments'
import { type Duration, toMilliseconds } from '../durations'
import { TopologyError } from '../errors'
import type { ProcessorSupplier } from '../operators/processor'
import type { Serde } from '../serdes/serde'
import type { StateStore, StoreBuilder } from '../state/store'
import type { StreamPartitioner, TimestampExtractor, TopologyDefinition, TopicNameExtractor } from './definition'
import { DefinitionBuilder } from './definition-builder'
import { describe } from './describe'
import { descriptionOf, type TopologyDescription } from './description'
import { nameProblem } from './naming/names'
import { requireNewInstances } from './new-instances'
import { OFFSET_RESETS, type OffsetReset, offsetResetText } from './offset-reset'
import { STORE, STORE_REFERENCES, type StoreReferences, storeReferences } from './store-reference'
import type { RecordContext } from '../record/record-context'

/** How a source reads. */
export interface SourceOptions<K, V> {
  /** Default: the app's `defaultKeySerde`. */
  key?: Serde<K>
  /** Default: the app's `defaultValueSerde`. */
  value?: Serde<V>
  /** Default: the record's own timestamp. */
  timestampExtractor?: TimestampExtractor<NoInfer<K>, NoInfer<V>>
  /** Where to begin without a committed offset, such as `'latest'` or `{ byDuration: '1h' }`. Default: the app's `autoOffsetReset`. */
  offsetReset?: OffsetReset
  /**
   * If no record has come for so long by the wall clock, stream time follows it: from the largest timestamp so far it advances as
   * much as the wall clock has since then, so that windows, sessions, joins and suppressions close. Records that come afterwards
   * with older timestamps are late. It counts for a task as a whole, all of whose inputs have to be without records; of several
   * sources of a task the longest counts. Each repartition topic on the way adds as much again. An empty input partition of this
   * source is waited for no longer than this, whatever `maxTaskIdle` says. Default: stream time advances with records only.
   */
  idleAfter?: Duration
}

/** How a sink writes. */
export interface SinkOptions<K, V> {
  /** Default: the app's `defaultKeySerde`. */
  key?: Serde<K>
  /** Default: the app's `defaultValueSerde`. */
  value?: Serde<V>
  /** Default: murmur2 of the key's bytes, as every Kafka client does it; records without a key go anywhere. */
  partitioner?: StreamPartitioner<K, V>
}

export const SOURCE_KINDS: Readonly<Record<keyof SourceOptions<unknown, unknown>, Kind>> = {
  key: SERDE,
  value: SERDE,
  timestampExtractor: callback('a function that gives a timestamp'),
  offsetReset: kind(OFFSET_RESETS, (value) => offsetResetText(value) !== undefined),
  idleAfter: POSITIVE_DURATION,
}

export const idleMilliseconds = (idleAfter: Duration | undefined): number | undefined =>
  idleAfter === undefined ? undefined : toMilliseconds(idleAfter, 'idleAfter')

const SOURCE_OPTIONS = optional(optionsOf<SourceOptions<unknown, unknown>>(SOURCE_KINDS))

const { idleAfter: _, ...GLOBAL_SOURCE_KINDS } = SOURCE_KINDS

const GLOBAL_SOURCE_OPTIONS = optional(
  optionsOf<Omit<SourceOptions<unknown, unknown>, 'idleAfter'>>(GLOBAL_SOURCE_KINDS),
)

const SINK_OPTIONS = optional(
  optionsOf<SinkOptions<unknown, unknown>>({
    key: SERDE,
    value: SERDE,
    partitioner: callback('a function that chooses partitions'),
  }),
)

const NAMES = either(NAME, listOf(NAME))

export const TOPIC = kind(
  'the name of a topic (letters, digits, ".", "_" and "-", at most 249)',
  (value) => nameProblem(value) === undefined,
)

export const TOPICS = either(
  TOPIC,
  listOf(TOPIC),
  kind(
    'a pattern that their names match, as a regular expression such as /orders-.+/',
    (value) => value instanceof RegExp,
  ),
)

export const TOPIC_OR_SELECTOR = either(TOPIC, callback('a function that names one for each record'))

const SUPPLIER = callback('a function that makes a processor')

/** Names the topic of each record. It has to exist. */
export type TopicSelector<K, V> = (value: V, key: K, meta: RecordContext) => string

/** One call of the Processor API, to be made again on what a later `build()` makes. */
export type TopologyAddition = (builder: DefinitionBuilder) => void

/**
 * The Processor API: a graph of sources, processors, state stores and sinks, put together by name. `StreamsBuilder`
 * makes one from the DSL; both can be mixed, since what it builds can be added to.
 *
 * @example
 * const topology = new Topology()
 *   .addSource('lines', 'text', { key: serdes.string(), value: serdes.string() })
 *   .addProcessor('shout', () => new Shout(), 'lines')
 *   .addSink('out', 'shouted', 'shout', { key: serdes.string(), value: serdes.string() })
 * const streams = new KafkaStreams(topology, config)
 */
export class Topology {
  private built: TopologyDefinition | undefined

  /**
   * @param additions what was added beside the builder's own parts, and where further additions are kept
   * @internal
   */
  constructor(
    private readonly builder: DefinitionBuilder = new DefinitionBuilder(),
    private readonly additions: TopologyAddition[] = [],
  ) {
    for (const add of additions) add(builder)
  }

  /**
   * The topology as data: what is compiled into tasks, and what views are made from.
   * @internal
   */
  get definition(): TopologyDefinition {
    return (this.built ??= this.builder.build())
  }

  /**
   * Reads one topic, several, or all that match a pattern as a whole. A topic can be read by one source only.
   *
   * @example
   * topology.addSource('orders', 'orders', { key: serdes.string(), value: serdes.json<Order>() })
   * topology.addSource('logs', /logs-.+/, { offsetReset: 'latest' })
   *
   * @throws TopologyError DUPLICATE_NAME, TOPIC_ALREADY_REGISTERED
   */
  addSource<K = string, V = unknown>(
    name: string,
    topics: string | readonly string[] | RegExp,
    options: SourceOptions<K, V> = {},
  ): this {
    requireArgument(name, NAME, 'addSource', 'name')
    requireArgument(topics, TOPICS, 'addSource', 'topics')
    requireArgument(options, SOURCE_OPTIONS, 'addSource', 'options')
    const source = {
      name,
      topics: typeof topics === 'string' ? [topics] : topics instanceof RegExp ? topics : [...topics],
      keySerde: options.key,
      valueSerde: options.value,
      timestampExtractor: options.timestampExtractor,
      offsetReset: options.offsetReset,
      idleAfterMs: idleMilliseconds(options.idleAfter),
    }
    return this.added((builder) => builder.addSource(source))
  }

  /**
   * A processor gets every record that its parents forward. The supplier makes one for each task. Stores are named, or
   * given by their handles, which adds them.
   *
   * @example
   * const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long() })
   * topology.addProcessor('count', () => new CountWords(counts), 'lines', [counts])
   *
   * @throws TopologyError DUPLICATE_NAME, UNKNOWN_PARENT, UNKNOWN_STORE
   */
  addProcessor<KIn, VIn, KOut, VOut>(
    name: string,
    supplier: ProcessorSupplier<KIn, VIn, KOut, VOut>,
    parents: string | readonly string[],
    stores: StoreReferences = [],
  ): this {
    requireArgument(name, NAME, 'addProcessor', 'name')
    requireArgument(supplier, SUPPLIER, 'addProcessor', 'supplier')
    requireArgument(parents, NAMES, 'addProcessor', 'parents')
    requireArgument(stores, STORE_REFERENCES, 'addProcessor', 'stores')
    requireNewInstances(supplier, `processor "${name}"`)
    const processor = { name, supplier, parents: asList(parents) }
    const references = [...storeReferences(stores)]
    return this.added((builder) => builder.addProcessor(processor, references))
  }

  /**
   * Writes what its parents forward to a topic, or to the topic that a function names for each record.
   *
   * @example
   * topology.addSink('out', 'words', 'count', { key: serdes.string(), value: serdes.long() })
   * topology.addSink('by-kind', (event: { kind: string }) => `events-${event.kind}`, 'parse')
   *
   * @throws TopologyError DUPLICATE_NAME, UNKNOWN_PARENT
   */
  addSink<K = unknown, V = unknown>(
    name: string,
    topic: string | TopicSelector<K, V>,
    parents: string | readonly string[],
    options: SinkOptions<K, V> = {},
  ): this {
    requireArgument(name, NAME, 'addSink', 'name')
    requireArgument(topic, TOPIC_OR_SELECTOR, 'addSink', 'topic')
    requireArgument(parents, NAMES, 'addSink', 'parents')
    requireArgument(options, SINK_OPTIONS, 'addSink', 'options')
    const sink = {
      name,
      topic: typeof topic === 'string' ? topic : topicNameExtractor(topic),
      parents: asList(parents),
      keySerde: options.key,
      valueSerde: options.value,
      partitioner: options.partitioner,
    }
    return this.added((builder) => builder.addSink(sink))
  }

  /**
   * Adds a store and connects it to these processors: only they can use it. Processors that share a store run in the
   * same tasks.
   *
   * @example
   * topology.addStateStore(keyValueStore('seen', { key: serdes.string(), value: serdes.boolean() }), ['deduplicate'])
   *
   * @throws TopologyError DUPLICATE_NAME, UNKNOWN_PARENT
   */
  addStateStore(store: StoreBuilder<StateStore>, processors: string | readonly string[] = []): this {
    requireArgument(store, STORE, 'addStateStore', 'store')
    requireArgument(processors, NAMES, 'addStateStore', 'processors')
    const users = asList(processors)
    return this.added((builder) => builder.addStateStore(store, users))
  }

  /**
   * Adds a store that every instance holds in full, with a source and a processor of its own: they fill it from a topic,
   * which is read to its end before anything else is processed. All processors can read the store, without being connected
   * to it; only this one writes it. When the store is restored, the processor sees the whole topic again. As in Kafka Streams
   * records keep their own timestamps: `timestampExtractor` has no effect.
   *
   * @example
   * const rules = keyValueStore('rules', { key: serdes.string(), value: serdes.json<Rule>() })
   * topology.addGlobalStore(rules, 'rule-texts', 'rule-texts', 'parse-rules', () => new RuleParser(rules), { value: serdes.string() })
   *
   * @throws TopologyError DUPLICATE_NAME, TOPIC_ALREADY_REGISTERED
   */
  addGlobalStore<K = string, V = unknown>(
    store: StoreBuilder<StateStore>,
    source: string,
    topic: string,
    processor: string,
    supplier: ProcessorSupplier<K, V>,
    options: Omit<SourceOptions<K, V>, 'idleAfter'> = {},
  ): this {
    requireOwnSource('addGlobalStore', { store, source, topic, processor, supplier, options }, GLOBAL_SOURCE_OPTIONS)
    const { key: keySerde, value: valueSerde, timestampExtractor, offsetReset } = options
    const settings = { keySerde, valueSerde, timestampExtractor, offsetReset }
    requireNewInstances(supplier, `processor "${processor}"`)
    return this.added((builder) =>
      builder.addGlobalStore(store, { name: source, topic, ...settings }, { name: processor, supplier }, false),
    )
  }

  /**
   * Adds a store that is filled from a topic of its own, which is its changelog, too (KIP-813). The processor puts the
   * topic's records into the store as they are: a restart takes their bytes from the topic, past the processor. Each
   * task has the partitions that go with its other inputs; other processors only read it.
   *
   * @example
   * topology.addReadOnlyStateStore(rates, 'rates-source', 'rates', 'rates-writer', () => new RatesWriter(rates), {
   *   key: serdes.string(),
   *   value: serdes.double(),
   * })
   *
   * @throws TopologyError DUPLICATE_NAME, TOPIC_ALREADY_REGISTERED
   */
  addReadOnlyStateStore<K = string, V = unknown>(
    store: StoreBuilder<StateStore>,
    source: string,
    topic: string,
    processor: string,
    supplier: ProcessorSupplier<K, V>,
    options: Omit<SourceOptions<K, V>, 'offsetReset'> = {},
  ): this {
    requireOwnSource('addReadOnlyStateStore', { store, source, topic, processor, supplier, options })
    this.addSource<K, V>(source, topic, { ...options, offsetReset: 'earliest' })
    this.addProcessor(processor, supplier, source, [store])
    return this.added((builder) => builder.useSourceTopicAsChangelog(store.name, topic))
  }

  /**
   * Lets a processor use stores that were added before.
   *
   * @example
   * topology.connectProcessorAndStateStores('report', ['counts'])
   *
   * @throws TopologyError UNKNOWN_PARENT, UNKNOWN_STORE; INVALID_ARGUMENT: no stores
   */
  connectProcessorAndStateStores(processor: string, stores: StoreReferences): this {
    requireArgument(processor, NAME, 'connectProcessorAndStateStores', 'processor')
    requireArgument(stores, STORE_REFERENCES, 'connectProcessorAndStateStores', 'stores')
    const references = [...storeReferences(stores)]
    if (references.length === 0) {
      throw new TopologyError(
        'INVALID_ARGUMENT',
        `connectProcessorAndStateStores has no stores for processor "${processor}": name those that it uses`,
        { operator: processor },
      )
    }
    return this.added((builder) => builder.connect(processor, references))
  }

  /**
   * The topology as text, in the format of Kafka Streams: its viewers can draw it.
   *
   * @example
   * console.log(builder.build().describe())
   */
  describe(): string {
    return describe(this.definition)
  }

  /**
   * The topology as plain data, in the same order: sub-topologies with their nodes, and what fills the global stores.
   *
   * @example
   * const { subtopologies } = builder.build().description
   * const sinks = subtopologies.flatMap(({ nodes }) => nodes.filter(({ kind }) => kind === 'sink'))
   */
  get description(): TopologyDescription {
    return descriptionOf(this.definition)
  }

  private added(add: TopologyAddition): this {
    add(this.builder)
    this.additions.push(add)
    this.built = undefined
    return this
  }
}

/** Definitions have Kafka Streams' order of arguments; its name stays, for `describe()`. */
export function topicNameExtractor<K, V>(selector: TopicSelector<K, V>): TopicNameExtractor<K, V> {
  const extractor: TopicNameExtractor<K, V> = (key, value, context) => selector(value, key, context)
  return Object.defineProperty(extractor, 'name', { value: selector.name })
}

function asList(names: string | readonly string[]): readonly string[] {
  return typeof names === 'string' ? [names] : [...names]
}

/** The arguments of a store that is fed by a source and a processor of its own. */
function requireOwnSource(
  method: string,
  given: Readonly<Record<'store' | 'source' | 'topic' | 'processor' | 'supplier' | 'options', unknown>>,
  options = SOURCE_OPTIONS,
): void {
  requireArgument(given.store, STORE, method, 'store')
  requireArgument(given.source, NAME, method, 'source')
  requireArgument(given.topic, TOPIC, method, 'topic')
  requireArgument(given.processor, NAME, method, 'processor')
  requireArgument(given.supplier, SUPPLIER, method, 'supplier')
  requireArgument(given.options, options, method, 'options')
}
