import type { RecordHeaders } from '../record/headers'
import type { TaskId } from '../record/task-id'

/** A record that a task has read. */
export interface TracedRecord {
  /** The consumer group. */
  readonly applicationId: string
  /** The task that has read it. */
  readonly taskId: TaskId
  /** Where it was read. */
  readonly topic: string
  /** Of the topic. */
  readonly partition: number
  /** In the partition. */
  readonly offset: number
  /** Its own, which may say what it is part of. */
  readonly headers: RecordHeaders
}

/** Follows records through topologies and topics: `recordTracing` of `millrace/opentelemetry` is one. */
export interface RecordTracing {
  /** Calls `work`, which takes the record through the topology, and returns what it has failed with. */
  process(record: TracedRecord, work: () => unknown): void
  /** The headers of a record that is written, which may be in the course of `work`. */
  inject(headers: RecordHeaders): RecordHeaders
}
