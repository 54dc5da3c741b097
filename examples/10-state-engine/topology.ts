import { serdes, StreamsBuilder, type Topology } from 'millrace'

/** Deposits and withdrawals of accounts in, their balances out. */
export function balances(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('bookings', { key: serdes.string(), value: serdes.json<number>() })
    .groupByKey()
    .aggregate(
      () => 0,
      (balance, amount) => balance + amount,
      { store: 'balances', value: serdes.json<number>() },
    )
    .toStream()
    .to('balances', { key: serdes.string(), value: serdes.json<number>() })
  return builder.build()
}
