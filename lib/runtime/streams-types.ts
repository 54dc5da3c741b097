import type { StreamsError } from '../errors'
import type { TaskId } from '../record/task-id'
import type { TopicPartition } from '../record/topic-partition'
import type { RunProgress } from './bounded/run-options'
import type { RestoreEvent, RestoreProgressEvent } from './changelog/restore-progress'
import type { RebalanceEvent } from './executor/rebalance-listener'
import type { StreamsState } from './state-machine'
import type { TaskState } from './tasks/task-state'

/** The events of a `KafkaStreams` instance. */
export interface StreamsEvents {
  /** The instance has changed its state. */
  stateChange: { readonly from: StreamsState; readonly to: StreamsState }
  /**
   * Why the instance's state becomes `ERROR`. As usual in Node, it is thrown, and ends the process, if nobody listens and neither
   * `start()` nor `closed` reports it.
   */
  error: StreamsError
  /** The instance continues, but needs attention: it waits for missing source topics. Repeated every few seconds. */
  warning: { readonly code: 'MISSING_SOURCE_TOPIC'; readonly message: string; readonly topics: readonly string[] }
  /** How far a bounded run (`run()`) is, each time that this changes, a few times a second at most. */
  runProgress: RunProgress
  /** Tasks were assigned to this instance or taken from it. */
  rebalance: RebalanceEvent
  /** A store's restore from its changelog begins. */
  restoreStart: RestoreEvent
  /** A restore's progress, every few seconds. */
  restoreProgress: RestoreProgressEvent
  /** A store is restored, with the time that it took. */
  restoreEnd: RestoreEvent & { readonly durationMs: number }
}

/** A task that this instance has. */
export interface TaskMetadata {
  /** Sub-topology and partition, such as `0_3`. */
  readonly taskId: TaskId
  /** Kafka Streams' task states. */
  readonly state: TaskState
  /** The partitions it reads. */
  readonly inputs: readonly TopicPartition[]
  /** Names of its stores. */
  readonly stores: readonly string[]
}
