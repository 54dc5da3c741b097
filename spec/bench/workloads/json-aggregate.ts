import { serdes } from 'millrace'
import { Random } from '../../differential/random'
import { FIRST_TIMESTAMP } from '../data'
import type { InputRecord, Workload } from '../workload'

interface Purchase {
  readonly id: string
  readonly customer: string
  readonly amount: number
  readonly currency: string
  readonly items: readonly string[]
}

interface Total {
  readonly count: number
  readonly amount: number
  readonly last: string
}

function* purchases(records: number): Iterable<InputRecord> {
  const customers = Math.min(1_000_000, Math.ceil(records / 3))
  const random = new Random(7)
  for (let i = 0; i < records; i++) {
    const customer = `customer-${random.below(customers)}`
    const purchase: Purchase = {
      id: `purchase-${i}`,
      customer,
      amount: random.between(1, 50_000),
      currency: 'EUR',
      items: [`item-${random.below(1000)}`, `item-${random.below(1000)}`],
    }
    yield { key: customer, value: JSON.stringify(purchase), timestamp: FIRST_TIMESTAMP + i }
  }
}

export const jsonAggregate: Workload = {
  name: 'json-aggregate',
  description: 'sum JSON purchases by customer into JSON, for 1 M customers',
  records: 3_000_000,
  run: { kind: 'drain' },
  inputs: (records) => [{ name: 'purchases', records: () => purchases(records) }],
  compared: 'table',
  build: (builder, { topic }) => {
    const total = serdes.json<Total>()
    builder
      .stream(topic('purchases'), { key: serdes.string(), value: serdes.json<Purchase>() })
      .groupByKey()
      .aggregate<Total>(
        () => ({ count: 0, amount: 0, last: '' }),
        ({ count, amount }, purchase) => ({ count: count + 1, amount: amount + purchase.amount, last: purchase.id }),
        { store: 'totals', value: total },
      )
      .toStream()
      .to(topic('out'), { value: total })
  },
  java: 'JsonAggregate',
}
