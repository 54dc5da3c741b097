import {
  BOOLEAN,
  isObject,
  type Kind,
  kind,
  listOf,
  options,
  optional,
  requireArgument,
  text,
  TIMESTAMP,
  WHOLE_NUMBER,
} from '../../arguments'
import type { TaskId } from '../../record/task-id'
import type { TopicPartition } from '../../record/topic-partition'
import type { OperatorRecordCounts } from '../../observe/record-counts'

/** Ends of partitions: each is read up to its offset, which is the first one that is not read. */
export interface RunUntilOffsets {
  /** Partitions that are not named are read up to their ends as of the start. */
  readonly offsets: ReadonlyArray<TopicPartition & { readonly offset: number }>
}

/** Each partition is read up to the first record with this timestamp or a later one, or to its end as of the start if there is none. */
export interface RunUntilTimestamp {
  /** In milliseconds since 1970, or a `Date`. */
  readonly timestamp: number | Date
}

/**
 * Where a bounded run ends: at the ends of the inputs as of the start (`'end'`), at a timestamp, at offsets, or, with an
 * `AbortSignal`, at the ends as of the moment when it is aborted.
 */
export type RunUntil = 'end' | RunUntilTimestamp | RunUntilOffsets | AbortSignal

/** How far a bounded run goes. */
export interface BoundedRunOptions {
  /** Where the inputs end. Default: `'end'`. */
  readonly until?: RunUntil
  /**
   * Nothing follows: at the end stream time advances until everything that is held back or open has closed, so that `suppress`, windows
   * that emit on close, and outer joins forward what they have. This is committed: a record that a later run reads is late where its
   * window was closed. Unlimited windows stay open. Default: false.
   */
  readonly final?: boolean
}

/** The records of a topic that an instance read and wrote in a bounded run. */
export interface RunTopicCounts {
  /** The topic's name. */
  readonly topic: string
  /** Records read by this instance; those that were read again after a failure are counted again. */
  readonly read: number
  /** Records written by this instance; under `exactly_once` those of committed transactions. */
  readonly written: number
}

/** What one instance did in a bounded run. */
export interface RunSummary {
  /** From the call of `run()` until everything was committed and released, in milliseconds. */
  readonly durationMs: number
  /** Records read from all topics, repartition topics included. */
  readonly read: number
  /** Records written to all topics, repartition topics included, changelogs not. */
  readonly written: number
  /** Records dropped, for whatever reason. */
  readonly dropped: number
  /** Dead letters sent. */
  readonly deadLetters: number
  /** By topic, in alphabetical order. */
  readonly topics: readonly RunTopicCounts[]
  /** Dropped records and dead letters by task and operator. */
  readonly operators: readonly OperatorRecordCounts[]
  /** Where the input partitions ended: the first offset that was not read of each. */
  readonly ends: ReadonlyArray<TopicPartition & { readonly offset: number }>
}

/** How far a bounded run is, over all instances, as far as this one knows. */
export interface RunProgress {
  /** Offsets of the inputs, from where the run started to where it ends. Repartition topics don't count. */
  readonly total: number
  /** How many of them are processed: by this instance, or committed by another one. */
  readonly done: number
  /** The tasks of this instance that still have something to do. */
  readonly activeTasks: readonly TaskId[]
}

const topicOffset = options<TopicPartition & { readonly offset: number }>(
  { topic: text('the name of a topic'), partition: WHOLE_NUMBER, offset: WHOLE_NUMBER },
  ['topic', 'partition', 'offset'],
)
const timestamp = options<RunUntilTimestamp>({ timestamp: TIMESTAMP }, ['timestamp'])
const offsets = options<RunUntilOffsets>({ offsets: listOf(topicOffset) }, ['offsets'])
const UNTIL: Kind = {
  is: "'end', { timestamp }, { offsets } or an AbortSignal",
  problem(value, name) {
    if (value === 'end' || value instanceof AbortSignal) return undefined
    if (isObject(value) && 'timestamp' in value) return timestamp.problem(value, name)
    if (isObject(value) && 'offsets' in value) return offsets.problem(value, name)
    return kind(this.is, () => false).problem(value, name)
  },
}
const RUN_OPTIONS = options<BoundedRunOptions>({ until: optional(UNTIL), final: optional(BOOLEAN) })

/** @throws StreamsError INVALID_ARGUMENT */
export const requireRunOptions = (given: unknown): void => requireArgument(given, RUN_OPTIONS, 'run()', 'options')
