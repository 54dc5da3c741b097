import type { KeyValueMapper, Predicate, ValueMapper } from '../operators/callbacks'
import type { OldValues } from '../operators/change-forwarder'
import type { Processor } from '../operators/processor'
import { TableFilterOperator } from '../operators/table-filter'
import { TableMapValuesOperator } from '../operators/table-map-values'
import { TableRepartitionMapOperator } from '../operators/table-repartition-map'
import { FilteredRows, MappedRows, type TableRows } from '../operators/table-rows'
import { TableToStreamOperator } from '../operators/table-to-stream'
import { KGroupedTable } from './kgrouped-table'
import { KStream } from './kstream'
import type { Grouped } from './options/grouped'
import {
  type MaterializedAs,
  materializedStore,
  type ResolvedMaterialized,
  resolveMaterialized,
} from './options/materialized'
import { type Named, operatorName, withName } from './options/named'
import { append, type Position, requireFunction } from './position'

/**
 * A table: the last value of each key, changing with every record. Deleted keys have no value.
 *
 * Every method makes a new table and leaves this one as it is. A table that is given a store, as the last argument,
 * can be queried; the others exist only as updates that pass by.
 */
export class KTable<K, V> {
  /** @internal */
  constructor(
    /** @internal */
    readonly position: Position<K, V>,
    /** The store to query it by; undefined if it wasn't given one. */
    readonly queryableStoreName: string | undefined,
  ) {}

  /**
   * The rows for which the predicate holds. A row that ceases to hold is deleted.
   *
   * @example
   * customers.filter((customer) => customer.active, { store: 'active-customers' })
   */
  filter(predicate: Predicate<K, V>, materialized?: MaterializedAs<K, V>): KTable<K, V> {
    return this.filtered(predicate, false, materialized)
  }

  /**
   * The rows for which the predicate does not hold.
   *
   * @example
   * customers.filterNot((customer) => customer.blocked)
   */
  filterNot(predicate: Predicate<K, V>, materialized?: MaterializedAs<K, V>): KTable<K, V> {
    return this.filtered(predicate, true, materialized)
  }

  /**
   * A table with new values. The mapper is not called for deletes; where it returns `null`, the row is deleted.
   *
   * @example
   * customers.mapValues((customer) => customer.name, { store: 'names', value: serdes.string() })
   */
  mapValues<VR>(mapper: ValueMapper<K, V, VR | null>, materialized?: MaterializedAs<K, VR>): KTable<K, VR> {
    requireFunction(mapper, 'mapValues', 'a mapper')
    const options = resolveMaterialized(materialized)
    return this.view(
      'KTABLE-MAPVALUES-',
      options,
      false,
      (store) => (old) => new TableMapValuesOperator(mapper, store, old),
      (rows) => new MappedRows(rows, mapper),
    )
  }

  /**
   * The updates as a stream: the new value of a key, `null` for a delete. With a selector, the records get a new key.
   *
   * @example
   * counts.toStream().to('word-counts', { value: serdes.long() })
   * spend.toStream((amount, customer) => customer.region)
   */
  toStream<KR>(selector: ValueMapper<K, V, KR>, named?: Named): KStream<KR, V>
  toStream(named?: Named): KStream<K, V>
  toStream<KR>(selector?: ValueMapper<K, V, KR> | Named, named?: Named): KStream<K, V> | KStream<KR, V> {
    if (typeof selector === 'function') return this.streamed(named).selectKey(selector as ValueMapper<K, V, KR>)
    return this.streamed(selector)
  }

  /**
   * Groups the rows by a new key, for an aggregation that follows every change: an update takes back what the old row
   * had added. Always repartitions. A `null` key or value leaves a row out.
   *
   * @example
   * customers.groupBy((customer, id) => [customer.country, id], { key: serdes.string(), value: serdes.string() }).count()
   */
  groupBy<KR, VR>(selector: KeyValueMapper<K, V, KR, VR>, grouped?: string | Grouped<KR, VR>): KGroupedTable<KR, VR> {
    requireFunction(selector, 'groupBy', 'a selector')
    const { name: given, key, value } = withName<Grouped<KR, VR>>(grouped)
    const name = this.position.context.naming.node('KTABLE-SELECT-', given)
    const supplier = () => new TableRepartitionMapOperator(selector)
    const node = { kind: 'processor', name, supplier, needsOldValues: true } as const
    return new KGroupedTable(append(this.position, node, { name, keySerde: key, valueSerde: value }), given)
  }

  private filtered(predicate: Predicate<K, V>, negate: boolean, materialized?: MaterializedAs<K, V>): KTable<K, V> {
    requireFunction(predicate, negate ? 'filterNot' : 'filter', 'a predicate')
    const options = resolveMaterialized(materialized)
    const valueSerde = options.valueSerde ?? this.position.valueSerde
    return this.view(
      'KTABLE-FILTER-',
      { ...options, valueSerde },
      true,
      (store) => (old) => new TableFilterOperator(predicate, negate, store, old),
      (rows) => new FilteredRows(rows, predicate, negate),
    )
  }

  private view<VR>(
    prefix: string,
    options: ResolvedMaterialized<K, VR>,
    prefersOldValues: boolean,
    operatorOn: (store: string | null) => (options: OldValues) => Processor<never, never, never, never>,
    rows: (parent: TableRows<K, V>) => TableRows<K, VR>,
  ): KTable<K, VR> {
    const { naming } = this.position.context
    // Kafka Streams takes an index for a store that it then doesn't make.
    if (options.given && options.store === undefined) naming.skip()
    const name = naming.node(prefix, options.name)
    const keySerde = options.keySerde ?? this.position.keySerde
    const store =
      options.store === undefined
        ? null
        : materializedStore(this.position.context, options.store, { ...options, keySerde })
    const node = {
      kind: 'table-view',
      name,
      store,
      prefersOldValues,
      operator: operatorOn(store?.name ?? null),
      rows,
    } as const
    return new KTable(append(this.position, node, { name, keySerde, valueSerde: options.valueSerde }), options.store)
  }

  private streamed(named?: Named): KStream<K, V> {
    const { context, keySerde, valueSerde } = this.position
    const name = context.naming.node('KTABLE-TOSTREAM-', operatorName(named))
    const node = { kind: 'processor', name, supplier: () => new TableToStreamOperator<K, V>() } as const
    return new KStream(append(this.position, node, { name, keySerde, valueSerde }))
  }
}
