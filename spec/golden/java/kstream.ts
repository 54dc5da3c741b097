import type { BranchedKStream } from '../../../lib/dsl/branched-kstream'
import type { CogroupedKStream } from '../../../lib/dsl/cogroup/cogrouped-kstream'
import type { SessionWindowedCogroupedKStream } from '../../../lib/dsl/cogroup/session-windowed-cogrouped-kstream'
import { TimeWindowedCogroupedKStream } from '../../../lib/dsl/cogroup/time-windowed-cogrouped-kstream'
import type { SessionWindowedKStream } from '../../../lib/dsl/session-windowed-kstream'
import { TimeWindowedKStream } from '../../../lib/dsl/time-windowed-kstream'
import type { TimeWindows } from '../../../lib/dsl/windows/time-windows'
import type { EmitStrategy } from '../../../lib/operators/close-emission'
import type { KGroupedStream } from '../../../lib/dsl/kgrouped-stream'
import type { KStream as Stream } from '../../../lib/dsl/kstream'
import { topicExtractor, valueKey, valueMapper } from './functions'
import { GlobalKTable, JoinWindows, valueJoiner } from './joins'
import { KTable } from './ktable'
import { type Branched, merged } from './options'
import type { JavaProcessorSupplier } from './processor'
import type { KeyValue } from './values'
import { fromJava, type JavaWindows, toJava } from './windows'

type Fn = (key: unknown, value: unknown) => unknown
type AnyStream = Stream<unknown, unknown>
type Partner = KStream | KTable | GlobalKTable

/** Java's `KStream` over ours: the same calls, with the key first and parameter objects merged into options. */
export class KStream {
  constructor(readonly stream: AnyStream) {}

  filter(predicate: Fn, ...options: unknown[]): KStream {
    return new KStream(this.stream.filter(valueKey(predicate) as never, merged(options)))
  }
  filterNot(predicate: Fn, ...options: unknown[]): KStream {
    return new KStream(this.stream.filterNot(valueKey(predicate) as never, merged(options)))
  }
  map(mapper: (key: unknown, value: unknown) => KeyValue, ...options: unknown[]): KStream {
    return new KStream(this.stream.map((value, key) => pair(mapper(toJava(key), value)), merged(options)))
  }
  mapValues(mapper: Fn, ...options: unknown[]): KStream {
    return new KStream(this.stream.mapValues(valueMapper(mapper), merged(options)))
  }
  flatMap(mapper: (key: unknown, value: unknown) => Iterable<KeyValue>, ...options: unknown[]): KStream {
    return new KStream(this.stream.flatMap((value, key) => [...mapper(toJava(key), value)].map(pair), merged(options)))
  }
  flatMapValues(mapper: Fn, ...options: unknown[]): KStream {
    return new KStream(this.stream.flatMapValues(valueMapper(mapper) as never, merged(options)))
  }
  selectKey(selector: Fn, ...options: unknown[]): KStream {
    return new KStream(this.stream.selectKey(valueKey(selector), merged(options)))
  }
  peek(action: Fn, ...options: unknown[]): KStream {
    return new KStream(this.stream.peek(valueKey(action) as never, merged(options)))
  }
  foreach(action: Fn, ...options: unknown[]): void {
    this.stream.foreach(valueKey(action) as never, merged(options))
  }
  merge(other: KStream, ...options: unknown[]): KStream {
    return new KStream(this.stream.merge(other.stream, merged(options)))
  }
  split(...options: unknown[]): BranchedStream {
    return new BranchedStream(this.stream.split(merged(options)) as never)
  }
  repartition(...options: unknown[]): KStream {
    return new KStream(this.stream.repartition(merged(options)))
  }
  to(topic: unknown, ...options: unknown[]): void {
    this.stream.to(typeof topic === 'string' ? topic : topicExtractor(topic as never), merged(options))
  }
  join(other: Partner, ...rest: unknown[]): KStream {
    return this.joined('join', other, rest)
  }
  leftJoin(other: Partner, ...rest: unknown[]): KStream {
    return this.joined('leftJoin', other, rest)
  }
  outerJoin(other: KStream, ...rest: unknown[]): KStream {
    return this.joined('outerJoin', other, rest)
  }
  private joined(call: 'join' | 'leftJoin' | 'outerJoin', other: Partner, rest: readonly unknown[]): KStream {
    const partner = other instanceof KStream ? other.stream : other.table
    const functions = rest.filter((arg) => typeof arg === 'function') as Fn[]
    const selector = other instanceof GlobalKTable ? functions.shift() : undefined
    const window = rest.find((arg): arg is JoinWindows => arg instanceof JoinWindows)
    const args = [
      ...(selector ? [valueKey(selector)] : []),
      valueJoiner(functions[0] as never),
      ...(window ? [window.windows] : []),
      merged(rest),
    ]
    return new KStream((this.stream[call] as (...args: unknown[]) => AnyStream)(partner, ...args))
  }
  toTable(...options: unknown[]): KTable {
    return new KTable(this.stream.toTable(merged(options)) as never)
  }
  groupBy(selector: Fn, ...options: unknown[]): GroupedStream {
    return new GroupedStream(this.stream.groupBy(valueKey(selector), merged(options)) as never)
  }
  groupByKey(...options: unknown[]): GroupedStream {
    return new GroupedStream(this.stream.groupByKey(merged(options)) as never)
  }
  process({ supplier, stores }: JavaProcessorSupplier, ...rest: unknown[]): KStream {
    return new KStream(this.stream.process(supplier, processed(stores, rest)))
  }
  processValues({ supplier, stores }: JavaProcessorSupplier, ...rest: unknown[]): KStream {
    return new KStream(this.stream.processValues(supplier, processed(stores, rest)))
  }
}

const pair = ({ key, value }: KeyValue): readonly [unknown, unknown] => [fromJava(key), fromJava(value)]

const processed = (stores: JavaProcessorSupplier['stores'], rest: readonly unknown[]) => ({
  ...(merged(rest) as object),
  stores: [...stores.map((store) => store.builder), ...rest.filter((item) => typeof item === 'string')],
})

class BranchedStream {
  constructor(private branches: BranchedKStream<unknown, unknown, string>) {}

  branch(predicate: Fn, branched?: Branched): this {
    this.branches = this.branches.branch(valueKey(predicate) as never, branchOptions(branched)) as never
    return this
  }
  defaultBranch(branched?: Branched): BranchMap {
    return streams(this.branches.defaultBranch(branchOptions(branched)))
  }
  noDefaultBranch(): BranchMap {
    return streams(this.branches.noDefaultBranch())
  }
}

class BranchMap extends Map<string, KStream> {
  containsKey(name: string): boolean {
    return this.has(name)
  }
}

const streams = (branches: unknown): BranchMap =>
  new BranchMap(
    Object.entries(branches as Record<string, KStream | AnyStream>).map(([name, stream]) => [name, wrapped(stream)]),
  )

const wrapped = (stream: KStream | AnyStream): KStream => (stream instanceof KStream ? stream : new KStream(stream))

function branchOptions(branched: Branched | undefined): never {
  const { name, chain, consumes } = branched?.options ?? {}
  const result = (stream: AnyStream): unknown => {
    const chained = chain!(new KStream(stream) as never)
    return consumes ? undefined : chained
  }
  return { ...(name !== undefined && { name }), ...(chain && { with: result }) } as never
}

type JavaAggregator = (key: unknown, value: unknown, aggregate: unknown) => unknown
type JavaMerger = (key: unknown, aggregate: unknown, next: unknown) => unknown

const ourAggregator = (fn: JavaAggregator) => (aggregate: unknown, value: unknown, key: unknown) =>
  fn(key, value, aggregate)
const ourMerger = (fn: JavaMerger) => (aggregate: unknown, next: unknown, key: unknown) => fn(key, aggregate, next)

/** The merger of `aggregate(initializer, aggregator[, merger], options…)` is the argument that only sessions have. */
class WindowedStream {
  constructor(
    private readonly stream: TimeWindowedKStream<unknown, unknown> | SessionWindowedKStream<unknown, unknown>,
  ) {}

  emitStrategy(strategy: EmitStrategy): WindowedStream {
    return new WindowedStream(this.stream.emitStrategy(strategy))
  }
  count(...options: unknown[]): KTable {
    return new KTable(this.stream.count(merged(options)) as never)
  }
  reduce(reducer: (aggregate: unknown, value: unknown) => unknown, ...options: unknown[]): KTable {
    return new KTable(this.stream.reduce(reducer, merged(options)) as never)
  }
  aggregate(initializer: () => unknown, aggregator: JavaAggregator, ...rest: unknown[]): KTable {
    const ours = ourAggregator(aggregator)
    if (this.stream instanceof TimeWindowedKStream) {
      return new KTable(this.stream.aggregate(initializer, ours, merged(rest)) as never)
    }
    const [merger, ...options] = rest as [JavaMerger, ...unknown[]]
    return new KTable(this.stream.aggregate(initializer, ours, ourMerger(merger), merged(options)) as never)
  }
}

class CogroupedStream {
  constructor(private readonly stream: CogroupedKStream<unknown, unknown>) {}

  cogroup({ grouped }: GroupedStream, aggregator: JavaAggregator): CogroupedStream {
    return new CogroupedStream(this.stream.cogroup(grouped, ourAggregator(aggregator)))
  }
  windowedBy({ windows }: JavaWindows): WindowedCogroupedStream {
    return new WindowedCogroupedStream(this.stream.windowedBy(windows as TimeWindows))
  }
  aggregate(initializer: () => unknown, ...options: unknown[]): KTable {
    return new KTable(this.stream.aggregate(initializer, merged(options)))
  }
}

class WindowedCogroupedStream {
  constructor(
    private readonly stream:
      TimeWindowedCogroupedKStream<unknown, unknown> | SessionWindowedCogroupedKStream<unknown, unknown>,
  ) {}

  aggregate(initializer: () => unknown, ...rest: unknown[]): KTable {
    if (this.stream instanceof TimeWindowedCogroupedKStream) {
      return new KTable(this.stream.aggregate(initializer, merged(rest)) as never)
    }
    const [merger, ...options] = rest as [JavaMerger, ...unknown[]]
    return new KTable(this.stream.aggregate(initializer, ourMerger(merger), merged(options)) as never)
  }
}

export class GroupedStream {
  constructor(readonly grouped: KGroupedStream<unknown, unknown>) {}

  windowedBy({ windows }: JavaWindows): WindowedStream {
    return new WindowedStream(this.grouped.windowedBy(windows as TimeWindows))
  }
  cogroup(aggregator: JavaAggregator): CogroupedStream {
    return new CogroupedStream(this.grouped.cogroup(ourAggregator(aggregator)))
  }

  count(...options: unknown[]): KTable {
    return new KTable(this.grouped.count(merged(options)) as never)
  }
  reduce(reducer: (aggregate: unknown, value: unknown) => unknown, ...options: unknown[]): KTable {
    return new KTable(this.grouped.reduce(reducer as never, merged(options)))
  }
  aggregate(
    initializer: () => unknown,
    aggregator: (key: unknown, value: unknown, aggregate: unknown) => unknown,
    ...options: unknown[]
  ): KTable {
    return new KTable(
      this.grouped.aggregate(
        initializer,
        (aggregate, value, key) => aggregator(key, value, aggregate),
        merged(options),
      ),
    )
  }
}
