import { JoinWindows, type KStream, serdes } from 'millrace'
import { afterOrders, orders, payments } from '../data'
import type { Workload } from '../workload'

type Texts = KStream<string, string>

const texts = { key: serdes.string(), value: serdes.string() }
const serdesOfBoth = { ...texts, otherValue: serdes.string() }
const windows = JoinWindows.of({ timeDifference: '5s', grace: '5s' })
const joined = (order: string | null, payment: string | null): string => `${order ?? '-'}+${payment ?? '-'}`

const common = (join: (orders: Texts, payments: Texts) => Texts) =>
  ({
    records: 4_000_000,
    run: { kind: 'drain' },
    inputs: (records) => [
      { name: 'orders', records: () => orders(Math.ceil(records / 2)) },
      { name: 'payments', records: () => payments(Math.floor(records / 2)) },
    ],
    closingTimestamp: afterOrders,
    compared: 'stream',
    build: (builder, { topic }) => {
      const payments = builder.stream(topic('payments'), texts)
      join(builder.stream(topic('orders'), texts), payments).to(topic('out'), texts)
    },
  }) as const satisfies Partial<Workload>

export const streamJoins: readonly Workload[] = [
  {
    ...common((orders, payments) => orders.join(payments, joined, windows, serdesOfBoth)),
    name: 'stream-stream-join',
    description: 'orders with the payments that come within 5 s',
    java: 'InnerJoin',
  },
  {
    ...common((orders, payments) => orders.leftJoin(payments, joined, windows, serdesOfBoth)),
    name: 'left-join',
    description: 'the same, and orders without a payment',
    java: 'LeftJoin',
  },
  {
    ...common((orders, payments) => orders.outerJoin(payments, joined, windows, serdesOfBoth)),
    name: 'outer-join',
    description: 'the same, and payments without an order',
    java: 'OuterJoin',
  },
]
