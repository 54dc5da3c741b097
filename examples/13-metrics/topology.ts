import { serdes, StreamsBuilder, type Topology } from 'millrace'

export interface Checkout {
  shop: string
  seconds: number
}

/** Checkouts in, how many each shop has had out. Operators with names are easier to find in metrics. */
export function countCheckouts(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('checkouts', { key: serdes.string(), value: serdes.json<Checkout>(), name: 'checkouts' })
    .groupBy(({ shop }) => shop)
    .count('checkouts-per-shop')
    .toStream({ name: 'changes' })
    .to('shop-checkouts', { key: serdes.string(), value: serdes.long(), name: 'shop-checkouts' })
  return builder.build()
}
