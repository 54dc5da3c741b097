import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import {
  type OrderEvent,
  orders,
  type OrderState,
  type Violation,
} from '../../examples/09-state-machine/order-lifecycle'
import { stateMachine } from '../../examples/09-state-machine/topology'

const NOON = Date.UTC(2026, 2, 1, 12)

let driver: TopologyTestDriver
beforeEach(() => {
  driver = new TopologyTestDriver(stateMachine(), { initialWallClockTime: NOON })
})
afterEach(() => driver.close())

const happen = async (id: string, ...events: OrderEvent[]): Promise<void> => {
  const topic = driver.inputTopic('order-events', { key: serdes.string(), value: serdes.string() })
  for (const event of events) await topic.pipe(id, event)
}
const states = (): unknown[] =>
  driver
    .outputTopic('order-states', { key: serdes.string(), value: serdes.json<OrderState>() })
    .readKeyValues()
    .map(([id, order]) => [id, order!.state])
const violations = () =>
  driver.outputTopic('order-violations', { key: serdes.string(), value: serdes.json<Violation>() }).readKeyValues()

test('09-state-machine follows an order, and forgets it when it is delivered', async () => {
  await happen('o1', 'placed', 'paid', 'shipped')
  expect(driver.store(orders).get('o1')).toEqual({ state: 'shipped', since: NOON })
  await happen('o1', 'delivered')
  expect(states()).toEqual(['placed', 'paid', 'shipped', 'delivered'].map((state) => ['o1', state]))
  expect(driver.store(orders).get('o1')).toBeNull()
  expect(violations()).toEqual([])
})

test('09-state-machine reports events out of turn, and stays in its state', async () => {
  await happen('o1', 'paid', 'placed', 'shipped', 'paid', 'placed')
  expect(states()).toEqual([
    ['o1', 'placed'],
    ['o1', 'paid'],
  ])
  expect(violations()).toEqual([
    ['o1', { state: 'unknown', event: 'paid' }],
    ['o1', { state: 'placed', event: 'shipped' }],
    ['o1', { state: 'paid', event: 'placed' }],
  ])
})

test('09-state-machine cancels what is not paid in a quarter of an hour', async () => {
  await happen('late', 'placed')
  await happen('paid', 'placed', 'paid')
  await driver.advanceWallClockTime('14m')
  await happen('new', 'placed')
  states()
  await driver.advanceWallClockTime('1m')
  expect(states()).toEqual([['late', 'cancelled']])
  await happen('late', 'paid')
  expect(violations()).toEqual([['late', { state: 'unknown', event: 'paid' }]])
  await driver.advanceWallClockTime('14m')
  expect(states()).toEqual([['new', 'cancelled']])
})
