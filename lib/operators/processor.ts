import type { Duration } from '../durations'
import type { Serde } from '../serdes/serde'
import type { StateStore } from '../state/store'
import type { DropReason } from '../record/drop-reason'
import type { RecordContext } from '../record/record-context'
import type { StreamRecord } from '../record/stream-record'
import { type TaskId } from '../record/task-id'
import type { AsyncHost, AsyncWork } from './async/async-host'

/** The clock of a punctuation: record timestamps, or the system's clock. */
export type PunctuationType = 'stream-time' | 'wall-clock-time'

/** A punctuation that was scheduled. */
export interface Cancellable {
  /** Ends it: it is not called again. */
  cancel(): void
}

/** Where a record came from. */
export interface RecordMetadata {
  /** The topic that the record was read from. */
  readonly topic: string
  /** Its partition there. */
  readonly partition: number
  /** Its offset there. */
  readonly offset: number
}

/** A processor's access to the task that it runs in. */
export interface ProcessorContext<KOut, VOut> {
  /** The `applicationId` of the configuration. */
  readonly applicationId: string
  /** The task that this processor works for. */
  readonly taskId: TaskId
  /** Forwards a record to all children, or to the child with that name. */
  forward(record: StreamRecord<KOut, VOut>, child?: string): void
  /** A connected store, by its name or its typed handle. */
  stateStore<S extends StateStore>(store: string | { readonly name: string; readonly storeType?: S }): S
  /**
   * Calls back each time another `interval` has passed on the clock. Missed ticks collapse into one call; the callback gets
   * the current time. `startMs` anchors the schedule; default: 0 for stream time, now for wall-clock time.
   */
  schedule(
    interval: Duration,
    type: PunctuationType,
    callback: (timestamp: number) => void | Promise<void>,
    startMs?: number,
  ): Cancellable
  /** Requests a commit as soon as possible. */
  commit(): void
  /** Undefined inside a punctuation. */
  recordMetadata(): RecordMetadata | undefined
  /** The largest timestamp that this task has processed; −1 before the first record. */
  currentStreamTime(): number
  /** The wall clock in milliseconds; in a test driver, its mock clock. */
  currentSystemTime(): number
}

/**
 * A node of a topology that sees every record. One instance per task.
 *
 * A `process` that returns a promise is awaited before the task's next record enters this processor and before any
 * commit; records behind it wait in its queue, in order.
 */
export interface Processor<KIn, VIn, KOut = unknown, VOut = unknown> {
  /**
   * Called once, before the first record: stores are restored. Keep the context; get the stores; schedule punctuations. Nothing waits for a
   * promise, so it is an error: await connections before the application starts.
   */
  init?(context: ProcessorContext<KOut, VOut>): void
  /** Called for each record, in the order of its partition. */
  process(record: StreamRecord<KIn, VIn>): void | Promise<void>
  /** Called when the task ends or moves away. Stores and topics can no longer be written to. The task is released when a promise is settled. */
  close?(): void | Promise<void>
}

/** Creates the processor of each task: never return the same instance twice. */
export type ProcessorSupplier<KIn, VIn, KOut = unknown, VOut = unknown> = () => Processor<KIn, VIn, KOut, VOut>

/** What operators measure of themselves, by Kafka Streams' names. Latencies are milliseconds. */
export type OperatorMetric = 'suppression-emit' | 'window-aggregate-final-emit' | 'window-aggregate-final-emit-latency'

/** Takes what is measured. */
export interface OperatorSensor {
  add(value: number): void
}

/** The context of built-in operators, with the runtime's own services. Never passed to users. */
export interface OperatorContext<KOut, VOut> extends ProcessorContext<KOut, VOut> {
  /** The current record's origin. The cache swaps it while it flushes entries of earlier records. */
  recordContext: RecordContext
  /** The application's default serdes, for what an operator serializes. */
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
  /** The wall-clock interval at which operators look for results that only time completes, such as closed windows. */
  readonly emitIntervalMs: number
  /**
   * Stream time that was reached without a record before the task started: an operator that counts records as late starts from
   * it, so that what has closed stays closed. −1 for none: then it starts from the records that come, as in Kafka Streams.
   */
  readonly resumedStreamTime: number
  /** The last window close that the store's aggregation has emitted; committed with the task's offsets. */
  lastEmittedWindowClose(store: string): number | undefined
  setLastEmittedWindowClose(store: string, windowClose: number): void
  /**
   * Counts the current record in `dropped-records`, with the details for the log. `debug`: it is part of normal operation, and
   * nothing of the user's is lost.
   */
  dropRecord(reason: DropReason, details: string, level?: 'warn' | 'debug'): void
  /**
   * Wraps a user callback of up to three arguments so that its time is attributed to this operator (and reported
   * if slow). A promise is an error unless the operator `awaits` it.
   */
  watch<A extends unknown[], R>(callback: (...args: A) => R, awaits?: boolean): (...args: A) => R
  /** Whether nothing downstream needs more of the values that are forwarded than the bytes that this serde has written. */
  needsOnlyBytes(writtenBy: Serde<unknown>): boolean
  /** Called once for each metric, by `init`. Undefined: it is not measured. */
  sensor(metric: OperatorMetric): OperatorSensor | undefined
  /** For an operator whose results come between records: called once, by `init`. */
  asyncHost(work: AsyncWork): AsyncHost
}
