import { COUNT } from '../arguments'
import { requireArgument, requireFunction } from '../topology-arguments'
import type { Aggregator, Initializer, Reducer } from '../operators/callbacks'
import { ChangeSerde } from '../serdes/change'
import { long } from '../serdes/numbers'
import { rankingStoreBuilder } from '../state/ranking/ranking-stores'
import type { StateStore, StoreBuilder } from '../state/store'
import type { NodeId } from '../topology/graph/node'
import type { TableAggregation } from '../topology/graph/table-nodes'
import { KTable } from './ktable'
import {
  type Materialized,
  MATERIALIZED,
  type MaterializedAs,
  materializedStore,
  type ResolvedMaterialized,
  resolveMaterialized,
} from './options/materialized'
import { RANKED, type RankedBy } from './options/ranked'
import { append, type GraphReference, valuesOf } from './graph-reference'

/**
 * A table grouped by a new key, to be aggregated: an old row's contribution is subtracted before the new one is added.
 * Several aggregations of one group share its repartition topic if the grouping has a name.
 */
export class KGroupedTable<out K, out V> {
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
    requireArgument(materialized, MATERIALIZED, 'count', 'materialized')
    const options = resolveMaterialized(materialized)
    return this.aggregated(
      'KTABLE-AGGREGATE-',
      { ...options, valueSerde: options.valueSerde ?? long() },
      { kind: 'count' },
    )
  }

  /**
   * Combines the rows of each group. The first one becomes the aggregate; `null` deletes.
   *
   * @example
   * accounts
   *   .groupBy((account) => [account.owner, account.balance])
   *   .reduce((sum, balance) => sum + balance, (sum, balance) => sum - balance, { store: 'wealth' })
   */
  reduce(adder: Reducer<V>, subtractor: Reducer<V>, materialized?: MaterializedAs<K, V>): KTable<K, V> {
    requireFunction(adder, 'reduce', 'an adder')
    requireFunction(subtractor, 'reduce', 'a subtractor')
    requireArgument(materialized, MATERIALIZED, 'reduce', 'materialized')
    const options = resolveMaterialized(materialized)
    const valueSerde = options.valueSerde ?? this.position.valueSerde
    return this.aggregated('KTABLE-REDUCE-', { ...options, valueSerde }, { kind: 'reduce', adder, subtractor })
  }

  /**
   * Aggregates the rows of each group into a value of any type. `null` deletes.
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
    requireArgument(materialized, MATERIALIZED, 'aggregate', 'materialized')
    const aggregation = { kind: 'aggregate', initializer, adder, subtractor } as const
    return this.aggregated('KTABLE-AGGREGATE-', resolveMaterialized(materialized), aggregation)
  }

  /**
   * The `n` rows of each group that rank highest, the highest first; rows of the same rank by their bytes. When one of them changes or goes,
   * the next one moves up: the store `<store>-ranking` has all rows, and their order is kept in memory. A list is updated only when it
   * changes; a group without rows has none.
   *
   * @example
   * carts
   *   .groupBy((cart) => [cart.shop, cart])
   *   .topN(3, { by: (cart) => cart.sum, store: 'largest-carts' })
   */
  topN(n: number, options: RankedBy<K, V> & Materialized<K, V[]>): KTable<K, V[]> {
    requireArgument(n, COUNT, 'topN', 'n')
    requireArgument(options, RANKED, 'topN', 'options')
    const { by, ...materialized } = options
    const resolved = resolveMaterialized(materialized)
    const valueSerde = resolved.valueSerde ?? valuesOf(this.position)
    const topN = (store: StoreBuilder<StateStore>): TableAggregation => {
      const [key, value] = [resolved.keySerde ?? this.position.keySerde, this.position.valueSerde]
      return { kind: 'top-n', n, by, ranking: rankingStoreBuilder({ best: store, key, value, by }) }
    }
    return this.aggregated('KTABLE-TOPN-', { ...resolved, valueSerde }, topN, 'KTABLE-TOPN-')
  }

  private aggregated<VR>(
    prefix: string,
    options: ResolvedMaterialized<K, VR>,
    aggregation: TableAggregation | ((store: StoreBuilder<StateStore>) => TableAggregation),
    storePrefix = 'KTABLE-AGGREGATE-',
  ): KTable<K, VR> {
    const { naming } = this.position.context
    const store = options.store ?? naming.store(storePrefix)
    const sinkName = naming.suffixedNode('KSTREAM-SINK-', options.name, '-sink')
    const sourceName = naming.suffixedNode('KSTREAM-SOURCE-', options.name, '-source')
    const name = naming.node(prefix, options.name)
    const repartitioned = this.repartitioned(`${this.name ?? store}-repartition`, sinkName, sourceName)
    const keySerde = options.keySerde ?? this.position.keySerde
    const { valueSerde } = options
    const builder = materializedStore(this.position.context, store, { ...options, keySerde })
    const node = {
      kind: 'table-aggregate',
      name,
      aggregation: typeof aggregation === 'function' ? aggregation(builder) : aggregation,
      store: builder,
    } as const
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
