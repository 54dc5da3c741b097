import {
  JoinWindows,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  TimeWindows,
  type StoreBuilder,
  type Topology,
  UnlimitedWindows,
  serdes,
} from '../../lib'
import type { CogroupedKStream } from '../../lib/dsl/cogroup/cogrouped-kstream'
import type { GlobalKTable } from '../../lib/dsl/global-ktable'
import { KGroupedStream } from '../../lib/dsl/kgrouped-stream'
import type { KGroupedTable } from '../../lib/dsl/kgrouped-table'
import type { KStream } from '../../lib/dsl/kstream'
import type { KTable } from '../../lib/dsl/ktable'
import { SessionWindowedKStream } from '../../lib/dsl/session-windowed-kstream'
import { untilTimeLimit, untilWindowCloses } from '../../lib/dsl/suppressed'
import type { TimeWindowedKStream } from '../../lib/dsl/time-windowed-kstream'
import type { Serde } from '../../lib/serdes/serde'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import { combine, flat, map, predicate } from './functions'
import { fixedKeyProcessor, processor, processorStore, transformer } from './processors'
import type { Mat, Op, Program, Win } from './program'
import { handleOf, storeCaller } from './store-calls'

type Stream = KStream<unknown, unknown>
type Table = KTable<unknown, unknown>
type Grouped = KGroupedStream<unknown, unknown>
type Value = Stream | Table | Grouped | KGroupedTable<unknown, unknown> | GlobalKTable<unknown, unknown>
/** Calls whose options depend on data: what fits is known at run time only. */
type Options = never

/** Makes a topology of the calls of a program; java/Interpreter.java does the same with Kafka Streams. */
export const interpret = ({ ops, config }: Program): Topology => {
  const builder = new StreamsBuilder({ defaultStoreType: config.inMemory ? 'in-memory' : 'persistent' })
  const values: Value[] = []
  for (const op of ops) values.push(...call(op, { builder, values, inMemory: config.inMemory }))
  return builder.build({ optimization: config.optimization })
}

interface Scope {
  readonly builder: StreamsBuilder
  readonly values: readonly Value[]
  readonly inMemory: boolean
}

const storeOf = ({ storage, caching = false }: Op, name: string, inMemory: boolean): StoreBuilder =>
  storage === undefined ? processorStore(name, { inMemory, caching }) : handleOf(name, storage)

const call = (op: Op, { builder, values, inMemory }: Scope): Value[] => {
  const { f = '', kf = '' } = op
  const on = values[op.on!]!
  const other = values[op.with!]!
  const stream = on as Stream
  const table = on as Table
  const named = withoutNothing({ name: op.name })
  const kept = withoutNothing({ ...named, ...materialized(op.mat) }) as Options
  const typed = withoutNothing({ ...named, key: serde(op.ks), value: serde(op.vs) }) as Options
  const valueOf = (value: unknown, key: unknown): unknown => map(f, key, value)
  const keyOf = (value: unknown, key: unknown): unknown => map(kf, key, value)
  const holds = (value: unknown, key: unknown): boolean => predicate(f, key, value)
  const joiner = (left: unknown, right: unknown, key: unknown): unknown => combine(f, key, left, right)
  // Java's joiners of tables get no key
  const plainJoiner = (left: unknown, right: unknown): unknown => combine(f, null, left, right)
  const stores = op.store === undefined ? [] : [storeOf(op, op.store, inMemory)]
  if (op.store !== undefined && op.op !== 'streamJoin') builder.addStateStore(stores[0]!)

  switch (op.op) {
    case 'stream':
      return [builder.stream(op.topics!, { ...(typed as object), nullable: true })]
    case 'table':
      return [builder.table<unknown, unknown>(op.topic!, typed, materialized(op.mat) as Options)]
    case 'globalTable':
      return [builder.globalTable<unknown, unknown>(op.topic!, typed, materialized(op.mat) as Options)]
    case 'filter':
      return [stream.filter(holds, named)]
    case 'filterNot':
      return [stream.filterNot(holds, named)]
    case 'map':
      return [stream.map((value, key) => [keyOf(value, key), valueOf(value, key)], named)]
    case 'mapValues':
      return [stream.mapValues(valueOf, named)]
    case 'flatMap':
      return [
        stream.flatMap<unknown, unknown>((value, key) => flat(f, value).map((part) => [keyOf(part, key), part]), named),
      ]
    case 'flatMapValues':
      return [stream.flatMapValues<unknown>((value) => flat(f, value), named)]
    case 'selectKey':
      return [stream.selectKey(valueOf, named)]
    case 'peek':
      return [stream.peek(() => undefined, named)]
    case 'merge':
      return [stream.merge(other as Stream, named)]
    case 'split':
      return split(stream, op)
    case 'repartition':
      return [stream.repartition(typed)]
    case 'toTable':
      return [stream.toTable(kept) as unknown as Table]
    case 'process':
      return [stream.process(processor(f, op.store), { ...named, stores: stores.map(({ name }) => name) })]
    case 'callStore':
      return [stream.process(storeCaller(op.storage!, op.calls!, op.store!), { ...named, stores: [op.store!] })]
    case 'processValues':
      return [
        stream.processValues(fixedKeyProcessor(f, op.store), { ...named, stores: stores.map(({ name }) => name) }),
      ]
    case 'streamJoin':
      return [streamJoin(stream, other as Stream, op)]
    case 'tableJoin': {
      const joined = { ...(typed as object), ...withoutNothing({ grace: op.grace }) } as Options
      return [
        op.kind === 'left'
          ? stream.leftJoin(other as Table, joiner, joined)
          : stream.join(other as Table, joiner, joined),
      ]
    }
    case 'globalJoin': {
      const global = other as GlobalKTable<unknown, unknown>
      return [
        op.kind === 'left' ? stream.leftJoin(global, keyOf, joiner, named) : stream.join(global, keyOf, joiner, named),
      ]
    }
    case 'groupByKey':
      return [stream.groupByKey(typed) as unknown as Grouped]
    case 'groupBy':
      return [stream.groupBy(valueOf, typed) as unknown as Grouped]
    case 'count':
    case 'reduce':
    case 'aggregate':
      return [on instanceof KGroupedStream ? ofStream(on, op) : ofTable(on as KGroupedTable<unknown, unknown>, op)]
    case 'cogroup':
      return [cogroup(values, op)]
    case 'to':
      stream.to(op.topic!, typed)
      return []
    case 'tableFilter':
      return [table.filter(holds, kept)]
    case 'tableFilterNot':
      return [table.filterNot(holds, kept)]
    case 'tableMapValues':
      return [table.mapValues(valueOf, kept)]
    case 'transformValues':
      return [
        table.transformValues(transformer(f, op.store), {
          ...(kept as object),
          stores: stores.map(({ name }) => name),
        } as Options),
      ]
    case 'toStream':
      return [op.kf === undefined ? table.toStream(named) : table.toStream(keyOf, named)]
    case 'tableGroupBy':
      return [table.groupBy((value, key) => [keyOf(value, key), valueOf(value, key)], typed)]
    case 'tableTableJoin': {
      const method = op.kind === 'inner' ? 'join' : op.kind === 'left' ? 'leftJoin' : 'outerJoin'
      return [(table[method] as Table['outerJoin'])(other as Table, plainJoiner, kept)]
    }
    case 'foreignKeyJoin': {
      const right = other as Table
      return [
        op.kind === 'left'
          ? table.leftJoin(right, keyOf, plainJoiner, kept)
          : table.join(right, keyOf, plainJoiner, kept),
      ]
    }
    case 'suppress': {
      const bounds = withoutNothing({ ...named, maxRecords: op.maxRecords, maxBytes: op.maxBytes })
      const suppressed =
        op.wait === undefined
          ? untilWindowCloses(bounds)
          : untilTimeLimit(op.wait, { ...bounds, onFull: op.shutDown ? 'shutDown' : 'emit' })
      return [table.suppress(suppressed as Options)]
    }
    default:
      throw new Error(`no such call: ${JSON.stringify(op)}`)
  }
}

const serde = (kind: string | undefined): Serde<unknown> | undefined => {
  if (kind === undefined) return undefined
  const [word, size] = kind.split(':')
  switch (word) {
    case 's':
      return serdes.string() as Serde<unknown>
    case 'l':
      return serdes.long() as Serde<unknown>
    case 'tw':
      return serdes.timeWindowed(serdes.string(), Number(size)) as Serde<unknown>
    case 'sw':
      return serdes.sessionWindowed(serdes.string()) as Serde<unknown>
    default:
      throw new Error(`no such serde: ${kind}`)
  }
}

const withoutNothing = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T

const materialized = (mat: Mat | undefined): object | undefined => {
  if (mat === undefined) return undefined
  const { store, versioned, ks, vs, type, ...others } = mat
  const handle = versioned === undefined ? store : versionedKeyValueStore(store!, { historyRetention: versioned })
  return withoutNothing({ store: handle, key: serde(ks), value: serde(vs), storeType: type, ...others })
}

/** Branches are named 1, 2, …: their order is that of the names. */
const split = (stream: Stream, { name, branches = [], default: withDefault }: Op): Value[] => {
  let made = name === undefined ? stream.split() : stream.split(name)
  for (const f of branches) made = made.branch((value, key) => predicate(f, key, value)) as typeof made
  const streams = (withDefault ? made.defaultBranch() : made.noDefaultBranch()) as Record<string, Stream>
  return Object.keys(streams)
    .sort()
    .map((branch) => streams[branch]!)
}

const streamJoin = (stream: Stream, other: Stream, op: Op): Value => {
  const { f = '', kind, diff = 0, before, after, grace } = op
  const windows = JoinWindows.of({
    timeDifference: diff,
    grace,
    // a number below 0 is a duration here
    ...withoutNothing({ before: before as never, after: after as never }),
  })
  const joiner = (left: unknown, right: unknown, key: unknown): unknown => combine(f, key, left, right)
  const joined = withoutNothing({
    name: op.name,
    store: op.store,
    key: serde(op.ks),
    value: serde(op.vs),
    otherValue: serde(op.os),
  })
  if (kind === 'inner') return stream.join(other, joiner, windows, joined)
  return kind === 'left'
    ? stream.leftJoin(other, joiner, windows, joined)
    : stream.outerJoin(other, joiner, windows, joined)
}

const windowsOf = ({ type, size = 0, advance, grace, start }: Win) => {
  switch (type) {
    case 'time':
      return TimeWindows.of({ size, grace, ...withoutNothing({ advance }) })
    case 'sliding':
      return SlidingWindows.of({ timeDifference: size, grace })
    case 'session':
      return SessionWindows.of({ inactivityGap: size, grace })
    case 'unlimited':
      return UnlimitedWindows.of({ start })
  }
}

const aggregator =
  (f: string) =>
  (aggregate: unknown, value: unknown, key: unknown): unknown =>
    combine(f, key, aggregate, value)

const reducer =
  (f: string) =>
  (aggregate: unknown, value: unknown): unknown =>
    combine(f, null, aggregate, value)

const kept = (op: Op): Options => withoutNothing({ name: op.name, ...materialized(op.mat) }) as Options

const ofStream = (grouped: Grouped, op: Op): Value => {
  const { f = '', init } = op
  if (op.win === undefined) {
    if (op.op === 'count') return grouped.count(kept(op)) as unknown as Table
    return op.op === 'reduce'
      ? grouped.reduce(reducer(f) as never, kept(op))
      : grouped.aggregate<unknown>(() => init, aggregator(f), kept(op))
  }
  const plain = grouped.windowedBy(windowsOf(op.win) as TimeWindows)
  const windowed = (op.close ? plain.emitStrategy('onWindowClose') : plain) as
    TimeWindowedKStream<unknown, unknown> | SessionWindowedKStream<unknown, unknown>
  if (op.op === 'count') return windowed.count(kept(op)) as unknown as Table
  if (op.op === 'reduce') return windowed.reduce(reducer(f), kept(op)) as unknown as Table
  if (windowed instanceof SessionWindowedKStream) {
    const merged = windowed.aggregate<unknown>(() => init, aggregator(f), merger(op), kept(op))
    return merged as unknown as Table
  }
  return windowed.aggregate<unknown>(() => init, aggregator(f), kept(op)) as unknown as Table
}

const merger =
  ({ merge = '' }: Op) =>
  (left: unknown, right: unknown, key: unknown): unknown =>
    combine(merge, key, left, right)

const ofTable = (grouped: KGroupedTable<unknown, unknown>, op: Op): Value => {
  const { f = '', sub = '', init } = op
  if (op.op === 'count') return grouped.count(kept(op)) as unknown as Table
  return op.op === 'reduce'
    ? grouped.reduce(reducer(f), reducer(sub), kept(op))
    : grouped.aggregate<unknown>(() => init, aggregator(f), aggregator(sub), kept(op))
}

const cogroup = (values: readonly Value[], op: Op): Value => {
  let cogrouped: CogroupedKStream<unknown, unknown> | undefined
  for (const [group, f] of op.parts!) {
    const grouped = values[group] as Grouped
    cogrouped = cogrouped ? cogrouped.cogroup(grouped, aggregator(f)) : grouped.cogroup(aggregator(f))
  }
  const initializer = (): unknown => op.init
  if (op.win === undefined) return cogrouped!.aggregate(initializer, kept(op))
  const windows = windowsOf(op.win)
  if (windows instanceof SessionWindows) {
    return cogrouped!.windowedBy(windows).aggregate(initializer, merger(op), kept(op)) as unknown as Table
  }
  return cogrouped!.windowedBy(windows).aggregate(initializer, kept(op)) as unknown as Table
}
