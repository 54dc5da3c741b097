import type { DslContext } from './graph-reference'

/**
 * A table that every instance holds in full, across all partitions: streams join it by any key, without being
 * repartitioned. It is read to its end before anything is processed, and kept up to date from then on.
 *
 * @example
 * const rates = builder.globalTable('exchange-rates', { key: serdes.string(), value: serdes.double() })
 * orders.join(rates, (order) => order.currency, (order, rate) => ({ ...order, euros: order.amount * rate }))
 */
export class GlobalKTable<K, V> {
  /** Never set: carries the types of key and value. */
  declare readonly types?: readonly [K, V]

  /** @internal */
  constructor(
    /** @internal */
    readonly context: DslContext,
    /** The name of its store, for queries: a generated one, such as `rates-STATE-STORE-0000000000`, if it was not given one. */
    readonly queryableStoreName: string,
  ) {}
}
