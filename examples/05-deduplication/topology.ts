import {
  type Processor,
  type ProcessorContext,
  serdes,
  type StreamRecord,
  StreamsBuilder,
  type Topology,
  type WindowStore,
  windowStore,
} from 'millrace'

/** In `payment-requests` more than once if a sender has tried again, in `payments` once, by account. */
export interface Payment {
  /** The sender's; the same in each try. */
  id: string
  account: string
  amount: number
}

/** For how long, before and after it, a payment with the same id is a repetition. */
const REPETITION_MS = 60 * 60 * 1000

/** The ids of payments, each a window of its own that starts at the time of the payment. */
const seen = windowStore('seen-payments', {
  key: serdes.string(),
  value: serdes.boolean(),
  retention: 2 * REPETITION_MS, // late ones look back from their own time
  windowSize: REPETITION_MS,
})

/** Lets each payment through once. */
export function deduplication(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('payment-requests', { key: serdes.string(), value: serdes.json<Payment>() })
    .selectKey((payment) => payment.id)
    .repartition({ name: 'payments-by-id', key: serdes.string(), value: serdes.json<Payment>() }) // so repetitions meet
    .processValues<Payment>(() => new FirstOnly(), { name: 'first-only', stores: [seen] })
    .selectKey((payment) => payment.account)
    .to('payments', { key: serdes.string(), value: serdes.json<Payment>() })
  return builder.build()
}

class FirstOnly implements Processor<string, Payment, string, Payment> {
  private context!: ProcessorContext<string, Payment>
  private seen!: WindowStore<string, boolean>

  init(context: ProcessorContext<string, Payment>): void {
    this.context = context
    this.seen = context.stateStore(seen)
  }

  process(record: StreamRecord<string, Payment>): void {
    const { key: id, timestamp } = record
    const near = this.seen.fetch(id, Math.max(0, timestamp - REPETITION_MS), timestamp + REPETITION_MS)
    if (near.length === 0) this.context.forward(record)
    this.seen.put(id, true, timestamp) // a repetition of the repetition is one, too
  }
}
