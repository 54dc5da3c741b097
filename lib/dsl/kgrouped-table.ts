import type { Aggregator, Initializer, Reducer } from '../operators/callbacks'
import type { OldValues } from '../operators/change-forwarder'
import { decrement, increment, zero } from '../operators/counting'
import type { Processor } from '../operators/processor'
import { TableAggregateOperator } from '../operators/table-aggregate'
import { tableReduce } from '../operators/table-reduce'
import { ChangeSerde } from '../serdes/change'
import { long } from '../serdes/numbers'
import type { NodeId } from './graph/nodes'
import { KTable } from './ktable'
import {
  type MaterializedAs,
  materializedStore,
  type ResolvedMaterialized,
  resolveMaterialized,
} from './options/materialized'
import { append, type GraphReference, requireFunction } from './graph-reference'

/**
 * A table grouped by a new key, to be aggregated: what an old row had added is subtracted before the new one is added.
 * Several aggregations of one group share its repartition topic if the grouping has a name.
 */
export class KGroupedTable<K, V> {
  private sharedRepartition: NodeId | undefined

  /** @internal */
  constructor(
    private readonly position: GraphReference<K, V>,
    private readonly name: string | undefined,
  ) {}

  /**
   * Counts the rows of each group. A group that has lost all its rows counts 0.
   *
   * @example
   * customers.groupBy((customer, id) => [customer.country, id]).count({ store: 'customers-per-country' })
   */
  count(materialized?: MaterializedAs<K, number>): KTable<K, number> {
    const options = resolveMaterialized(materialized)
    return this.aggregated(
      'KTABLE-AGGREGATE-',
      { ...options, valueSerde: options.valueSerde ?? long() },
      (store) => (old) => new TableAggregateOperator<K, V, number>(store, zero, increment, decrement, old),
    )
  }

  /**
   * Combines the rows of each group. The first one is taken as it is; `null` deletes.
   *
   * @example
   * accounts
   *   .groupBy((account) => [account.owner, account.balance])
   *   .reduce((sum, balance) => sum + balance, (sum, balance) => sum - balance, { store: 'wealth' })
   */
  reduce(adder: Reducer<V>, subtractor: Reducer<V>, materialized?: MaterializedAs<K, V>): KTable<K, V> {
    requireFunction(adder, 'reduce', 'an adder')
    requireFunction(subtractor, 'reduce', 'a subtractor')
    const options = resolveMaterialized(materialized)
    const valueSerde = options.valueSerde ?? this.position.valueSerde
    return this.aggregated(
      'KTABLE-REDUCE-',
      { ...options, valueSerde },
      (store) => (old) => tableReduce<K, V>(store, adder, subtractor, old),
    )
  }

  /**
   * Adds up the rows of each group into a value of another type. `null` deletes.
   *
   * @example
   * carts
   *   .groupBy((cart) => [cart.shop, cart])
   *   .aggregate(() => 0, (total, cart) => total + cart.sum, (total, cart) => total - cart.sum, { value: serdes.double() })
   */
  aggregate<VR>(
    initializer: Initializer<VR>,
    adder: Aggregator<K, V, VR>,
    subtractor: Aggregator<K, V, VR>,
    materialized?: MaterializedAs<K, VR>,
  ): KTable<K, VR> {
    requireFunction(initializer, 'aggregate', 'an initializer')
    requireFunction(adder, 'aggregate', 'an adder')
    requireFunction(subtractor, 'aggregate', 'a subtractor')
    return this.aggregated(
      'KTABLE-AGGREGATE-',
      resolveMaterialized(materialized),
      (store) => (old) => new TableAggregateOperator<K, V, VR>(store, initializer, adder, subtractor, old),
    )
  }

  private aggregated<VR>(
    prefix: string,
    options: ResolvedMaterialized<K, VR>,
    operatorOn: (store: string) => (options: OldValues) => Processor<never, never, never, never>,
  ): KTable<K, VR> {
    const { naming } = this.position.context
    const store = options.store ?? naming.store('KTABLE-AGGREGATE-')
    const sinkName = naming.suffixedNode('KSTREAM-SINK-', options.name, '-sink')
    const sourceName = naming.suffixedNode('KSTREAM-SOURCE-', options.name, '-source')
    const name = naming.node(prefix, options.name)
    const repartitioned = this.repartitioned(`${this.name ?? store}-repartition`, sinkName, sourceName)
    const keySerde = options.keySerde ?? this.position.keySerde
    const { valueSerde } = options
    const builder = materializedStore(this.position.context, store, { ...options, keySerde })
    const node = { kind: 'aggregate', name, store: builder, operator: operatorOn(store) } as const
    return new KTable(append(repartitioned, node, { name, keySerde, valueSerde }), options.store)
  }

  private repartitioned(topic: string, sinkName: string, name: string): GraphReference<K, V> {
    const { context, node: parent, keySerde, valueSerde } = this.position
    const created = {
      kind: 'repartition',
      name,
      topic,
      sinkName,
      keySerde,
      valueSerde: new ChangeSerde(valueSerde),
      implicit: false,
    } as const
    const shared = this.name === undefined ? undefined : this.sharedRepartition
    const node = shared === undefined ? context.graph.add([parent], created) : context.graph.reuse(shared)
    this.sharedRepartition = node
    return { context, node, name, keySerde, valueSerde, repartitionRequired: false }
  }
}
