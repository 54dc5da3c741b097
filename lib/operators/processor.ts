import type { Duration } from '../durations'
import type { Serde } from '../serdes/serde'
import type { StateStore } from '../state/store'
import type { DropReason } from '../record/drop-reason'
import type { RecordContext } from '../record/record-context'
import type { StreamRecord } from '../record/stream-record'
import { type TaskId } from '../record/task-id'

/** By which clock a punctuation is called: by the timestamps of records, or by the system. */
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

/** What a processor can reach of the task it runs in. */
export interface ProcessorContext<KOut, VOut> {
  /** The `applicationId` of the configuration. */
  readonly applicationId: string
  /** The task that this processor works for. */
  readonly taskId: TaskId
  /** Passes a record to all children, or to the child of that name. */
  forward(record: StreamRecord<KOut, VOut>, child?: string): void
  /** A connected store, by its name or its typed handle. */
  stateStore<S extends StateStore>(store: string | { readonly name: string; readonly storeType?: S }): S
  /**
   * Calls back each time the clock passes another `interval`. Missed ticks collapse into one call; the callback gets
   * the current time. `startMs` anchors the schedule; default: 0 for stream time, now for wall-clock time.
   */
  schedule(
    interval: Duration,
    type: PunctuationType,
    callback: (timestamp: number) => void | Promise<void>,
    startMs?: number,
  ): Cancellable
  /** Asks for a commit as soon as possible. */
  commit(): void
  /** Undefined inside a punctuation. */
  recordMetadata(): RecordMetadata | undefined
  /** The largest timestamp this task has taken for processing; −1 before the first. */
  currentStreamTime(): number
  /** The wall clock in milliseconds; in a test driver its mock one. */
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
   * Called once, before the first record: stores are restored. Keep the context; get the stores; schedule punctuations.
   */
  init?(context: ProcessorContext<KOut, VOut>): void
  /** Called for each record, in the order of its partition. */
  process(record: StreamRecord<KIn, VIn>): void | Promise<void>
  /** Called when the task ends or moves away. Stores and topics take nothing any more. */
  close?(): void
}

/** Makes the processor of each task: never return the same instance twice. */
export type ProcessorSupplier<KIn, VIn, KOut = unknown, VOut = unknown> = () => Processor<KIn, VIn, KOut, VOut>

/** What the built-in operators see besides: the spine's own services. Never handed to users. */
export interface OperatorContext<KOut, VOut> extends ProcessorContext<KOut, VOut> {
  /** The current record's origin. The cache swaps it while it flushes entries of earlier records. */
  recordContext: RecordContext
  /** The app's defaults, for what is serialized inside an operator. */
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
  /** How often, by the wall clock, operators look for results that only time completes: windows that have closed … */
  readonly emitIntervalMs: number
  /** Up to which window close the aggregation of that store has emitted; committed with the task's offsets. */
  lastEmittedWindowClose(store: string): number | undefined
  setLastEmittedWindowClose(store: string, windowClose: number): void
  /** Counts the current record in `dropped-records`, with the details for the log. */
  dropRecord(reason: DropReason, details: string): void
  /**
   * Wraps a user callback of up to three arguments so that the time it takes is known by this operator's name (a slow
   * one is reported). A promise is refused unless the operator `awaits` it.
   */
  watch<A extends unknown[], R>(callback: (...args: A) => R, awaits?: boolean): (...args: A) => R
}
