import { serdes, Topology } from 'millrace'
import { OrderLifecycle, orders, type OrderState, type Violation } from './order-lifecycle'

/** Follows every order through its life, by the Processor API. */
export function stateMachine(): Topology {
  return new Topology()
    .addSource('events', 'order-events', { key: serdes.string(), value: serdes.string() })
    .addProcessor('lifecycle', () => new OrderLifecycle(), 'events', [orders])
    .addSink('states', 'order-states', 'lifecycle', { key: serdes.string(), value: serdes.json<OrderState>() })
    .addSink('violations', 'order-violations', 'lifecycle', { key: serdes.string(), value: serdes.json<Violation>() })
}
