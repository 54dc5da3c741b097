import { type BatchAction, serdes, StreamsBuilder, TimeWindows, type Topology, untilWindowCloses } from 'millrace'

/** In `shop-sales`, by sale. */
export interface Sale {
  shop: string
  amount: number
}

/** In `revenue-per-day`, by shop. */
export interface Revenue {
  /** Such as `2026-03-01`, in UTC. */
  day: string
  amount: number
}

/**
 * Each shop's revenue of each day, once, when the day is over; and every sale in batches for a warehouse. It is the same topology whether it
 * runs as a service, day and night, or once over everything that there is.
 */
export function dailyRevenue(writeSales: BatchAction<string, Sale>): Topology {
  const builder = new StreamsBuilder()
  const sales = builder.stream('shop-sales', { key: serdes.string(), value: serdes.json<Sale>() })

  sales.forEachBatch(writeSales, { name: 'to-warehouse', size: 1000, retry: { attempts: 5 } })

  sales
    .groupBy((sale) => sale.shop, { key: serdes.string(), value: serdes.json() })
    .windowedBy(TimeWindows.of({ size: '1d', grace: '1d' }))
    .aggregate(
      () => 0,
      (sum, { amount }) => sum + amount,
      { store: 'revenue', value: serdes.double() },
    )
    .suppress(untilWindowCloses())
    .toStream()
    .map<string, Revenue>((amount, { key: shop, window }) => [
      shop,
      { day: new Date(window.start).toISOString().slice(0, 10), amount },
    ])
    .to('revenue-per-day', { key: serdes.string(), value: serdes.json<Revenue>() })
  return builder.build()
}
