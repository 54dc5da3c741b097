import { serdes, StreamsBuilder, type Topology } from 'millrace'

/** In `payment-requests` more than once if a sender has tried again, in `payments` once, by account. */
export interface Payment {
  /** The sender's; the same in each try. */
  id: string
  account: string
  amount: number
}

/** Lets each payment through once. */
export function deduplication(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('payment-requests', { key: serdes.string(), value: serdes.json<Payment>() })
    .selectKey((payment) => payment.id, { key: serdes.string() })
    .deduplicate({ within: '1h', name: 'payments-by-id', store: 'seen-payments' }) // behind a topic by id, so repetitions meet
    .selectKey((payment) => payment.account, { key: serdes.string() })
    .to('payments')
  return builder.build()
}
