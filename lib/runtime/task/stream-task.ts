import { StreamsError } from '../../errors'
import { type CommittedOffset, type FetchedPartition } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { TaskRecordCounts } from '../../observe/record-counts'
import type { ManagedStore, RecordCacheBudget, StateStore } from '../../state/store'
import type { TaskState } from '../../state/task-state'
import type { SubTopology } from '../../topology/definition'
import { AsyncBoundary } from './async-boundary'
import type { Clock } from './clock'
import { decodeCommitMetadata, encodeCommitMetadata } from '../commit/commit-metadata'
import { unwrap } from '../failure/task-failure'
import { SlowCallbackMonitor } from './slow-callback-monitor'
import { type Fetching, Preparation } from './preparation'
import { PartitionGroup } from './partition-group'
import { PartitionQueue } from './partition-queue'
import { Punctuations } from './punctuation'
import type { RecordCollector } from '../output/record-collector'
import { StoreContext } from './store-context'
import type { TaskConfig } from './task-config'
import { IDLE, TaskContext } from './task-context'
import { wire, type Wiring } from './wiring'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { TaskId } from '../../record/task-id'

export interface StreamTaskOptions {
  readonly id: TaskId
  /** Of a running application one; the test driver runs all of them in one task. */
  readonly subTopologies: readonly SubTopology[]
  readonly inputPartitions: readonly TopicPartition[]
  readonly partition: number
  /** Made by `buildStores` of the same sub-topologies; the task wires them, closes them, and flushes their caches. */
  readonly stores: readonly ManagedStore[]
  /** By name: stores of the instance that every processor can read, and none of the task's writes. */
  readonly globalStores?: ReadonlyMap<string, StateStore>
  readonly state: Pick<TaskState, 'bytes'>
  readonly collector: RecordCollector
  readonly config: TaskConfig
  readonly clock: Clock
  readonly logger: Logger
  /** Shared by the tasks of a loop; `undefined` for no record caches. */
  readonly cache?: RecordCacheBudget
  /** Shared by the tasks of a loop; default: its own. */
  readonly watch?: SlowCallbackMonitor
  /** How what serdes need is fetched. Default: once. */
  readonly fetching?: Fetching
  /** What the task drops and sends as dead letters is counted here; default: its own. */
  readonly recordCounts?: TaskRecordCounts
  readonly listeners?: StreamTaskListeners
}

export interface StreamTaskListeners {
  /** Awaited work has ended: `process` can go on, `drained` is settled, or the task has failed. */
  wakeUp?(): void
}

/**
 * One partition of a sub-topology at work. Records enter as fetched batches and pass the operators one at a time, all
 * of it synchronous; only operators that return promises are waited for, before a commit.
 *
 * Life: constructed (stores are wired, and can be restored), `initialize`, then processing and commits, `close`. After
 * an error it can only be closed.
 */
export class StreamTask {
  readonly id: TaskId
  readonly inputPartitions: TopicPartition[]
  private readonly context: TaskContext
  private readonly wiring: Wiring
  private readonly group: PartitionGroup
  private readonly punctuations: Punctuations
  private readonly bufferLimit: number

  constructor(options: StreamTaskOptions) {
    const { id, config, clock, logger } = options
    this.id = id
    this.inputPartitions = [...options.inputPartitions]
    this.bufferLimit = config.bufferedRecordsPerPartition
    this.context = new TaskContext({
      ...options,
      watch: options.watch ?? new SlowCallbackMonitor(config.slowCallbackWarningMs, logger),
      preparation: new Preparation(options.fetching ?? ((_what, fetch) => fetch())),
      wakeUp: () => options.listeners?.wakeUp?.(),
    })
    this.context.async = new AsyncBoundary(this.context)
    this.punctuations = new Punctuations(this.context)
    this.wiring = wire(options, this.context, this.punctuations)
    const queues = this.inputPartitions.map((input) => this.newQueue(input))
    this.group = new PartitionGroup(queues, config.maxTaskIdleMs, clock)
    const storeContext = new StoreContext(this.context, {
      partition: options.partition,
      state: options.state,
      cache: options.cache,
      sourceChangelogs: new Set(
        options.subTopologies.flatMap(({ stores }) =>
          stores.flatMap((store) => store.definition.sourceTopicAsChangelog ?? []),
        ),
      ),
    })
    for (const store of options.stores) store.init(storeContext)
  }

  /** Resolves when the serdes of sinks and stores have what they need; to be awaited before stores are opened and read. */
  prepare(): Promise<void> {
    return this.context.preparation.all()
  }

  /** Stores are restored: takes up partition times from committed offsets (by `tpKey`), and starts the processors. */
  initialize(committed: ReadonlyMap<string, CommittedOffset>): void {
    const { lastEmittedWindowClose } = this.context
    for (const queue of this.group.queues) {
      const metadata = committed.get(tpKey(queue.topic, queue.partition))?.metadata
      if (!metadata) continue
      const decoded = decodeCommitMetadata(metadata)
      queue.partitionTime = decoded.partitionTime
      this.context.streamTime = Math.max(this.context.streamTime, decoded.partitionTime)
      for (const [name, time] of decoded.lastEmittedWindowClose) {
        lastEmittedWindowClose.set(name, Math.max(time, lastEmittedWindowClose.get(name) ?? time))
      }
    }
    for (const node of this.wiring.processors) node.init()
  }

  // ---------------------------------------------------------------------------------------- records

  /** A topic has appeared that matches the pattern of one of the sources. */
  addInput(input: TopicPartition): void {
    if (this.group.queue(input.topic, input.partition)) return
    this.inputPartitions.push(input)
    this.group.addQueue(this.newQueue(input))
  }

  /** Queues what was fetched of an input partition. It is read in place: the batch must stay as it is. */
  addRecords(fetched: FetchedPartition): void {
    this.group.add(this.queue(fetched.topic, fetched.partition), fetched)
  }

  /** An input partition's end on the broker: above what is fetched, the task waits for these records, to keep to the order of timestamps. */
  updateEndOffset(topic: string, partition: number, endOffset: number): void {
    const queue = this.queue(topic, partition)
    if (endOffset > queue.endOffset) queue.endOffset = endOffset
  }

  /** Takes one record through the topology. False if there is none, another input is waited for, or async work piles up. */
  process(): boolean {
    const { context } = this
    this.throwIfFailed()
    if (context.async.full) return false
    try {
      const queue = this.group.next()
      if (queue === null) {
        context.recordContext = context.async.idleContext
        return false
      }
      const record = queue.take()
      if (record.timestamp > context.streamTime) context.streamTime = record.timestamp
      context.recordContext = queue.headContext
      context.source = queue
      queue.source.process(record)
    } catch (error) {
      this.fail(error)
    }
    this.throwIfFailed()
    context.recordContext = context.async.idleContext
    return true
  }

  /** Resolves when what inputs wait for has been fetched, or has failed; undefined if none does. */
  inputsPrepared(): Promise<unknown> | undefined {
    const waiting = this.group.queues.flatMap((queue) => queue.prepared ?? [])
    return waiting.length === 0 ? undefined : Promise.all(waiting)
  }

  get hasBuffered(): boolean {
    return this.group.queues.some((queue) => queue.size > 0)
  }

  /** Fetched and not processed, counted by offsets. */
  bufferedRecords(topic: string, partition: number): number {
    return this.queue(topic, partition).size
  }

  /** Above `bufferedRecordsPerPartition`: fetching should pause. */
  isFull(topic: string, partition: number): boolean {
    return this.queue(topic, partition).size > this.bufferLimit
  }

  /** The largest timestamp taken for processing; −1 before the first. */
  get streamTime(): number {
    return this.context.streamTime
  }

  /** `dropped-records-total`: skipped for a null key, a bad timestamp, an error that a handler let pass … */
  get droppedRecords(): number {
    return this.context.recordCounts.droppedTotal
  }

  // ---------------------------------------------------------------------------------------- punctuation

  maybePunctuateStreamTime(): boolean {
    const { streamTime } = this.context
    return this.punctuate(() => this.punctuations.streamTime(streamTime))
  }

  maybePunctuateWallClock(now: number): boolean {
    return this.punctuations.isDue(now) && this.punctuate(() => this.punctuations.wallClock(now))
  }

  /** When the next wall-clock punctuation is due; infinite if none is scheduled. */
  nextWallClockPunctuation(): number {
    return this.punctuations.nextWallClock
  }

  private punctuate(run: () => boolean): boolean {
    const { context } = this
    this.throwIfFailed()
    let punctuated = false
    try {
      punctuated = run()
    } catch (error) {
      this.fail(error)
    }
    this.throwIfFailed()
    if (!punctuated) return false
    context.recordContext = context.async.idleContext
    context.commitNeeded = true
    return true
  }

  // ---------------------------------------------------------------------------------------- commit

  /** Something was processed, punctuated or passed over since the last commit. */
  get commitNeeded(): boolean {
    return this.context.commitNeeded
  }

  /** A processor has asked for a commit. */
  get commitRequested(): boolean {
    return this.context.commitRequested
  }

  /** Resolves when async operators have worked off their queue and everything sent is with the producer; rejects with a failure. */
  async drained(): Promise<void> {
    if (this.context.async.busy) await this.context.async.drained()
    this.throwIfFailed()
    await this.context.collector.settled()
  }

  /**
   * Writes out the record caches: forwards, logs, puts. True when the task is ready to commit; false when the caches'
   * contents went to an async operator: await `drained()` and call it again.
   */
  prepareCommit(): boolean {
    const { context } = this
    this.throwIfFailed()
    context.watch.leave()
    try {
      for (const store of this.wiring.stores) store.flushCache()
    } catch (error) {
      this.fail(error)
    }
    this.throwIfFailed()
    context.recordContext = context.async.idleContext
    if (context.async.busy) return false
    context.commitNeeded = false
    context.commitRequested = false
    return true
  }

  /** Of the partitions on which something was processed or passed over: the next offset, with Kafka Streams' metadata. */
  committableOffsets(): Array<TopicPartition & CommittedOffset> {
    const { lastEmittedWindowClose } = this.context
    const offsets: Array<TopicPartition & CommittedOffset> = []
    for (const queue of this.group.queues) {
      const { topic, partition, partitionTime } = queue
      const offset = queue.committableOffset()
      if (!queue.moved) continue
      offsets.push({
        topic,
        partition,
        offset,
        metadata: encodeCommitMetadata({ partitionTime, lastEmittedWindowClose }),
      })
    }
    return offsets
  }

  // ---------------------------------------------------------------------------------------- end

  /** Closes processors and stores; throws the first error of them after all are closed. */
  close(): void {
    const errors: unknown[] = []
    this.context.close()
    this.context.async.abandon()
    this.context.preparation.close()
    this.context.recordContext = IDLE
    for (const part of [...this.wiring.processors, ...this.wiring.stores]) {
      try {
        part.close()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }

  private fail(thrown: unknown): void {
    this.context.recordContext = IDLE
    this.context.fail(unwrap(thrown))
  }

  private throwIfFailed(): void {
    if (this.context.failure !== undefined) throw this.context.failure.error
  }

  private newQueue({ topic, partition }: TopicPartition): PartitionQueue {
    return new PartitionQueue(topic, partition, this.wiring.source(topic), this.context)
  }

  private queue(topic: string, partition: number): PartitionQueue {
    const queue = this.group.queue(topic, partition)
    if (queue) return queue
    throw new StreamsError(
      'ILLEGAL_STATE',
      `task ${this.id} got records of ${topic}-${partition}, which is not one of its inputs`,
      {
        taskId: this.id,
        topic,
        partition,
      },
    )
  }
}
