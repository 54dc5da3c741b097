import { BOOLEAN, either, listOf, oneOf, optional, options as optionsOf } from '../arguments'
import { requireArgument, requireFunction } from '../topology-arguments'
import { TopologyError } from '../errors'
import type { ProcessorSupplier } from '../operators/processor'
import type { StateStore, StoreBuilder } from '../state/store'
import { requireNewInstances } from '../topology/new-instances'
import { STORE } from '../topology/store-reference'
import { TOPIC, TOPICS, Topology, type TopologyAddition } from '../topology/topology'
import { compileGraph } from '../topology/compile/compile-graph'
import { GraphRecorder } from '../topology/graph/graph-recorder'
import { type Optimization, OPTIMIZATIONS } from '../topology/optimize/optimize'
import { GlobalKTable } from './global-ktable'
import { KStream } from './kstream'
import { KTable } from './ktable'
import { requireExplicitNames } from '../topology/naming/explicit-names'
import { Naming } from '../topology/naming/naming'
import {
  CONSUMED,
  type Consumed,
  GLOBAL_CONSUMED,
  GLOBAL_CONSUMED_OPTIONS,
  type GlobalConsumed,
  type NullableWhereTyped,
  sourceSettings,
  STREAM_CONSUMED,
  type StreamConsumed,
  typedWithoutNull,
} from './options/consumed'
import {
  EXPIRING_MATERIALIZED,
  type ExpiringMaterializedAs,
  expiryOf,
  MATERIALIZED,
  type MaterializedAs,
  materializedStore,
  resolveMaterialized,
  STORE_TYPE,
  versionedBy,
} from './options/materialized'
import { type DslContext } from './graph-reference'

/** Options for everything that a builder creates. */
export interface StreamsBuilderOptions {
  /**
   * Where tables and aggregations keep their state unless told otherwise: on disk, or `in-memory`, rebuilt from the
   * changelogs at every start. Default: `'persistent'`. Kafka Streams' `dsl.store.suppliers.class`.
   */
  defaultStoreType?: 'persistent' | 'in-memory'
  /**
   * Refuse to build a topology with stores or repartition topics that have generated names: these change when operators
   * before them are added or removed, and an application then no longer finds its state under them (KIP-1111). As in Kafka Streams, tables count
   * even if they turn out to need no store. Default: false.
   */
  ensureExplicitInternalResourceNaming?: boolean
}

/** Options of `build()`. */
export interface BuildOptions {
  /** Default: `'none'`. Kafka Streams' `topology.optimization`. */
  optimization?: 'none' | 'all' | readonly Optimization[]
}

const BUILDER_OPTIONS = optional(
  optionsOf<StreamsBuilderOptions>({ defaultStoreType: STORE_TYPE, ensureExplicitInternalResourceNaming: BOOLEAN }),
)

const BUILD_OPTIONS = optional(
  optionsOf<BuildOptions>({ optimization: either(oneOf('none', 'all'), listOf(oneOf(...OPTIMIZATIONS))) }),
)

/**
 * The entry point of the DSL. The calls describe the processing; `build()` turns them into a topology, which
 * `KafkaStreams` or a `TopologyTestDriver` runs.
 *
 * @example
 * const builder = new StreamsBuilder()
 * builder
 *   .stream('lines', { key: serdes.string(), value: serdes.string() })
 *   .flatMapValues((line) => line.toLowerCase().split(/\W+/))
 *   .groupBy((word) => word)
 *   .count({ store: 'counts' })
 *   .toStream()
 *   .to('word-counts', { key: serdes.string(), value: serdes.long() })
 * const topology = builder.build()
 */
export class StreamsBuilder {
  private readonly context: DslContext
  private readonly explicitNames: boolean
  /** Made to the topologies built so far: the next one has them too. */
  private readonly additions: TopologyAddition[] = []

  /** @throws TopologyError INVALID_ARGUMENT */
  constructor(options: StreamsBuilderOptions = {}) {
    requireArgument(options, BUILDER_OPTIONS, 'new StreamsBuilder', 'options')
    const { defaultStoreType = 'persistent', ensureExplicitInternalResourceNaming = false } = options
    this.context = { naming: new Naming(), graph: new GraphRecorder(), defaultStoreType }
    this.explicitNames = ensureExplicitInternalResourceNaming
  }

  /**
   * Reads one topic, several, or all whose whole name matches a pattern, as a stream of records.
   *
   * @example
   * builder.stream('orders', { key: serdes.string(), value: serdes.json<Order>() })
   * builder.stream(/audit-.+/, { value: serdes.string(), offsetReset: 'latest' })
   * builder.stream('profiles', { value: serdes.json<Profile>(), nullable: true }) // KStream<string, Profile | null>
   */
  stream<K = string, V = unknown>(
    topics: string | readonly string[] | RegExp,
    consumed: StreamConsumed<K, V> & { nullable: true },
  ): KStream<K, V | null>
  stream<K = string, V = unknown>(
    topics: string | readonly string[] | RegExp,
    consumed?: StreamConsumed<K, V> & NullableWhereTyped<NoInfer<V>>,
  ): KStream<K, V>
  stream<K, V>(topics: string | readonly string[] | RegExp, consumed: StreamConsumed<K, V> = {}): KStream<K, V> {
    requireArgument(topics, TOPICS, 'stream', 'topics')
    requireArgument(consumed, STREAM_CONSUMED, 'stream', 'consumed')
    const { naming, graph } = this.context
    const name = naming.node('KSTREAM-SOURCE-', consumed.name)
    const list = topics instanceof RegExp ? topics : typeof topics === 'string' ? [topics] : [...new Set(topics)]
    const settings = sourceSettings(consumed)
    const node = graph.add([], { kind: 'stream-source', name, topics: list, settings })
    const { key: keySerde, value: valueSerde } = consumed
    const at = { context: this.context, node, name, keySerde, valueSerde, repartitionRequired: false }
    return new KStream<K, V>({ ...at, typedWithoutNull: typedWithoutNull(topics, consumed) })
  }

  /**
   * Reads a topic as a table: the latest value of each key, `null` deletes. It has a store if it is given one, or if
   * an operator downstream has to look values up. Records without a key are dropped. The store has the serdes of the topic:
   * those of `materialized` count only where `consumed` has none.
   *
   * @example
   * builder.table('customers', { key: serdes.string(), value: serdes.json<Customer>() }, 'customers-store')
   * builder.table('carts', { key: serdes.string(), value: serdes.json<Order>() }, { store: 'carts', ttl: '7d' })
   */
  table<K = string, V = unknown>(
    topic: string,
    consumed: Consumed<K, V> = {},
    materialized?: ExpiringMaterializedAs<K, V>,
  ): KTable<K, V> {
    requireArgument(topic, TOPIC, 'table', 'topic')
    requireArgument(consumed, CONSUMED, 'table', 'consumed')
    requireArgument(materialized, EXPIRING_MATERIALIZED, 'table', 'materialized')
    const { naming, graph } = this.context
    const options = resolveMaterialized(materialized)
    const given = consumed.name ?? options.name
    const store = options.store ?? naming.store(`${topic}-`)
    const sourceName = naming.suffixedNode('KSTREAM-SOURCE-', given, '-source')
    const name = naming.node('KTABLE-SOURCE-', given)
    const keySerde = consumed.key ?? options.keySerde
    const valueSerde = consumed.value ?? options.valueSerde
    const builder = materializedStore(this.context, store, { ...options, keySerde, valueSerde }, 'may-expire')
    const expiry = expiryOf(store, { ...options, keySerde }, builder.persistent)
    const node = graph.add([], {
      kind: 'table-source',
      name,
      sourceName,
      topic,
      settings: { ...sourceSettings(consumed), keySerde, valueSerde },
      store: { builder, requested: options.store !== undefined || expiry !== undefined },
      expiry,
    })
    return new KTable<K, V>(
      { context: this.context, node, name, keySerde, valueSerde, repartitionRequired: false },
      options.store,
    )
  }

  /**
   * Reads a topic as a table that every instance holds in full, across all partitions: streams join it by any key.
   * It is read to its end before anything is processed, and kept up to date afterwards. Records without a key are
   * dropped. The topic is not part of the group's assignment, and the store's only changelog is the topic itself.
   *
   * @example
   * builder.globalTable('exchange-rates', { key: serdes.string(), value: serdes.double() }, 'rates')
   */
  globalTable<K = string, V = unknown>(
    topic: string,
    consumed: GlobalConsumed<K, V> = {},
    materialized?: MaterializedAs<K, V>,
  ): GlobalKTable<K, V> {
    requireArgument(topic, TOPIC, 'globalTable', 'topic')
    requireArgument(consumed, GLOBAL_CONSUMED, 'globalTable', 'consumed')
    requireArgument(materialized, MATERIALIZED, 'globalTable', 'materialized')
    const { naming, graph } = this.context
    const options = resolveMaterialized(materialized)
    if (versionedBy(options)) {
      throw new TopologyError(
        'INVALID_ARGUMENT',
        `the store "${options.store}" of a global table can't be versioned: give it a keyValueStore, or read the topic as a table`,
        { store: options.store },
      )
    }
    const given = consumed.name ?? options.name
    const storeName = options.store ?? naming.store(`${topic}-`)
    const sourceName = naming.suffixedNode('KSTREAM-SOURCE-', given, '-source')
    const name = naming.node('KTABLE-SOURCE-', given)
    const keySerde = consumed.key ?? options.keySerde
    const valueSerde = consumed.value ?? options.valueSerde
    graph.add([], {
      kind: 'global-store',
      name,
      sourceName,
      topic,
      settings: { ...sourceSettings(consumed), keySerde, valueSerde },
      store: materializedStore(this.context, storeName, {
        ...options,
        keySerde,
        valueSerde,
        caching: false,
        logging: false,
      }),
    })
    return new GlobalKTable<K, V>(this.context, storeName)
  }

  /**
   * A store that every instance holds in full, filled from a topic by a custom processor. All other processors
   * can read it, without being connected to it; only this one writes it. When the store is restored, the processor sees
   * the whole topic again, so it must do nothing but fill the store. The topic is the store's changelog: it has no
   * other.
   *
   * @example
   * const rules = keyValueStore('rules', { key: serdes.string(), value: serdes.json<Rule>() })
   * builder.addGlobalStore(rules, 'rule-texts', { key: serdes.string(), value: serdes.string() }, () => new RuleParser(rules))
   */
  addGlobalStore<K = string, V = unknown>(
    store: StoreBuilder<StateStore>,
    topic: string,
    consumed: GlobalConsumed<K, V>,
    supplier: ProcessorSupplier<K, V>,
  ): this {
    requireArgument(store, STORE, 'addGlobalStore', 'store')
    requireArgument(topic, TOPIC, 'addGlobalStore', 'topic')
    requireArgument(consumed, GLOBAL_CONSUMED_OPTIONS, 'addGlobalStore', 'consumed')
    requireFunction(supplier, 'addGlobalStore', 'a supplier of processors, such as () => new MyProcessor(),')
    requireNewInstances(supplier, 'addGlobalStore')
    const { naming, graph } = this.context
    const sourceName = naming.suffixedNode('KSTREAM-SOURCE-', consumed.name, '-source')
    const name = naming.node('KTABLE-SOURCE-', consumed.name)
    const settings = sourceSettings(consumed)
    graph.add([], { kind: 'global-store', name, sourceName, topic, settings, store, supplier })
    return this
  }

  /**
   * Adds a store for processors. Passing a store's handle to `process` adds it, too.
   *
   * @example
   * builder.addStateStore(keyValueStore('last-seen', { key: serdes.string(), value: serdes.long() }))
   * clicks.process(() => new Sessionizer(), ['last-seen'])
   */
  addStateStore(store: StoreBuilder<StateStore>): this {
    requireArgument(store, STORE, 'addStateStore', 'store')
    this.context.graph.addStore(store)
    return this
  }

  /**
   * Builds the topology, which can be extended with the Processor API. After further calls on the builder, another
   * `build()` returns a topology of all calls, with what was added to the earlier topologies.
   *
   * @example
   * const topology = builder.build({ optimization: 'all' })
   * console.log(topology.describe())
   *
   * @throws TopologyError DUPLICATE_NAME, TOPIC_ALREADY_REGISTERED, UNKNOWN_STORE, UNNAMED_RESOURCES, INVALID_TOPOLOGY,
   * NOT_COPARTITIONED
   */
  build(options: BuildOptions = {}): Topology {
    requireArgument(options, BUILD_OPTIONS, 'build', 'options')
    const definition = compileGraph(this.context.graph.graph, optimizationsOf(options))
    if (this.explicitNames) requireExplicitNames(this.context.naming)
    return new Topology(definition, this.additions)
  }
}

function optimizationsOf({ optimization = 'none' }: BuildOptions): ReadonlySet<Optimization> {
  if (optimization === 'none') return new Set()
  return new Set(optimization === 'all' ? OPTIMIZATIONS : optimization)
}
