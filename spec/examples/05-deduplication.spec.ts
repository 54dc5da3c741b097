import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { deduplication, type Payment } from '../../examples/05-deduplication/topology'

const at = (minutes: number): number => Date.UTC(2026, 2, 1, 12) + minutes * 60_000

let driver: TopologyTestDriver
beforeEach(() => {
  driver = new TopologyTestDriver(deduplication())
})
afterEach(() => driver.close())

const request = async (id: string, minutes: number, amount = 1): Promise<void> => {
  const requests = driver.inputTopic('payment-requests', { key: serdes.string(), value: serdes.json<Payment>() })
  await requests.pipe('terminal', { id, account: 'DE89', amount }, at(minutes))
}
const payments = (): unknown[] =>
  driver
    .outputTopic('payments', { key: serdes.string(), value: serdes.json<Payment>() })
    .readKeyValues()
    .map(([account, payment]) => [account, payment!.id, payment!.amount])

test('05-deduplication lets each payment through once, by account', async () => {
  await request('p1', 0)
  await request('p2', 0, 2)
  await request('p1', 1)
  await request('p1', 59)
  expect(payments()).toEqual([
    ['DE89', 'p1', 1],
    ['DE89', 'p2', 2],
  ])
})

test('05-deduplication counts the hour from the payment that went through, and forgets then', async () => {
  await request('p1', 0)
  await request('p1', 30)
  await request('p1', 60)
  expect(payments()).toHaveLength(1)
  await request('p1', 61)
  expect(payments()).toHaveLength(1)
})

test('05-deduplication finds repetitions that come out of order', async () => {
  await request('p1', 30)
  await request('p1', 0)
  expect(payments()).toEqual([['DE89', 'p1', 1]])
})
