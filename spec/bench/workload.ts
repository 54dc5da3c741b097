import type { StreamsBuilder } from 'millrace'

/** A record of an input topic. Without a `partition` its key decides, as in every Kafka client. */
export interface InputRecord {
  readonly key: string
  readonly value: string | Buffer
  readonly timestamp: number
  readonly partition?: number
}

/** A topic that a workload reads. */
export interface Input {
  readonly name: string
  /** Default: the workload's. */
  readonly partitions?: number
  readonly configs?: Readonly<Record<string, string>>
  /** The same ones at every call. */
  readonly records: () => Iterable<InputRecord>
  /** How many of them a second a paced run writes. */
  readonly perSecond?: number
  /** Read whole by every instance, outside of the consumer group. */
  readonly global?: boolean
}

/** How both contestants are configured. Undefined is each library's own default, which is the same one. */
export interface Settings {
  readonly guarantee: 'at_least_once' | 'exactly_once'
  readonly cacheBytes?: number
  readonly commitMs?: number
  readonly lingerMs?: number
  /** How many processes share the work. */
  readonly processes: number
}

/** What a run is, and by what the end of it is recognised. */
export type Run =
  /** As fast as possible, until everything that the application reads is committed. */
  | { readonly kind: 'drain' }
  /** A start with an empty state directory, from the first restored record to the last. */
  | { readonly kind: 'restore' }
  /** A start with the state of an earlier run that ended properly, until RUNNING. */
  | { readonly kind: 'warm-start' }
  /**
   * At the inputs' `perSecond`; the first third warms up, the rest is measured. It ends when `out` has a result for each
   * record, or when all is committed.
   */
  | { readonly kind: 'paced'; readonly until: 'answered' | 'committed' }

/** The names of topics as they are called in this run, and what else a topology has to know. */
export interface BuildContext {
  readonly topic: (name: string) => string
  readonly partitions: number
  readonly registry: string
}

/** One row of the table: the same work for both, on the same topics. */
export interface Workload {
  /** As it is given on the command line. */
  readonly name: string
  readonly description: string
  /** What is counted, such as `words`. Default: `records`. */
  readonly unit?: string
  /** How many of them, unless the command line says otherwise: enough that most of the run is with a warm JVM. */
  readonly records: number
  readonly run: Run
  /** Of input and output topics. Default: 4. */
  readonly partitions?: number
  readonly inputs: (records: number) => readonly Input[]
  /** For a last record in each input partition, which lets out what only the passing of time completes. */
  readonly closingTimestamp?: (records: number) => number
  /** Default: at least once, a cache of 10 MB, a commit every second, one process. */
  readonly settings?: Partial<Settings>
  /** The topics that results go to. Default: `out`. Others begin with `out-`. */
  readonly outputs?: readonly string[]
  /** Of the results both write to `out`, what has to be equal: the last value of each key, or each record. */
  readonly compared?: 'table' | 'stream'
  /**
   * The table that `out` has to hold at the end, where that is known and Java's results are not to be relied on. Ours have to
   * be equal to it; where Java's aren't, the row says so.
   */
  readonly expected?: (records: number) => ReadonlyMap<string, string>
  /** Avro schemas by the topic that has them, registered in this order before the run: ids count from 1. */
  readonly schemas?: Readonly<Record<string, unknown>>
  /** Our topology. */
  readonly build: (builder: StreamsBuilder, context: BuildContext) => void
  /** The class in `java/` that builds Java's. */
  readonly java: string
  /** The function in `quix/bench.py` that does the same in Quix Streams, which can't do every row. */
  readonly quix?: string
}

export const DEFAULT_PARTITIONS = 4

const DEFAULTS: Settings = {
  guarantee: 'at_least_once',
  cacheBytes: 10 * 1024 * 1024,
  commitMs: 1000,
  processes: 1,
}

export const settingsOf = ({ settings }: Workload, guarantee?: Settings['guarantee']): Settings => ({
  ...DEFAULTS,
  ...settings,
  ...(guarantee === undefined ? {} : { guarantee }),
})
