/* eslint-disable @typescript-eslint/no-unused-vars -- only types are looked at */
import type { KStream } from '../../lib/dsl/kstream'
import type { KTable } from '../../lib/dsl/ktable'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import type { Windowed } from '../../lib/record/windowed'
import * as serdes from '../../lib/serdes'

interface Payment {
  id: string
  account: number
  amount: bigint
  parts: string[]
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

const builder = new StreamsBuilder()
const payments = builder.stream('payments', { key: serdes.string(), value: serdes.json<Payment>() })

// Keys and values are what they were; late records have them, too.
const once = payments.deduplicate({
  by: (payment, key) => (key === '' ? null : payment.id),
  within: '1h',
  late: (late) => same<typeof late, KStream<string, Payment>>(),
})
same<typeof once, KStream<string, Payment>>()
payments.deduplicate({ within: 1000, by: ({ amount }) => amount, store: 'seen', name: 'once' })
// @ts-expect-error Type 'string[]' is not assignable to type 'RecordId | null | undefined'
payments.deduplicate({ within: 1000, by: ({ parts }) => parts })
// @ts-expect-error Property 'within' is missing
payments.deduplicate({ by: ({ id }) => id })
// @ts-expect-error Type 'Serde<number>' is not assignable to type 'SerdeThatWrites<string>'
payments.deduplicate({ within: 1000, key: serdes.long() })

const few = payments.throttle({ limit: 3, per: '1m', late: (late) => late.to('late') })
same<typeof few, KStream<string, Payment>>()
// @ts-expect-error Property 'per' is missing
payments.throttle({ limit: 3 })

const some = payments.sample({ every: 10, store: 'counts' })
same<typeof some, KStream<string, Payment>>()
payments.sample({ fraction: 0.1, by: ({ account }) => account })
// @ts-expect-error Property 'fraction' is missing
payments.sample({ by: ({ account }) => account })
// @ts-expect-error Type 'string' is not assignable to type 'number'
payments.sample({ fraction: '0.1' })

// The best values of a key are a list.
const largest = payments.groupByKey().topN(3, { by: (payment, key) => payment.account + key.length, store: 'largest' })
same<typeof largest, KTable<string, Payment[]>>()
const perHour = payments
  .groupByKey()
  .windowedBy(TimeWindows.of({ size: '1h' }))
  .topN(3, { by: ({ amount }) => amount, retention: '1d' })
same<typeof perHour, KTable<Windowed<string>, Payment[]>>()
const perAccount = largest
  .groupBy((list, key) => [list.length, key])
  .topN(1, { by: (name) => name, value: serdes.list(serdes.string()) })
same<typeof perAccount, KTable<number, string[]>>()
// @ts-expect-error Property 'by' is missing
payments.groupByKey().topN(3, { store: 'largest' })
// @ts-expect-error Type 'string[]' is not assignable to type 'Rank'
payments.groupByKey().topN(3, { by: ({ parts }) => parts })
// @ts-expect-error Type 'Serde<string>' is not assignable to type 'Serde<Payment[]>'
payments.groupByKey().topN(3, { by: ({ id }) => id, value: serdes.string() })
