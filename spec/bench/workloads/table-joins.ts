import { serdes } from 'millrace'
import { Random } from '../../differential/random'
import { FIRST_TIMESTAMP, payloads, rows, updates } from '../data'
import type { Input, InputRecord, Workload } from '../workload'

const texts = { key: serdes.string(), value: serdes.string() }
const joined = (left: string, right: string): string => `${left.slice(0, 20)}+${right.slice(0, 20)}`

const lastValues = ({ records }: Input): Map<string, string> => {
  const values = new Map<string, string>()
  for (const { key, value } of records()) values.set(key, value.toString())
  return values
}

export const tableTableJoin: Workload = {
  name: 'table-table-join',
  description: 'two tables of 250,000 rows, both updated',
  records: 2_000_000,
  run: { kind: 'drain' },
  inputs: (records) => {
    const each = Math.floor(records / 2)
    const keys = Math.ceil(each / 4)
    return [
      { name: 'left', records: () => updates(each, { keys, seed: 3 }) },
      { name: 'right', records: () => updates(each, { keys, seed: 5 }) },
    ]
  },
  compared: 'table',
  // in long runs, a few of Java's last results are not the join of the last rows
  expected: (records) => {
    const [left, right] = tableTableJoin.inputs(records).map(lastValues)
    const rows = [...left!].filter(([key]) => right!.has(key))
    return new Map(rows.map(([key, value]) => [key, joined(value, right!.get(key)!)]))
  },
  build: (builder, { topic }) =>
    builder
      .table(topic('left'), texts, 'left')
      .join(builder.table(topic('right'), texts, 'right'), joined, { store: 'joined', ...texts })
      .toStream()
      .to(topic('out'), texts),
  java: 'TableTableJoin',
}

/** `customer-7|…`: the key of the other table stands before the bar. */
function* ordersOfCustomers(records: number, customers: number): Iterable<InputRecord> {
  const random = new Random(7)
  const note = payloads(random, 80)
  for (let i = 0; i < records; i++) {
    const value = `key-${random.below(customers)}|${note()}`
    yield { key: `order-${random.below(records)}`, value, timestamp: FIRST_TIMESTAMP + customers + i }
  }
}

export const foreignKeyJoin: Workload = {
  name: 'foreign-key-join',
  description: 'a table of orders with that of their customers, to the last output',
  records: 1_000_000,
  run: { kind: 'drain' },
  inputs: (records) => {
    const customers = Math.ceil(records / 10)
    return [
      { name: 'customers', records: () => rows(customers) },
      { name: 'orders', records: () => ordersOfCustomers(records - customers, customers) },
    ]
  },
  compared: 'table',
  build: (builder, { topic }) =>
    builder
      .table(topic('orders'), texts, 'orders')
      .join(
        builder.table(topic('customers'), texts, 'customers'),
        (order) => order.slice(0, order.indexOf('|')),
        joined,
        { store: 'joined', ...texts },
      )
      .toStream()
      .to(topic('out'), texts),
  java: 'ForeignKeyJoin',
}
