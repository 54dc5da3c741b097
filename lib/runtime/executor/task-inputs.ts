import type { ResolvedConfig } from '../../config/config'
import { StreamsError } from '../../errors'
import type { Admin, FetchedPartition, Fetcher, Lease } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { CompiledTopology } from '../../topology/definition'
import { offsetResetText } from '../../topology/offset-reset'
import { fetchFailure } from '../failure/fetch-errors'
import { retrying } from '../failure/retrying'
import { pause } from '../pause'
import { offsetResetOf, resetPosition } from '../tasks/start-positions'
import type { TopicPartition } from '../../record/topic-partition'
import type { RunningTask } from '../tasks/task'
import type { Tasks } from '../tasks/tasks'

/** Between two looks at whether the group has answered. */
const GROUP_SPEAKS_MS = 50

export interface TaskInputsOptions {
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  readonly admin: Admin
  readonly fetcher: Fetcher
  readonly tasks: Tasks
  /** While it holds, no other instance has the tasks. */
  readonly lease: Pick<Lease, 'holds'>
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly taskFailed: (task: RunningTask, error: unknown) => void
}

/** Passes fetched records to the tasks that read them, and handles fetch errors. */
export class TaskInputs {
  constructor(private readonly options: TaskInputsOptions) {}

  take(fetched: FetchedPartition): void {
    const { topic, partition } = fetched
    const task = this.options.tasks.readerOf(topic, partition)
    if (!task) return
    try {
      if (fetched.error) {
        this.#failed(task, fetched)
      } else {
        task.processing.addRecords(fetched)
        this.throttle(task)
      }
    } catch (error) {
      this.options.taskFailed(task, error)
    }
  }

  /** Pauses inputs that have enough buffered records, and resumes the others. */
  throttle(task: RunningTask): void {
    task.throttleInputs(this.options.fetcher)
  }

  #failed(task: RunningTask, fetched: FetchedPartition): void {
    const { topic, partition, error, nextOffset } = fetched
    const location = { taskId: task.id, topic, partition, offset: nextOffset }
    if (error!.kind === 'offsetOutOfRange') {
      // the other partitions are processed while the brokers are queried
      this.#reset(task, fetched).catch((failure: unknown) => this.options.taskFailed(task, failure))
      return
    }
    // Deleted, and perhaps created again: positions and uncommitted offsets mean nothing any more. The tasks restart from what the
    // group still has, and its leader creates a repartition topic again, or says which source topic is missing.
    if (error!.kind === 'unknownTopic') throw error!
    const what = `${topic} partition ${partition}`
    const failure = fetchFailure(error!, { what, location, code: 'PROCESSING_FAILED' })
    if (failure) throw failure
    this.options.logger.warn({ ...location, err: error }, `reading ${what} failed, trying again`)
  }

  /**
   * The next offset no longer exists, or not yet: the reset policy says where to continue. Where the log was truncated, it is the first record that
   * was not read, as in Java, unless the policy is `none`.
   */
  async #reset(task: RunningTask, { topic, partition, truncatedTo }: FetchedPartition): Promise<void> {
    const { topology, config, admin, tasks, lease, logger, signal } = this.options
    const reset = offsetResetOf(task.subTopology, topic, config.autoOffsetReset, topology)
    const location = { taskId: task.id, topic, partition }
    const isRead = (): boolean => tasks.readerOf(topic, partition) === task
    // after a stall others may have had the task, and deleted what they had processed: the group says whether it is still this instance's
    while (!lease.holds() && isRead()) await pause(GROUP_SPEAKS_MS, signal)
    // a suspended task resumes with its inputs as they are
    if (!isRead()) return
    if (reset === 'none') {
      throw new StreamsError(
        'OFFSET_OUT_OF_RANGE',
        `the next offset to read of ${topic} partition ${partition} does not exist any more, and its offset reset policy is 'none'`,
        location,
      )
    }
    if (truncatedTo !== undefined) return this.#continueAfterLoss(task, { topic, partition }, truncatedTo)
    const offset = await retrying(
      `look up where to continue in ${topic} partition ${partition}`,
      () => resetPosition(admin, { topic, partition }, reset),
      { timeoutMs: Infinity, signal, logger },
    )
    if (!isRead()) return
    logger.warn(
      { ...location, offset, reset },
      `the next offset to read of ${topic} partition ${partition} does not exist any more (records were deleted before they were ` +
        `processed, or the topic was created again): continuing at the ${offsetResetText(reset)} offset ${offset}`,
    )
    this.#continueAt(task, { topic, partition }, offset)
  }

  /** What was fetched and not processed yet is fetched again, as far as the brokers still have it. */
  #continueAfterLoss(task: RunningTask, { topic, partition }: TopicPartition, truncatedTo: number): void {
    const { logger } = this.options
    const next = task.processing.nextOffset(topic, partition)
    const offset = Math.min(truncatedTo, next)
    const location = { taskId: task.id, topic, partition, offset }
    const lost = `the brokers have lost records of ${topic} partition ${partition}`
    if (next > truncatedTo) {
      logger.error(
        location,
        `${lost} that were processed, as after an unclean leader election: continuing at offset ${offset}, where the log differs from what was read`,
      )
    } else logger.warn(location, `${lost}, none of which was processed: continuing at offset ${offset}`)
    this.#continueAt(task, { topic, partition }, offset)
  }

  #continueAt(task: RunningTask, { topic, partition }: TopicPartition, offset: number): void {
    task.processing.reposition(topic, partition, offset)
    this.options.fetcher.assign(topic, partition, offset)
  }
}
