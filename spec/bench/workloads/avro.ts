import { SchemaRegistry, serdes } from 'millrace'
import avsc from 'avsc'
import { Random } from '../../differential/random'
import { FIRST_TIMESTAMP } from '../data'
import type { InputRecord, Workload } from '../workload'

const SALE = {
  type: 'record',
  name: 'Sale',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'product', type: 'string' },
    { name: 'quantity', type: 'int' },
    { name: 'price', type: 'int' },
    { name: 'gift', type: 'boolean' },
  ],
} as const

const INVOICE = {
  type: 'record',
  name: 'Invoice',
  fields: [
    { name: 'sale', type: 'string' },
    { name: 'amount', type: 'int' },
  ],
} as const

/** The registry's number of the first schema that is registered. */
const SALE_ID = 1

function* sales(records: number): Iterable<InputRecord> {
  const random = new Random(7)
  const type = avsc.Type.forSchema(SALE as unknown as avsc.Schema)
  const header = Buffer.from([0, 0, 0, 0, SALE_ID])
  for (let i = 0; i < records; i++) {
    const sale = {
      id: `sale-${i}`,
      product: `product-${random.below(10_000)}`,
      quantity: random.between(1, 5),
      price: random.between(100, 100_000),
      gift: random.chance(0.1),
    }
    yield { key: sale.id, value: Buffer.concat([header, type.toBuffer(sale)]), timestamp: FIRST_TIMESTAMP + i }
  }
}

export const avro: Workload = {
  name: 'avro',
  description: 'filter Avro sales and make Avro invoices of them',
  records: 16_000_000,
  run: { kind: 'drain' },
  inputs: (records) => [{ name: 'sales', records: () => sales(records) }],
  schemas: { sales: SALE, out: INVOICE },
  compared: 'stream',
  build: (builder, { topic, registry: url }) => {
    const registry = new SchemaRegistry(url)
    builder
      .stream(topic('sales'), { key: serdes.string(), value: serdes.avro({ registry, schema: SALE }) })
      .filter((sale) => !sale.gift)
      .mapValues(({ id, quantity, price }) => ({ sale: id, amount: quantity * price }))
      .to(topic('out'), { value: serdes.avro({ registry, schema: INVOICE }) })
  },
  java: 'AvroInvoices',
}
