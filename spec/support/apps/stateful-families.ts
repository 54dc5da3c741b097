import {
  JoinWindows,
  type KStream,
  type KTable,
  type ProcessorContext,
  serdes,
  SessionWindows,
  SlidingWindows,
  StreamRecord,
  type StreamsBuilder,
  TimeWindows,
  untilTimeLimit,
  untilWindowCloses,
  type WindowsOfSize,
  versionedKeyValueStore,
  type VersionedKeyValueStore,
} from '../../../lib'
import { KEYS } from '../input'

const TEXT = serdes.string()
const LONG = serdes.long()
const text = { key: TEXT, value: TEXT }
const counted = { key: TEXT, value: LONG }

export interface StatefulFamily {
  readonly inputs: readonly string[]
  /** Records come out of order, within the grace of the windows. */
  readonly late?: boolean
  /** Inputs with deletes. */
  readonly tables?: readonly string[]
  /** Inputs that no group works off. */
  readonly global?: readonly string[]
  /** Records of a key that are done twice change nothing in the end. */
  readonly idempotent?: boolean
  /**
   * What is the same in every run under exactly_once, key by key: all updates in their order (default); all updates; or,
   * where internal topics bring the orders of two tasks together, the value of the last one.
   */
  readonly sure?: 'order' | 'updates' | 'last'
  /** `of` gives the full name of an input. Writes to `out`. */
  build(builder: StreamsBuilder, of: (input: string) => string, out: string): void
}

const both = (left: unknown, right: unknown): string => `${String(left)}+${String(right)}`
const joinWindows = JoinWindows.of({ timeDifference: '5s', grace: '1s' })
const joined = { store: 'join', key: TEXT, value: TEXT, otherValue: TEXT }

const windowed =
  (windows: WindowsOfSize, sizeMs: number, emit: 'onWindowUpdate' | 'onWindowClose' = 'onWindowUpdate') =>
  (builder: StreamsBuilder, of: (input: string) => string, out: string): void =>
    builder
      .stream(of('events'), text)
      .groupByKey()
      .windowedBy(windows)
      .emitStrategy(emit)
      .count('windows')
      .toStream()
      .to(out, { key: serdes.timeWindowed(TEXT, sizeMs), value: LONG })

const streams = (
  builder: StreamsBuilder,
  of: (input: string) => string,
): [KStream<string, string>, KStream<string, string>] => [
  builder.stream(of('left'), text),
  builder.stream(of('right'), text),
]
const tables = (
  builder: StreamsBuilder,
  of: (input: string) => string,
): [KTable<string, string>, KTable<string, string>] => [
  builder.table(of('left'), text, { store: 'left', ...text }),
  builder.table(of('right'), text, { store: 'right', ...text }),
]

/** Says what was valid three seconds before. */
class LookBack {
  private context!: ProcessorContext<string, string>
  private store!: VersionedKeyValueStore<string, string>

  init(context: ProcessorContext<string, string>): void {
    this.context = context
    this.store = context.stateStore('versions')
  }

  process({ key, value, timestamp, headers }: StreamRecord<string, string>): void {
    this.store.put(key, value, timestamp)
    const before = this.store.get(key, timestamp - 3_000)
    this.context.forward(new StreamRecord(key, both(value, before?.value), timestamp, headers))
  }
}

/** One topology for each family of stateful operators. */
export const STATEFUL_FAMILIES: Readonly<Record<string, StatefulFamily>> = {
  aggregation: {
    inputs: ['events'],
    build: (builder, of, out) =>
      builder
        .stream(of('events'), text)
        .groupBy((_value, key) => key[0]!, { name: 'by-letter', ...text })
        .aggregate(
          () => '',
          (all, value) => `${all.slice(-20)} ${value}`,
          { store: 'aggregates', ...text },
        )
        .toStream()
        .to(out, text),
  },
  reduction: {
    inputs: ['events'],
    late: true,
    idempotent: true,
    build: (builder, of, out) =>
      builder
        .stream(of('events'), text)
        .groupByKey()
        .reduce((a, b) => (Number(b) > Number(a) ? b : a), { store: 'maxima', ...text })
        .toStream()
        .to(out, text),
  },
  'table aggregation': {
    inputs: ['rows'],
    tables: ['rows'],
    sure: 'last',
    build: (builder, of, out) =>
      builder
        .table(of('rows'), text, { store: 'rows', ...text })
        .groupBy((value) => [`group ${Number(value) % 7}`, value], { name: 'by-group', ...text })
        .aggregate(
          () => 0,
          (sum, value) => sum + Number(value),
          (sum, value) => sum - Number(value),
          { store: 'sums', ...counted },
        )
        .toStream()
        .to(out, counted),
  },
  'tumbling windows': {
    inputs: ['events'],
    late: true,
    build: windowed(TimeWindows.of({ size: '10s', grace: '5s' }), 10_000),
  },
  'hopping windows': {
    inputs: ['events'],
    late: true,
    build: windowed(TimeWindows.of({ size: '10s', advance: '4s', grace: '5s' }), 10_000),
  },
  'sliding windows': {
    inputs: ['events'],
    late: true,
    build: windowed(SlidingWindows.of({ timeDifference: '4s', grace: '5s' }), 4_000),
  },
  'session windows': {
    inputs: ['events'],
    late: true,
    build: (builder, of, out) =>
      builder
        .stream(of('events'), text)
        .groupByKey()
        .windowedBy(SessionWindows.of({ inactivityGap: '3s', grace: '5s' }))
        .reduce((a, b) => `${a} ${b}`, { store: 'sessions', ...text })
        .toStream()
        .to(out, { key: serdes.sessionWindowed(TEXT), value: TEXT }),
  },
  'emit on close': {
    inputs: ['events'],
    late: true,
    build: windowed(TimeWindows.of({ size: '10s', grace: '5s' }), 10_000, 'onWindowClose'),
  },
  'emit on close of sliding windows': {
    inputs: ['events'],
    build: windowed(SlidingWindows.of({ timeDifference: '4s', grace: '5s' }), 4_000, 'onWindowClose'),
  },
  'emit on close of sessions': {
    inputs: ['events'],
    late: true,
    build: (builder, of, out) =>
      builder
        .stream(of('events'), text)
        .groupByKey()
        .windowedBy(SessionWindows.of({ inactivityGap: '3s', grace: '5s' }))
        .emitStrategy('onWindowClose')
        .count('sessions')
        .toStream()
        .to(out, { key: serdes.sessionWindowed(TEXT), value: LONG }),
  },
  'left join of streams': {
    inputs: ['left', 'right'],
    sure: 'updates',
    build: (builder, of, out) => {
      const [left, right] = streams(builder, of)
      left.leftJoin(right, both, joinWindows, joined).to(out, text)
    },
  },
  'outer join of streams': {
    inputs: ['left', 'right'],
    sure: 'updates',
    build: (builder, of, out) => {
      const [left, right] = streams(builder, of)
      left.outerJoin(right, both, joinWindows, joined).to(out, text)
    },
  },
  'stream and versioned table with grace': {
    inputs: ['left', 'right'],
    tables: ['right'],
    idempotent: true,
    build: (builder, of, out) => {
      const versions = versionedKeyValueStore('versions', { ...text, historyRetention: '1h' })
      const table = builder.table(of('right'), text, versions)
      builder
        .stream(of('left'), text)
        .leftJoin(table, both, { name: 'join', grace: '4s', ...text })
        .to(out, text)
    },
  },
  'join of tables': {
    inputs: ['left', 'right'],
    tables: ['left', 'right'],
    idempotent: true,
    build: (builder, of, out) => {
      const [left, right] = tables(builder, of)
      left
        .outerJoin(right, both, { store: 'joined', ...text })
        .toStream()
        .to(out, text)
    },
  },
  'foreign-key join': {
    inputs: ['left', 'right'],
    tables: ['left', 'right'],
    idempotent: true,
    sure: 'last',
    build: (builder, of, out) => {
      const [left, right] = tables(builder, of)
      left
        .leftJoin(right, (value) => KEYS[Number(value) % KEYS.length]!, both, { name: 'fk', store: 'joined', ...text })
        .toStream()
        .to(out, text)
    },
  },
  'suppress until windows close': {
    inputs: ['events'],
    late: true,
    build: (builder, of, out) =>
      builder
        .stream(of('events'), text)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: '10s', grace: '5s' }))
        .count('windows')
        .suppress(untilWindowCloses({ name: 'final' }))
        .toStream()
        .to(out, { key: serdes.timeWindowed(TEXT, '10s'), value: LONG }),
  },
  'suppress until a time limit': {
    inputs: ['events'],
    build: (builder, of, out) =>
      builder
        .stream(of('events'), text)
        .groupByKey()
        .count('counts')
        .suppress(untilTimeLimit('7s', { name: 'limit' }))
        .toStream()
        .to(out, counted),
  },
  'global table': {
    inputs: ['left', 'right'],
    global: ['right'],
    idempotent: true,
    build: (builder, of, out) => {
      const table = builder.globalTable(of('right'), text, { store: 'everywhere', ...text })
      builder
        .stream(of('left'), text)
        .leftJoin(table, (_value, key) => key, both)
        .to(out, text)
    },
  },
  cogroup: {
    inputs: ['left', 'right'],
    build: (builder, of, out) => {
      const [left, right] = streams(builder, of)
      left
        .groupByKey()
        .cogroup<string>((all, value) => `${all.slice(-20)} <${value}`)
        .cogroup(right.groupByKey(), (all, value) => `${all.slice(-20)} ${value}>`)
        .aggregate(() => '', { store: 'aggregates', ...text })
        .toStream()
        .to(out, text)
    },
  },
  deduplicate: {
    inputs: ['events'],
    late: true,
    idempotent: true,
    build: (builder, of, out) =>
      builder
        .stream(of('events'), text)
        .deduplicate({ by: (value) => Number(value) % 3, within: '5s', store: 'seen' })
        .to(out, text),
  },
  throttle: {
    inputs: ['events'],
    late: true,
    idempotent: true,
    build: (builder, of, out) =>
      builder.stream(of('events'), text).throttle({ limit: 1, per: '5s', store: 'passed' }).to(out, text),
  },
  sample: {
    inputs: ['events'],
    build: (builder, of, out) =>
      builder.stream(of('events'), text).sample({ every: 3, store: 'counted' }).to(out, text),
  },
  'top n of a stream': {
    inputs: ['events'],
    late: true,
    build: (builder, of, out) =>
      builder
        .stream(of('events'), text)
        .groupByKey()
        .topN(3, { by: Number, store: 'best' })
        .toStream()
        .mapValues((best) => best!.join(' '), { value: TEXT })
        .to(out, text),
  },
  'top n of a table': {
    inputs: ['rows'],
    tables: ['rows'],
    sure: 'last',
    build: (builder, of, out) =>
      builder
        .table(of('rows'), text, { store: 'rows', ...text })
        .groupBy((value) => [`group ${Number(value) % 7}`, value], { name: 'by-group', ...text })
        .topN(3, { by: Number, store: 'best' })
        .toStream()
        .mapValues((best) => best?.join(' ') ?? 'none', { value: TEXT })
        .to(out, text),
  },
  'versioned store': {
    inputs: ['events'],
    late: true,
    idempotent: true,
    build: (builder, of, out) => {
      const versions = versionedKeyValueStore('versions', { ...text, historyRetention: '1h' })
      builder
        .stream(of('events'), text)
        .process<string, string>(() => new LookBack(), [versions])
        .to(out, text)
    },
  },
}
