/* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/no-unused-expressions -- only types are looked at */
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { KStream } from '../../lib/dsl/kstream'
import type { KTable } from '../../lib/dsl/ktable'
import * as serdes from '../../lib/serdes'

interface Click {
  kind: 'click'
  page: string
}
interface Purchase {
  kind: 'purchase'
  amount: number
}
interface Refund {
  kind: 'refund'
  reason: string
}
type Activity = Click | Purchase | Refund

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

const builder = new StreamsBuilder()
const activities = builder.stream('activities', { key: serdes.string(), value: serdes.json<Activity>() })
const isPurchase = (activity: Activity): activity is Purchase => activity.kind === 'purchase'

// A predicate that is a type guard narrows, whether it is declared or inferred.
const purchases = activities.filter(isPurchase)
same<typeof purchases, KStream<string, Purchase>>()
const clicks = activities.filter((activity) => activity.kind === 'click')
same<typeof clicks, KStream<string, Click>>()
const named = activities.filter((activity) => activity.kind !== 'refund', { name: 'no-refunds' })
same<typeof named, KStream<string, Click | Purchase>>()
const others = activities.filterNot(isPurchase)
same<typeof others, KStream<string, Click | Refund>>()
const large = activities.filter((activity) => 'amount' in activity && activity.amount > 100)
same<typeof large, KStream<string, Activity>>()
const anything = activities.filterNot((() => true) as never)
same<typeof anything, KStream<string, Activity>>()
// @ts-expect-error Property 'amount' does not exist on type 'Click'
clicks.mapValues((click) => click.amount)
// @ts-expect-error Property 'x' does not exist on type 'Activity'
activities.filter((activity) => activity.x)

// A stream of a narrower type goes where one of a wider type is asked for, as an array does.
const takesAny = (_stream: KStream<string, Activity>): void => undefined
takesAny(purchases)
activities.merge(purchases)
// @ts-expect-error is not assignable to parameter of type 'KStream<string, Purchase>'
purchases.merge(activities)

// So does the predicate of a table.
const table = builder.table('activities-by-id', { key: serdes.string(), value: serdes.json<Activity>() })
const bought = table.filter(isPurchase, 'bought')
same<typeof bought, KTable<string, Purchase>>()
const notBought = table.filterNot(isPurchase)
same<typeof notBought, KTable<string, Click | Refund>>()

// And that of a branch: what it takes, and what is left for those behind it.
const split = activities
  .split('activity-')
  .branch(isPurchase, 'purchases')
  .branch((activity) => activity.kind === 'click', {
    name: 'pages',
    with: (stream) => stream.mapValues((click) => click.page),
  })
  .defaultBranch('refunds')
same<(typeof split)['activity-purchases'], KStream<string, Purchase>>()
same<(typeof split)['activity-pages'], KStream<string, string>>()
same<(typeof split)['activity-refunds'], KStream<string, Refund>>()

// Branches without a name are known by their number.
const numbered = activities
  .split('by-')
  .branch(isPurchase)
  .branch((activity) => activity.kind === 'click', 'click')
  .branch((activity) => activity.reason !== '', { with: (stream) => stream.mapValues((refund) => refund.reason) })
  .defaultBranch()
same<(typeof numbered)['by-1'], KStream<string, Purchase>>()
same<(typeof numbered)['by-click'], KStream<string, Click>>()
same<(typeof numbered)['by-3'], KStream<string, string>>()
same<(typeof numbered)['by-0'], KStream<string, Refund>>()
// @ts-expect-error Property 'by-2' does not exist on type
numbered['by-2']
// @ts-expect-error Property 'by-4' does not exist on type
numbered['by-4']

// Of a split without a name the rest of the name is generated.
const generated = activities.split().branch(isPurchase).noDefaultBranch()
same<(typeof generated)['KSTREAM-BRANCH-00000000071'], KStream<string, Purchase>>()
const unprefixed = activities.split().branch(isPurchase, 'purchases').defaultBranch('rest')
same<(typeof unprefixed)['KSTREAM-BRANCH-0000000010purchases'], KStream<string, Purchase>>()
// @ts-expect-error Property 'purchases' does not exist on type
unprefixed.purchases
// @ts-expect-error Property 'rest' does not exist on type
unprefixed.rest

// A key has to fit the serde that is given for it.
const kindOf = (activity: Activity): Activity['kind'] => activity.kind
const sizeOf = (activity: Activity): number | string => ('amount' in activity ? activity.amount : activity.kind)
activities.groupBy(kindOf, { name: 'by-kind', key: serdes.string() }).count()
purchases.map((purchase) => [purchase.amount, purchase.kind], { key: serdes.double(), value: serdes.string() })
activities.selectKey(kindOf, { key: serdes.string() })
activities.mapValues((activity) => activity.kind, { name: 'kinds', value: serdes.string() })
activities.flatMapValues((activity) => [activity.kind.length], { value: serdes.int() })
table.groupBy((activity, id) => [activity.kind, id.length], { key: serdes.string(), value: serdes.int() }).count()
table.toStream((_activity, id) => id.length, { key: serdes.int() })
// @ts-expect-error Type 'Serde<number>' is not assignable to type 'SerdeThatWrites<
activities.groupBy(kindOf, { key: serdes.long() })
// @ts-expect-error Type 'number' is not assignable to type 'string'
activities.groupBy((activity) => activity.kind.length, { key: serdes.string() })
// @ts-expect-error Type 'number' is not assignable to type 'string'
activities.groupBy(sizeOf, { key: serdes.string() })
// @ts-expect-error Type 'number' is not assignable to type 'string'
activities.selectKey((activity) => activity.kind.length, { key: serdes.string() })
// @ts-expect-error Type 'number' is not assignable to type 'string'
activities.selectKey(sizeOf, { key: serdes.string() })
// @ts-expect-error Type 'string' is not assignable to type 'number'
activities.map((activity) => [activity.kind, 1], { key: serdes.long() })
// @ts-expect-error Type 'string' is not assignable to type 'number'
activities.mapValues((activity) => activity.kind, { value: serdes.long() })
// @ts-expect-error Type 'number' is not assignable to type 'string'
activities.selectKey(sizeOf).groupByKey({ key: serdes.string() })
// @ts-expect-error Type 'number' is not assignable to type 'string'
activities.selectKey(sizeOf).repartition({ name: 'by-size', key: serdes.string() })
// @ts-expect-error Type 'number' is not assignable to type 'string'
table.groupBy((activity) => [activity.kind.length, 1], { key: serdes.string(), value: serdes.int() })
// a serde of a wider type writes a narrower one
activities.selectKey(kindOf).groupByKey({ key: serdes.string() })
activities.selectKey(kindOf).repartition({ key: serdes.string(), value: serdes.json() })
