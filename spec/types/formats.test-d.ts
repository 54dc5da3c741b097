/* eslint-disable @typescript-eslint/no-unused-vars -- only types are looked at */
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { KStream } from '../../lib/dsl/kstream'
import { type CloudEvent, readCloudEvent, writeCloudEvent } from '../../lib/record/cloud-events'
import * as serdes from '../../lib/serdes'
import { SchemaRegistry } from '../../lib/serdes/registry/schema-registry'
import type { Serde, SerdeType } from '../../lib/serdes/serde'
import type { StandardSchema } from '../../lib/serdes/standard-schema'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined
/** Equal, whatever way an object type is put together. */
const alike = <A, B>(..._: [A, B] extends [B, A] ? [] : ['the types differ']): void => undefined

const registry = new SchemaRegistry('mock://types')
const builder = new StreamsBuilder()

// Avro: a schema written in place gives the type.
const order = serdes.avro({
  registry,
  schema: {
    type: 'record',
    name: 'Order',
    namespace: 'shop',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'count', type: 'long' },
      { name: 'paid', type: 'boolean' },
      { name: 'note', type: ['null', 'string'], default: null },
      { name: 'status', type: { type: 'enum', name: 'Status', symbols: ['open', 'done'] } },
      { name: 'before', type: ['null', 'Status'] },
      { name: 'tags', type: { type: 'array', items: 'string' } },
      { name: 'prices', type: { type: 'map', values: 'double' } },
      { name: 'raw', type: 'bytes' },
      { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 16 } },
      {
        name: 'customer',
        type: { type: 'record', name: 'Customer', fields: [{ name: 'name', type: { type: 'string' } }] },
      },
    ],
  },
})
interface Order {
  id: string
  count: number
  paid: boolean
  note: string | null
  status: 'open' | 'done'
  before: 'open' | 'done' | null
  tags: string[]
  prices: { [key: string]: number }
  raw: Buffer
  hash: Buffer
  customer: { name: string }
}
alike<SerdeType<typeof order>, Order>()
const orders = builder.stream('orders', { value: order })
alike<typeof orders, KStream<string, Order>>()
orders.filter(({ customer, note }) => customer.name === note)
// @ts-expect-error Property 'price' does not exist on type
orders.filter((order) => order.price > 0)
// @ts-expect-error Type 'string' is not assignable to type
orders.mapValues((order) => order.id).to('orders', { value: order })

// So does one that is declared before, as const.
const pointSchema = { type: 'record', name: 'Point', fields: [{ name: 'x', type: 'double' }] } as const
const point = serdes.avroBytes(pointSchema)
alike<SerdeType<typeof point>, { x: number }>()

// Logical types.
const event = serdes.avroBytes({
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'day', type: ['null', { type: 'int', logicalType: 'date' }] },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
    { name: 'key', type: { type: 'string', logicalType: 'uuid' } },
    { name: 'micros', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'odd', type: { type: 'string', logicalType: 'date' } },
  ],
})
alike<
  SerdeType<typeof event>,
  { at: Date; day: Date | null; price: string; key: string; micros: number; odd: string }
>()
const own = serdes.avroBytes(
  { type: 'array', items: { type: 'long', logicalType: 'timestamp-micros' } },
  {
    logicalTypes: {
      'timestamp-micros': { fromAvro: (raw: number) => ({ raw }), toAvro: ({ raw }: { raw: number }) => raw },
    },
  },
)
alike<SerdeType<typeof own>, Array<{ raw: number }>>()
const plainDates = serdes.avroBytes({ type: 'int', logicalType: 'date' }, { logicalTypes: { date: false } })
same<typeof plainDates, Serde<number>>()

// Longs as bigints.
const wide = serdes.avroBytes(['null', 'int', 'long'], { long: 'bigint' })
same<typeof wide, Serde<number | bigint | null>>()

// Unions that JavaScript can't tell apart name their member.
const ambiguous = serdes.avroBytes(['null', 'int', { type: 'long' }, 'string'])
alike<SerdeType<typeof ambiguous>, null | { int: number } | { long: number } | { string: string }>()

// Names may come again, also inside of themselves.
const tree = serdes.avroBytes({
  type: 'record',
  name: 'a.Tree',
  fields: [
    { name: 'value', type: 'int' },
    { name: 'left', type: ['null', 'a.Tree'] },
  ],
})
const treeOf = (node: SerdeType<typeof tree>): number => node.value + (node.left?.left?.value ?? 0)
treeOf({ value: 1, left: null })
// @ts-expect-error Property 'right' does not exist on type
const rightOf = (node: SerdeType<typeof tree>) => node.left?.right

// What TypeScript does not know is unknown.
const fromFile: string = 'string'
same<SerdeType<ReturnType<typeof serdes.avroBytes<typeof fromFile>>>, unknown>()
const generic = serdes.avro({ registry })
same<typeof generic, Serde<unknown>>()
const evolved = serdes.avro({ registry, schema: 'int', readerSchema: 'long', long: 'bigint' })
same<typeof evolved, Serde<bigint>>()
// @ts-expect-error Property 'registry' is missing
serdes.avro({ schema: 'string' })
// @ts-expect-error Type '"topics"' is not assignable to type 'SubjectStrategy | undefined'
serdes.avro({ registry, schema: 'string', subject: 'topics' })

// Protobuf and JSON Schema: the type is promised.
const message = serdes.protobuf<{ id: string }>({ registry, schema: '', long: 'bigint' })
same<typeof message, Serde<{ id: string }>>()
const described = serdes.jsonSchema<{ id: string }>({ registry, schema: { type: 'object' }, validateReads: false })
same<typeof described, Serde<{ id: string }>>()
// @ts-expect-error Property 'registry' is missing
serdes.protobuf<{ id: string }>({ schema: '' })
// @ts-expect-error Type '"string"' is not assignable to type 'ProtobufLong | undefined'
serdes.protobuf<{ id: string }>({ registry, long: 'string' })
// @ts-expect-error Type 'string' is not assignable to type
serdes.jsonSchema<{ id: string }>({ registry, schema: '{}' })

// JSON: the validator gives the type.
declare const validator: StandardSchema<{ at: string }, { at: Date }>
const checked = serdes.json(validator)
same<typeof checked, Serde<{ at: Date }>>()
const promised = serdes.json<{ id: string }>()
same<typeof promised, Serde<{ id: string }>>()
// @ts-expect-error 'parse' does not exist in type 'StandardSchema<unknown, unknown>'
serdes.json({ parse: () => 1 })

// Versions: what it gives is what the serde of today gives.
const profiles = serdes.versioned(serdes.json<{ clicks: number }>(), {
  version: 2,
  migrate: { 1: (n: number) => ({ clicks: n }) },
})
same<typeof profiles, Serde<{ clicks: number }>>()
// @ts-expect-error Property 'migrate' is missing
serdes.versioned(serdes.string(), { version: 1 })

// Lists.
const names = serdes.list(serdes.string())
same<typeof names, Serde<string[]>>()
const gaps = serdes.list<string | null>(serdes.string())
same<typeof gaps, Serde<(string | null)[]>>()
orders.groupByKey().aggregate(
  () => [],
  (ids, order) => [...ids, order.id],
  { value: serdes.list(serdes.string()) },
)

// CloudEvents: extensions are text, and what an event needs has to be given.
const cloudEvent = readCloudEvent([])
same<typeof cloudEvent, CloudEvent | null>()
same<CloudEvent['traceparent'], string | undefined>()
writeCloudEvent([], { id: '1', source: '/s', type: 't', traceparent: '00-ab-cd-01' })
// @ts-expect-error Property 'type' is missing
writeCloudEvent([], { id: '1', source: '/s' })
// @ts-expect-error Type 'Date' is not assignable to type 'string'
writeCloudEvent([], { id: '1', source: '/s', type: 't', time: new Date() })
