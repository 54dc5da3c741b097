import { TopologyError } from '../errors'
import type { StateStore, StoreBuilder } from '../state/store'
import { Topology } from '../topology/topology'
import { emit } from './graph/emit'
import { GraphRecorder } from './graph/logical-graph'
import { mergeRepartitions } from './graph/merge-repartitions'
import { mergeSources } from './graph/merge-sources'
import { planTables } from './graph/old-values'
import { reuseSourceTopics } from './graph/reuse-source-topics'
import { KStream } from './kstream'
import { KTable } from './ktable'
import { Naming } from './naming'
import { type Consumed, sourceSettings } from './options/consumed'
import { type MaterializedAs, materializedStore, resolveMaterialized } from './options/materialized'
import type { DslContext } from './position'

/** A way to save internal topics (KIP-295). Switching one on or off renames topics: it is not for a running app. */
export type Optimization = 'reuse.ktable.source.topics' | 'merge.repartition.topics'

export interface StreamsBuilderOptions {
  /**
   * Where tables and aggregations keep their state unless told otherwise: on disk, or `in-memory`, rebuilt from the
   * changelogs at every start. Default: `'persistent'`. Kafka Streams' `dsl.store.suppliers.class`.
   */
  defaultStoreType?: 'persistent' | 'in-memory'
}

export interface BuildOptions {
  /** Default: `'none'`. Kafka Streams' `topology.optimization`. */
  optimization?: 'none' | 'all' | readonly Optimization[]
}

/**
 * Where streams and tables begin. The calls describe what shall happen; `build()` makes a topology of them, which
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

  /** @throws TopologyError INVALID_ARGUMENT */
  constructor({ defaultStoreType = 'persistent' }: StreamsBuilderOptions = {}) {
    if (defaultStoreType !== 'persistent' && defaultStoreType !== 'in-memory') {
      throw new TopologyError(
        'INVALID_ARGUMENT',
        `defaultStoreType is ${JSON.stringify(defaultStoreType)}: give 'persistent' or 'in-memory'`,
      )
    }
    this.context = { naming: new Naming(), graph: new GraphRecorder(), defaultStoreType }
  }

  /**
   * Reads one topic, several, or all whose whole name matches a pattern, as a stream of records.
   *
   * @example
   * builder.stream('orders', { key: serdes.string(), value: serdes.json<Order>() })
   * builder.stream(/audit-.+/, { value: serdes.string(), offsetReset: 'latest' })
   */
  stream<K = string, V = unknown>(
    topics: string | readonly string[] | RegExp,
    consumed: Consumed<K, V> = {},
  ): KStream<K, V> {
    const { naming, graph } = this.context
    const name = naming.node('KSTREAM-SOURCE-', consumed.name)
    const list = topics instanceof RegExp ? topics : typeof topics === 'string' ? [topics] : [...topics]
    const settings = sourceSettings(consumed)
    const node = graph.add([], { kind: 'stream-source', name, topics: list, settings })
    const { key: keySerde, value: valueSerde } = consumed
    return new KStream<K, V>({ context: this.context, node, name, keySerde, valueSerde, repartitionRequired: false })
  }

  /**
   * Reads a topic as a table: the last value of each key, `null` deletes. It has a store if it is given one, or if
   * something behind it has to look values up. Records without a key are left out.
   *
   * @example
   * builder.table('customers', { key: serdes.string(), value: serdes.json<Customer>() }, 'customers-store')
   */
  table<K = string, V = unknown>(
    topic: string,
    consumed: Consumed<K, V> = {},
    materialized?: MaterializedAs<K, V>,
  ): KTable<K, V> {
    if (typeof topic !== 'string') {
      throw new TopologyError(
        'INVALID_ARGUMENT',
        `a table is read from one topic, given by its name, and not from ${String(topic)}`,
      )
    }
    const { naming, graph } = this.context
    const options = resolveMaterialized(materialized)
    const given = consumed.name ?? options.name
    const store = options.store ?? naming.store(`${topic}-`)
    const sourceName = naming.suffixedNode('KSTREAM-SOURCE-', given, '-source')
    const name = naming.node('KTABLE-SOURCE-', given)
    const keySerde = consumed.key ?? options.keySerde
    const valueSerde = consumed.value ?? options.valueSerde
    const builder = materializedStore(this.context, store, { ...options, keySerde, valueSerde })
    const node = graph.add([], {
      kind: 'table-source',
      name,
      sourceName,
      topic,
      settings: { ...sourceSettings(consumed), keySerde, valueSerde },
      store: { builder, requested: options.store !== undefined },
    })
    return new KTable<K, V>(
      { context: this.context, node, name, keySerde, valueSerde, repartitionRequired: false },
      options.store,
    )
  }

  /**
   * Adds a store for processors. Passing a store's handle to `process` adds it, too.
   *
   * @example
   * builder.addStateStore(keyValueStore('last-seen', { key: serdes.string(), value: serdes.long() }))
   * clicks.process(() => new Sessionizer(), ['last-seen'])
   */
  addStateStore<S extends StateStore>(store: StoreBuilder<S>): this {
    this.context.graph.addStore(store)
    return this
  }

  /**
   * Makes the topology. It can be added to with the Processor API, and built again after further calls.
   *
   * @example
   * const topology = builder.build({ optimization: 'all' })
   * console.log(topology.describe())
   *
   * @throws TopologyError DUPLICATE_NAME, TOPIC_ALREADY_REGISTERED, UNKNOWN_STORE, INVALID_TOPOLOGY
   */
  build(options: BuildOptions = {}): Topology {
    const optimizations = optimizationsOf(options)
    const recorded = this.context.graph.graph
    const plans = planTables(recorded)
    let graph = mergeSources(recorded)
    if (optimizations.has('reuse.ktable.source.topics')) graph = reuseSourceTopics(graph)
    if (optimizations.has('merge.repartition.topics')) graph = mergeRepartitions(graph)
    return new Topology(emit(graph, plans))
  }
}

const OPTIMIZATIONS: readonly Optimization[] = ['reuse.ktable.source.topics', 'merge.repartition.topics']

function optimizationsOf({ optimization = 'none' }: BuildOptions): Set<Optimization> {
  if (optimization === 'none') return new Set()
  if (optimization === 'all') return new Set(OPTIMIZATIONS)
  const unknown = Array.isArray(optimization)
    ? optimization.find((name) => !OPTIMIZATIONS.includes(name as Optimization))
    : optimization
  if (unknown !== undefined) {
    throw new TopologyError(
      'INVALID_ARGUMENT',
      `there is no optimization ${JSON.stringify(unknown)}: give 'none', 'all' or a list of ${OPTIMIZATIONS.join(', ')}`,
    )
  }
  return new Set(optimization as readonly Optimization[])
}
