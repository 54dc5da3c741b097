import {
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  serdes,
  StreamRecord,
} from 'millrace'

/** What happens to an order. In `order-events`, by the order's id. */
export type OrderEvent = 'placed' | 'paid' | 'shipped' | 'delivered' | 'cancelled'

/** In `order-states`, by the order's id: what has happened last, and when. */
export interface OrderState {
  state: OrderEvent
  since: number
}

/** In `order-violations`, by the order's id: an event that the order's state does not allow. */
export interface Violation {
  state: OrderEvent | 'unknown'
  event: OrderEvent
}

/** The events that each state allows. Each is the next state. */
const ALLOWED: Record<OrderEvent, readonly OrderEvent[]> = {
  placed: ['paid', 'cancelled'],
  paid: ['shipped', 'cancelled'],
  shipped: ['delivered'],
  delivered: [],
  cancelled: [],
}

const PAYMENT_TIMEOUT_MS = 15 * 60 * 1000

/** The orders that are under way. One that nothing is heard of for 90 days is forgotten. */
export const orders = keyValueStore('orders', { key: serdes.string(), value: serdes.json<OrderState>(), ttl: '90d' })

/** Sends new states to `states` and events out of turn to `violations`; cancels orders that are not paid in time. */
export class OrderLifecycle implements Processor<string, OrderEvent, string, OrderState | Violation> {
  private context!: ProcessorContext<string, OrderState | Violation>
  private orders!: KeyValueStore<string, OrderState>

  init(context: ProcessorContext<string, OrderState | Violation>): void {
    this.context = context
    this.orders = context.stateStore(orders)
    // By the clock on the wall: the time for an order passes even while there are no events.
    context.schedule('1m', 'wall-clock-time', (now) => this.cancelUnpaid(now))
  }

  process(record: StreamRecord<string, OrderEvent>): void {
    const { key: id, value: event, timestamp } = record
    const state = this.orders.get(id)?.state ?? 'unknown'
    const isAllowed = state === 'unknown' ? event === 'placed' : ALLOWED[state].includes(event)
    if (isAllowed) this.enter(id, { state: event, since: timestamp }, record)
    else this.context.forward(record.withValue({ state, event }), 'violations')
  }

  private async cancelUnpaid(now: number): Promise<void> {
    for await (const [id, { state, since }] of this.orders.all()) {
      const isOverdue = state === 'placed' && since + PAYMENT_TIMEOUT_MS <= now
      if (isOverdue) this.enter(id, { state: 'cancelled', since: now }, new StreamRecord(id, null, now))
    }
  }

  private enter(id: string, next: OrderState, record: StreamRecord<string, unknown>): void {
    const isFinal = ALLOWED[next.state].length === 0
    this.orders.put(id, isFinal ? null : next)
    this.context.forward(record.withValue(next), 'states')
  }
}
