import { callback, either } from '../arguments'
import { argumentError, requireArgument, requireFunction } from '../topology-arguments'
import type {
  ForeignKeyExtractor,
  GroupSelector,
  Predicate,
  TypeGuard,
  ValueJoiner,
  ValueMapper,
  Without,
} from '../operators/callbacks'
import type { JoinKind } from '../operators/joined-rows'
import type { ValueTransformerSupplier } from '../operators/value-transformer'
import type { TableFilterNode, TableMapValuesNode, TableTransformValuesNode } from '../topology/graph/table-nodes'
import { requireNewInstances } from '../topology/new-instances'
import type { FinalKTable } from './final-ktable'
import { KGroupedTable } from './kgrouped-table'
import { foreignKeyJoin } from './joins/foreign-key-join'
import { tableJoin } from './joins/table-join'
import { KStream } from './kstream'
import { GROUPED, type Grouped, groupedSerdes } from './options/grouped'
import { MAPPED_KEY, type Mapped, type MappedKey } from './options/mapped'
import {
  MATERIALIZED,
  type MaterializedAs,
  materializedStore,
  type ResolvedMaterialized,
  resolveMaterialized,
  versionedBy,
} from './options/materialized'
import { NAMED, type Named, operatorName, withName } from './options/named'
import { TABLE_JOINED, type TableJoinedAs } from './options/table-joined'
import { TRANSFORMED_VALUES, type TransformedValues, transformedOptions } from './options/transformed-values'
import { append, type GraphReference, requireSameBuilder } from './graph-reference'
import { suppress } from './suppress'
import { SUPPRESSED, type Suppressed, type SuppressedUntilClose } from './suppressed'

const FOREIGN_KEY = callback('a function that gives the key of the other row')

const SELECTOR_OR_NAMED = either(callback('a function that makes a key'), NAMED)

/** By what a table is made of another; the rest of its node follows from its store. */
type View =
  | Pick<TableFilterNode, 'kind' | 'predicate' | 'not'>
  | Pick<TableMapValuesNode, 'kind' | 'mapper'>
  | Pick<TableTransformValuesNode, 'kind' | 'supplier' | 'stores'>

/**
 * A table: the latest value of each key, updated by every record. Deleted keys have no value.
 *
 * Every method returns a new table and leaves this one unchanged. A table that is given a store, as the last argument,
 * can be queried; the others exist only as a flow of updates.
 */
export class KTable<out K, out V> {
  /** @internal */
  constructor(
    /** @internal */
    readonly position: GraphReference<K, V>,
    /** The name of its store, for queries; undefined if it was not given one. */
    readonly queryableStoreName: string | undefined,
  ) {}

  /**
   * The rows that match the predicate. A row that no longer matches is deleted.
   *
   * @example
   * customers.filter((customer) => customer.active, { store: 'active-customers' })
   */
  filter<S extends V>(guard: TypeGuard<K, V, S>, materialized?: MaterializedAs<K, S>): KTable<K, S>
  filter(predicate: Predicate<K, V>, materialized?: MaterializedAs<K, V>): KTable<K, V>
  filter(predicate: Predicate<K, V>, materialized?: MaterializedAs<K, V>): KTable<K, V> {
    return this.filtered(predicate, false, materialized)
  }

  /**
   * The rows that do not match the predicate.
   *
   * @example
   * customers.filterNot((customer) => customer.blocked)
   */
  filterNot<S extends V>(
    guard: TypeGuard<K, V, S>,
    materialized?: MaterializedAs<K, Without<V, S>>,
  ): KTable<K, Without<V, S>>
  filterNot(predicate: Predicate<K, V>, materialized?: MaterializedAs<K, V>): KTable<K, V>
  filterNot(predicate: Predicate<K, V>, materialized?: MaterializedAs<K, V>): unknown {
    return this.filtered(predicate, true, materialized)
  }

  /**
   * A table with new values. The mapper is not called for deletes; if it returns `null`, the row is deleted.
   *
   * @example
   * customers.mapValues((customer) => customer.name, { store: 'names', value: serdes.string() })
   */
  mapValues<VR>(mapper: ValueMapper<K, V, VR | null>, materialized?: MaterializedAs<K, VR>): KTable<K, VR> {
    requireFunction(mapper, 'mapValues', 'a mapper')
    requireArgument(materialized, MATERIALIZED, 'mapValues', 'materialized')
    const options = resolveMaterialized(materialized)
    this.skipStoreIndex(options)
    return this.view('KTABLE-MAPVALUES-', options, { kind: 'table-map-values', mapper })
  }

  /**
   * The updates as a stream: the new value of a key, `null` for a delete. With a selector, the records get a new key.
   *
   * @example
   * counts.toStream().to('word-counts', { value: serdes.long() })
   * spend.toStream((amount, { key, window }) => `${key}@${window.start}`)
   */
  toStream<KR>(selector: ValueMapper<K, V | null, KR>, mapped?: string | MappedKey<KR>): KStream<KR, V | null>
  toStream(named?: Named): KStream<K, V | null>
  toStream<KR>(
    selector?: ValueMapper<K, V | null, KR> | Named,
    mapped?: string | MappedKey<KR>,
  ): KStream<K, V | null> | KStream<KR, V | null> {
    if (typeof selector === 'function' || mapped !== undefined) {
      requireFunction(selector, 'toStream', 'a selector')
      requireArgument(mapped, MAPPED_KEY, 'toStream', 'mapped')
      const { name, key } = withName<MappedKey<KR>>(mapped)
      return this.streamed(name).selectKey(selector as ValueMapper<K, V | null, KR>, { key })
    }
    requireArgument(selector, SELECTOR_OR_NAMED, 'toStream', 'selector or named')
    return this.streamed(selector)
  }

  /**
   * Groups the rows by a new key, for an aggregation that follows every change: an update first subtracts what the old row
   * had added. Always repartitions. A row for which the selector returns `null`, or a `null` key or value, is in no group.
   *
   * @example
   * customers.groupBy((customer, id) => [customer.country, id], { key: serdes.string(), value: serdes.string() }).count()
   */
  groupBy<KR, VR>(
    selector: GroupSelector<K, V, KR, VR>,
    grouped?: string | (Grouped<KR, VR> & Mapped<KR, VR>),
  ): KGroupedTable<KR, VR> {
    requireFunction(selector, 'groupBy', 'a selector')
    requireArgument(grouped, GROUPED, 'groupBy', 'grouped')
    const { name: given, keySerde, valueSerde } = groupedSerdes<KR, VR>(grouped)
    const name = this.position.context.naming.node('KTABLE-SELECT-', given)
    const node = { kind: 'table-group-by', name, selector } as const
    return new KGroupedTable<KR, VR>(append(this.position, node, { name, keySerde, valueSerde }), given)
  }

  /**
   * Transforms values with stores, punctuations or the record's metadata: a stateful `mapValues`. The transformer also sees
   * deletes, as `null`.
   *
   * @example
   * const changes = keyValueStore('changes', { key: serdes.string(), value: serdes.long() })
   * prices.transformValues(() => new CountChanges(changes), { store: 'counted-prices', stores: [changes] })
   */
  transformValues<VR>(
    supplier: ValueTransformerSupplier<K, V, VR>,
    transformed?: TransformedValues<K, VR>,
  ): KTable<K, VR> {
    requireFunction(supplier, 'transformValues', 'a supplier of transformers')
    requireArgument(transformed, TRANSFORMED_VALUES, 'transformValues', 'transformed')
    requireNewInstances(supplier, 'transformValues', 'transform')
    const { stores, materialized } = transformedOptions(transformed)
    const options = resolveMaterialized(materialized)
    return this.view('KTABLE-TRANSFORMVALUES-', options, { kind: 'table-transform-values', supplier, stores })
  }

  /**
   * Joins the rows of both tables with the same key; the result has a row if both have one. Updates of either side
   * update the result. The tables' topics need equal numbers of partitions.
   *
   * @example
   * customers.join(addresses, (customer, address) => ({ ...customer, ...address }), 'customers-with-address')
   */
  join<VO, VR>(
    other: KTable<K, VO>,
    joiner: ValueJoiner<K, V, VO, VR | null>,
    materialized?: MaterializedAs<K, VR>,
  ): KTable<K, VR>
  /**
   * Joins each row with the row of the other table that its foreign key refers to (KIP-213). Updates of either side update
   * the result, which has this table's keys. The tables need not be partitioned alike.
   *
   * @example
   * orders.join(customers, (order) => order.customerId, (order, customer) => ({ ...order, name: customer.name }))
   */
  join<KO, VO, VR>(
    other: KTable<KO, VO>,
    foreignKey: ForeignKeyExtractor<K, V, KO>,
    joiner: ValueJoiner<K, V, VO, VR | null>,
    joined?: TableJoinedAs<K, KO, VR>,
  ): KTable<K, VR>
  join(other: unknown, ...rest: unknown[]): KTable<K, unknown> {
    return this.joined(other, 'inner', rest)
  }

  /**
   * As `join`, but a row of this table without a match is also in the result: the joiner gets `null` then.
   *
   * @example
   * customers.leftJoin(addresses, (customer, address) => ({ ...customer, city: address?.city }))
   */
  leftJoin<VO, VR>(
    other: KTable<K, VO>,
    joiner: ValueJoiner<K, V, VO | null, VR | null>,
    materialized?: MaterializedAs<K, VR>,
  ): KTable<K, VR>
  /**
   * As `join` by a foreign key, but a row of this table without a foreign key, or without a matching row, is also in the
   * result: the joiner gets `null` then.
   *
   * @example
   * orders.leftJoin(coupons, (order) => order.coupon, (order, coupon) => order.amount - (coupon?.discount ?? 0))
   */
  leftJoin<KO, VO, VR>(
    other: KTable<KO, VO>,
    foreignKey: ForeignKeyExtractor<K, V, KO>,
    joiner: ValueJoiner<K, V, VO | null, VR | null>,
    joined?: TableJoinedAs<K, KO, VR>,
  ): KTable<K, VR>
  leftJoin(other: unknown, ...rest: unknown[]): KTable<K, unknown> {
    return this.joined(other, 'left', rest)
  }

  /**
   * As `join`, but a key that only one of the tables has is also in the result: the joiner gets `null` for the other.
   *
   * @example
   * planned.outerJoin(actual, (plan, value) => ({ plan, value }))
   */
  outerJoin<VO, VR>(
    other: KTable<K, VO>,
    joiner: ValueJoiner<K, V | null, VO | null, VR | null>,
    materialized?: MaterializedAs<K, VR>,
  ): KTable<K, VR> {
    return this.joined(other, 'outer', [joiner, materialized]) as KTable<K, VR>
  }

  /**
   * Holds updates back, to emit fewer of them: only the last of several updates of a key is forwarded. Until windows close, deletes are
   * not forwarded at all.
   *
   * @example
   * spend.suppress(untilWindowCloses()).toStream().to('final-spend')
   * counts.suppress(untilTimeLimit('10s', { maxRecords: 10_000 })).toStream().to('counts')
   *
   * @throws TopologyError INVALID_TOPOLOGY if the table is versioned, or has no windows that could close
   */
  suppress(suppressed: SuppressedUntilClose<K>): FinalKTable<K, V>
  suppress(suppressed: Suppressed<K>): KTable<K, V>
  suppress(suppressed: Suppressed<K>): KTable<K, V> {
    requireArgument(suppressed, SUPPRESSED, 'suppress', 'suppressed')
    return new KTable(suppress(this.position, suppressed), undefined)
  }

  private joined(other: unknown, kind: JoinKind, rest: readonly unknown[]): KTable<K, unknown> {
    const call = kind === 'inner' ? 'join' : `${kind}Join`
    if (!(other instanceof KTable)) throw argumentError(other, 'another KTable', call, 'other')
    requireSameBuilder(this.position, other.position, call)
    const byForeignKey = kind !== 'outer' && (typeof rest[1] === 'function' || rest.length > 2)
    const [extractor, joiner, options] = (byForeignKey ? rest : [undefined, ...rest]) as never[]
    if (byForeignKey) requireArgument(extractor, FOREIGN_KEY, call, 'foreignKey')
    requireFunction(joiner, call, 'a joiner')
    if (byForeignKey) requireArgument(options, TABLE_JOINED, call, 'joined')
    else requireArgument(options, MATERIALIZED, call, 'materialized')
    const result = byForeignKey
      ? foreignKeyJoin<K, V, unknown, unknown, unknown>(
          this.position,
          other.position,
          { extractor: extractor!, joiner: joiner!, left: kind === 'left' },
          options,
        )
      : tableJoin<K, unknown>(
          this.position,
          other.position as GraphReference<K, unknown>,
          { kind, joiner: joiner! },
          options,
        )
    return new KTable(result.position, result.store)
  }

  private filtered(predicate: Predicate<K, V>, not: boolean, materialized?: MaterializedAs<K, V>): KTable<K, V> {
    const method = not ? 'filterNot' : 'filter'
    requireFunction(predicate, method, 'a predicate')
    requireArgument(materialized, MATERIALIZED, method, 'materialized')
    const options = resolveMaterialized(materialized)
    const valueSerde = options.valueSerde ?? this.position.valueSerde
    this.skipStoreIndex(options)
    return this.view('KTABLE-FILTER-', { ...options, valueSerde }, { kind: 'table-filter', predicate, not })
  }

  /** Kafka Streams takes an index for a store that it then doesn't make. */
  private skipStoreIndex<VR>({ given, store }: ResolvedMaterialized<K, VR>): void {
    if (given && store === undefined) this.position.context.naming.skip()
  }

  private view<VR>(prefix: string, options: ResolvedMaterialized<K, VR>, view: View): KTable<K, VR> {
    const { context } = this.position
    const name = context.naming.node(prefix, options.name)
    const keySerde = options.keySerde ?? this.position.keySerde
    const store =
      options.store === undefined ? null : materializedStore(context, options.store, { ...options, keySerde })
    const node = { ...view, name, store, versioned: versionedBy(options) }
    return new KTable(append(this.position, node, { name, keySerde, valueSerde: options.valueSerde }), options.store)
  }

  private streamed(named?: Named): KStream<K, V | null> {
    const { context, keySerde, valueSerde } = this.position
    const name = context.naming.node('KTABLE-TOSTREAM-', operatorName(named))
    return new KStream(append(this.position, { kind: 'table-to-stream', name }, { name, keySerde, valueSerde }))
  }
}
