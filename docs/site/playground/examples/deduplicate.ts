import { serdes, StreamsBuilder } from 'millrace'

interface Payment {
  /** The sender's; the same in each try. */
  id: string
  account: string
  amount: number
}

// A sender that has tried again sends a payment twice: only the first one passes, for an hour.
const builder = new StreamsBuilder()
builder
  .stream('payment-requests', { key: serdes.string(), value: serdes.json<Payment>() })
  .selectKey((payment) => payment.id)
  .deduplicate({ within: '1h', name: 'payments-by-id', store: 'seen-payments' })
  .selectKey((payment) => payment.account)
  .to('payments')

export const topology = builder.build()
