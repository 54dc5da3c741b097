import type { KGroupedTable } from '../../../lib/dsl/kgrouped-table'
import type { KTable as Table } from '../../../lib/dsl/ktable'
import { valueKey, valueMapper } from './functions'
import { KStream } from './kstream'
import { merged } from './options'
import type { Suppressed } from './suppressed'
import type { KeyValue } from './values'
import type { JavaValueTransformerSupplier } from './value-transformer'
import { fromJava, toJava } from './windows'

type Fn = (key: unknown, value: unknown) => unknown
type Aggregator = (key: unknown, value: unknown, aggregate: unknown) => unknown
type Reducer = (aggregate: unknown, value: unknown) => unknown

type AnyJoin = (...args: unknown[]) => Table<unknown, unknown>

/** Functions are the foreign key's extractor, where there are two, and the joiner. */
function joinArguments(args: readonly unknown[]): unknown[] {
  const functions = args.filter((arg) => typeof arg === 'function') as Fn[]
  const joiner = functions.at(-1)!
  const ours = (left: unknown, right: unknown, key: unknown): unknown =>
    joiner.length > 2 ? (joiner as (...all: unknown[]) => unknown)(toJava(key), left, right) : joiner(left, right)
  return [...functions.slice(0, -1).map(valueMapper), ours, merged(args)]
}

/** Java's `KTable` over ours. */
export class KTable {
  constructor(readonly table: Table<unknown, unknown>) {}

  filter(predicate: Fn, ...options: unknown[]): KTable {
    return new KTable(this.table.filter(valueKey(predicate) as never, merged(options)))
  }
  filterNot(predicate: Fn, ...options: unknown[]): KTable {
    return new KTable(this.table.filterNot(valueKey(predicate) as never, merged(options)))
  }
  mapValues(mapper: Fn, ...options: unknown[]): KTable {
    return new KTable(this.table.mapValues(valueMapper(mapper), merged(options)))
  }
  toStream(...args: unknown[]): KStream {
    const selector = args.find((arg) => typeof arg === 'function') as Fn | undefined
    return new KStream(
      selector ? this.table.toStream(valueKey(selector), merged(args)) : this.table.toStream(merged(args)),
    )
  }
  transformValues({ supplier }: JavaValueTransformerSupplier, ...rest: unknown[]): KTable {
    const stores = rest.filter((arg) => typeof arg === 'string')
    return new KTable(this.table.transformValues(supplier, { ...(merged(rest) as object), stores }))
  }
  suppress({ suppressed }: Suppressed): KTable {
    return new KTable(this.table.suppress(suppressed as never))
  }
  join(other: KTable, ...args: unknown[]): KTable {
    return new KTable((this.table.join as AnyJoin).call(this.table, other.table, ...joinArguments(args)))
  }
  leftJoin(other: KTable, ...args: unknown[]): KTable {
    return new KTable((this.table.leftJoin as AnyJoin).call(this.table, other.table, ...joinArguments(args)))
  }
  outerJoin(other: KTable, ...args: unknown[]): KTable {
    return new KTable((this.table.outerJoin as AnyJoin).call(this.table, other.table, ...joinArguments(args)))
  }
  groupBy(selector: (key: unknown, value: unknown) => KeyValue | null, ...options: unknown[]): GroupedTable {
    const pairs = (value: unknown, key: unknown): readonly [unknown, unknown] | null => {
      const pair = selector(toJava(key), value)
      return pair && [fromJava(pair.key), fromJava(pair.value)]
    }
    return new GroupedTable(this.table.groupBy(pairs, merged(options)))
  }
}

class GroupedTable {
  constructor(private readonly grouped: KGroupedTable<unknown, unknown>) {}

  count(...options: unknown[]): KTable {
    return new KTable(this.grouped.count(merged(options)) as never)
  }
  reduce(adder: Reducer, subtractor: Reducer, ...options: unknown[]): KTable {
    return new KTable(this.grouped.reduce(adder, subtractor, merged(options)))
  }
  aggregate(initializer: () => unknown, adder: Aggregator, subtractor: Aggregator, ...options: unknown[]): KTable {
    const ours = (fn: Aggregator) => (aggregate: unknown, value: unknown, key: unknown) => fn(key, value, aggregate)
    return new KTable(this.grouped.aggregate(initializer, ours(adder), ours(subtractor), merged(options)))
  }
}
