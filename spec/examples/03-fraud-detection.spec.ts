import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { fraudDetection, type Payment, type Series } from '../../examples/03-fraud-detection/topology'

const CARD = '4929 1234'
const at = (minutes: number): number => Date.UTC(2026, 2, 1, 12) + minutes * 60_000

let driver: TopologyTestDriver
beforeEach(() => {
  driver = new TopologyTestDriver(fraudDetection())
})
afterEach(() => driver.close())

const pay = async (minutes: number, amount: number, country = 'PT', card = CARD): Promise<void> => {
  const payments = driver.inputTopic('card-payments', { key: serdes.string(), value: serdes.json<Payment>() })
  await payments.pipe(card, { amount, country }, at(minutes))
}

/** From and to which minute, and the alert; null where it is taken back. */
const alerts = (): unknown[] => {
  const key = serdes.sessionWindowed(serdes.string())
  const records = driver.outputTopic('fraud-alerts', { key, value: serdes.json<Series>() }).readRecords()
  return records.map(({ key, value }) => [
    key!.key,
    (key!.window.start - at(0)) / 60_000,
    (key!.window.end - at(0)) / 60_000,
    value,
  ])
}

test('03-fraud-detection reports a card that is used in three countries at once', async () => {
  await pay(0, 10, 'PT')
  await pay(4, 10, 'ES')
  await pay(4, 10, 'BR', 'another card')
  expect(alerts()).toEqual([])
  await pay(9, 10, 'BR')
  expect(alerts()).toEqual([[CARD, 0, 9, { payments: 3, total: 30, largest: 10, countries: ['PT', 'ES', 'BR'] }]])
})

test('03-fraud-detection reports small payments with a large one among them, and not the same sums over the day', async () => {
  for (const minutes of [0, 20, 40, 60]) await pay(minutes, 1)
  await pay(80, 500)
  expect(alerts()).toEqual([])
  for (const minutes of [100, 101, 102, 103]) await pay(minutes, 1)
  await pay(104, 500)
  expect(alerts()).toEqual([[CARD, 100, 104, { payments: 5, total: 504, largest: 500, countries: ['PT'] }]])
})

test('03-fraud-detection takes an alert back when its session grows, and gives the new one', async () => {
  await pay(0, 10, 'PT')
  await pay(1, 10, 'ES')
  await pay(2, 10, 'BR')
  await pay(14, 10, 'PT')
  await pay(8, 10, 'PT') // late, and between the two sessions
  const alert = { payments: 3, total: 30, largest: 10, countries: ['PT', 'ES', 'BR'] }
  expect(alerts()).toEqual([
    [CARD, 0, 2, alert],
    [CARD, 0, 2, null],
    [CARD, 0, 14, { ...alert, payments: 5, total: 50 }],
  ])
})
