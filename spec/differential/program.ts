/**
 * A topology, what is piped into it, and how it is run, as data: Java (`java/`) and millrace (`interpret.ts`) build the
 * same topology of it.
 */
export interface Program {
  readonly seed: number
  readonly config: {
    /** `statestore.cache.max.bytes` */
    readonly cache: number
    /** Where the DSL's stores are by default. */
    readonly inMemory: boolean
    readonly optimization: 'none' | 'all'
    /** Records on which a function fails go to the dead letter topic `dlq`. Default: the application fails. */
    readonly deadLetters?: boolean
  }
  /** The wall clock at first. */
  readonly start: number
  readonly ops: readonly Op[]
  readonly inputs: readonly Input[]
  /** Before this input the driver is closed, and a new one starts with the stores restored from the changelogs. */
  readonly restartAt?: number
}

/** Topic, key, value, timestamp and the value of a header `h`; or by how much the wall clock moves. */
export type Input =
  readonly [topic: string, key: string | null, value: string | null, timestamp: number, header?: string] | number

/**
 * One call of the DSL. `on` and `with` are the numbers of values that earlier calls have given. Functions are words, such
 * as `tag:x` (see functions.ts), serdes `s`, `l`, `tw:10` or `sw`: string, long, time window of 10 ms, session.
 */
export interface Op {
  readonly op: string
  readonly on?: number
  readonly with?: number
  /** Name of the operator. */
  readonly name?: string
  readonly topic?: string
  readonly topics?: readonly string[]
  /** The function of values. */
  readonly f?: string
  /** The function of keys. */
  readonly kf?: string
  /** Serdes of keys, of values, and of the other stream's values. */
  readonly ks?: string
  readonly vs?: string
  readonly os?: string
  /** Of a processor. */
  readonly store?: string
  /** Of a processor that calls methods of its store, what that store is, and the calls, as words (see store-calls.ts). */
  readonly storage?: Storage
  readonly calls?: readonly string[]
  readonly caching?: boolean
  readonly mat?: Mat
  readonly win?: Win
  /** Emit when windows close. */
  readonly close?: boolean
  /** `null`: the initializer gives none. */
  readonly init?: string | null
  readonly sub?: string
  readonly merge?: string
  /** Groups and aggregators of a cogroup. */
  readonly parts?: ReadonlyArray<readonly [number, string]>
  readonly branches?: readonly string[]
  readonly default?: boolean
  readonly kind?: 'inner' | 'left' | 'outer'
  readonly diff?: number
  readonly before?: number
  readonly after?: number
  readonly grace?: number
  /** Of a suppression; none: until windows close. */
  readonly wait?: number
  readonly maxRecords?: number
  readonly maxBytes?: number
  readonly shutDown?: boolean
}

export interface Mat {
  readonly store?: string
  readonly versioned?: number
  readonly ks?: string
  readonly vs?: string
  readonly type?: 'persistent' | 'in-memory'
  readonly caching?: boolean
  readonly logging?: boolean
  readonly retention?: number
}

/** A store as a processor declares it. */
export interface Storage {
  readonly type: 'key-value' | 'window' | 'session' | 'versioned'
  readonly inMemory?: boolean
  readonly caching?: boolean
  readonly timestamped?: boolean
  /** Of a bounded key-value store. */
  readonly maxEntries?: number
  readonly retention?: number
  readonly size?: number
  readonly duplicates?: boolean
}

export interface Win {
  readonly type: 'time' | 'sliding' | 'session' | 'unlimited'
  readonly size?: number
  readonly advance?: number
  readonly grace?: number
  readonly start?: number
}

/** What came of a program. */
export interface Result {
  /** The topology was refused, when it was built or started. */
  readonly refused?: string
  readonly describe?: string
  /** By topic, internal ones too. Timestamps are `null` where the producer sets them. */
  readonly records?: Readonly<Record<string, readonly Row[]>>
  /** The input at which it failed; nothing is told of what came after. */
  readonly failed?: { readonly at: number; readonly message?: string }
  /** By name: key, value and timestamp; of versioned ones each version with its end, −1 for the latest. */
  readonly stores?: Readonly<Record<string, ReadonlyArray<readonly unknown[]>>>
  /** `dropped-records-total`, since the restart. */
  readonly dropped?: number
}

/** After which input, key, value, timestamp, partition, and the headers. Bytes that are no text are `~` and base64. */
export type Row = readonly [
  after: number,
  key: string | null,
  value: string | null,
  timestamp: number | null,
  partition: number | null,
  ...headers: Array<string | null>,
]
