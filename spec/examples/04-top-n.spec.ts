import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { type ProductRank, topProducts } from '../../examples/04-top-n/topology'

let driver: TopologyTestDriver
beforeEach(() => {
  driver = new TopologyTestDriver(topProducts())
})
afterEach(() => driver.close())

const sell = async (product: string, quantity: number, category = 'fruit'): Promise<void> => {
  await driver.inputTopic('sales', { value: serdes.json() }).pipe(null, { product, category, quantity })
}

/** The last list of each category since the last call. */
const top = (): Record<string, string> => {
  const lists = driver.outputTopic('top-products', { key: serdes.string(), value: serdes.json<ProductRank[]>() })
  const text = (list: ProductRank[]): string => list.map(({ product, sold }) => `${product} ${sold}`).join(', ')
  return Object.fromEntries([...lists.readKeyValuesToMap()].map(([category, list]) => [category, text(list!)]))
}

test('04-top-n keeps the three best of each category', async () => {
  await sell('apple', 3)
  await sell('pear', 5)
  await sell('plum', 1)
  await sell('leek', 7, 'vegetables')
  expect(top()).toEqual({ fruit: 'pear 5, apple 3, plum 1', vegetables: 'leek 7' })
  await sell('fig', 2)
  expect(top()).toEqual({ fruit: 'pear 5, apple 3, fig 2' })
  await sell('plum', 9)
  expect(top()).toEqual({ fruit: 'plum 10, pear 5, apple 3' })
})

test('04-top-n lets the next one move up when goods are returned, or change their category', async () => {
  await sell('apple', 4)
  await sell('pear', 3)
  await sell('plum', 2)
  await sell('tomato', 5)
  expect(top()).toEqual({ fruit: 'tomato 5, apple 4, pear 3' })
  await sell('apple', -3)
  expect(top()).toEqual({ fruit: 'tomato 5, pear 3, plum 2' })
  await sell('tomato', 1, 'vegetables')
  expect(top()).toEqual({ fruit: 'pear 3, plum 2, apple 1', vegetables: 'tomato 6' })
})
