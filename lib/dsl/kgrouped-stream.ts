import type { Aggregator, Initializer, Reducer } from '../operators/callbacks'
import { increment, zero } from '../operators/counting'
import type { OldValues } from '../operators/change-forwarder'
import type { Processor } from '../operators/processor'
import { StreamAggregateOperator } from '../operators/stream-aggregate'
import { StreamReduceOperator } from '../operators/stream-reduce'
import { long } from '../serdes/numbers'
import type { NodeId } from './graph/nodes'
import { KTable } from './ktable'
import {
  type MaterializedAs,
  materializedStore,
  type ResolvedMaterialized,
  resolveMaterialized,
} from './options/materialized'
import { append, type Position, requireFunction } from './position'
import { repartitionNode } from './repartition'

/**
 * A stream grouped by key, to be aggregated. Several aggregations of one group share its repartition topic if the
 * grouping has a name. Records with a `null` key or value are left out.
 */
export class KGroupedStream<K, V> {
  private sharedRepartition: NodeId | undefined

  /** @internal */
  constructor(
    private readonly position: Position<K, V>,
    private readonly name: string | undefined,
  ) {}

  /**
   * Counts the records of each key.
   *
   * @example
   * words.groupBy((word) => word).count({ store: 'counts' }).toStream().to('word-counts', { value: serdes.long() })
   */
  count(materialized?: MaterializedAs<K, number>): KTable<K, number> {
    const options = resolveMaterialized(materialized)
    // Kafka Streams takes an index for a store here that it then names again.
    if (options.given && options.store === undefined) this.position.context.naming.skip()
    return this.aggregated(
      'KSTREAM-AGGREGATE-',
      { ...options, valueSerde: options.valueSerde ?? long() },
      (store) => (old) => new StreamAggregateOperator<K, V, number>(store, zero, increment, old),
    )
  }

  /**
   * Combines the values of each key. The first one is taken as it is; `null` deletes.
   *
   * @example
   * readings.groupByKey().reduce((highest, reading) => (reading.value > highest.value ? reading : highest))
   */
  reduce(reducer: Reducer<V>, materialized?: MaterializedAs<K, V>): KTable<K, V> {
    requireFunction(reducer, 'reduce', 'a reducer')
    const options = resolveMaterialized(materialized)
    const valueSerde = options.valueSerde ?? this.position.valueSerde
    return this.aggregated(
      'KSTREAM-REDUCE-',
      { ...options, valueSerde },
      (store) => (old) => new StreamReduceOperator<K, V>(store, reducer, old),
    )
  }

  /**
   * Adds up the values of each key into a value of another type. `null` deletes; the next record starts anew.
   *
   * @example
   * orders.groupByKey().aggregate(() => 0, (total, order) => total + order.amount, { store: 'spend', value: serdes.double() })
   */
  aggregate<VR>(
    initializer: Initializer<VR>,
    aggregator: Aggregator<K, V, VR>,
    materialized?: MaterializedAs<K, VR>,
  ): KTable<K, VR> {
    requireFunction(initializer, 'aggregate', 'an initializer')
    requireFunction(aggregator, 'aggregate', 'an aggregator')
    return this.aggregated(
      'KSTREAM-AGGREGATE-',
      resolveMaterialized(materialized),
      (store) => (old) => new StreamAggregateOperator<K, V, VR>(store, initializer, aggregator, old),
    )
  }

  private aggregated<VR>(
    prefix: string,
    options: ResolvedMaterialized<K, VR>,
    operatorOn: (store: string) => (options: OldValues) => Processor<never, never, never, never>,
  ): KTable<K, VR> {
    const { naming } = this.position.context
    const store = options.store ?? naming.store(prefix)
    const name = naming.node(prefix, options.name)
    const grouped = this.position.repartitionRequired ? this.repartitioned(this.name ?? store) : this.position
    const keySerde = options.keySerde ?? this.position.keySerde
    const { valueSerde } = options
    const builder = materializedStore(this.position.context, store, { ...options, keySerde })
    const node = { kind: 'aggregate', name, store: builder, operator: operatorOn(store) } as const
    return new KTable(append(grouped, node, { name, keySerde, valueSerde }), options.store)
  }

  /** A named topic is shared by all aggregations of this group, an unnamed one is named after its aggregation's store. */
  private repartitioned(prefix: string): Position<K, V> {
    const { context, node: parent, keySerde, valueSerde } = this.position
    const created = repartitionNode(context.naming, prefix, { keySerde, valueSerde, implicit: true })
    const shared = this.name === undefined ? undefined : this.sharedRepartition
    const node = shared === undefined ? context.graph.add([parent], created) : context.graph.reuse(shared)
    this.sharedRepartition = node
    return { context, node, name: created.name, keySerde, valueSerde, repartitionRequired: false }
  }
}
