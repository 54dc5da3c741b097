import { StreamsError } from '../../errors'
import type { CommittedOffset, FetchedPartition } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { TaskSensors } from '../../observe/metrics/task-sensors'
import type { TaskRecordCounts } from '../../observe/record-counts'
import type { CallTimers } from '../../operators/async/async-host'
import type { TaskId } from '../../record/task-id'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { StateStore } from '../../state/store'
import { keepsForAWhile } from '../../state/store-kind'
import type { SubTopology } from '../../topology/definition'
import { unwrap } from '../failure/task-failure'
import { measureStore } from './measured-store'
import type { RecordCollector } from '../output/record-collector'
import type { TaskStores } from '../tasks/task-stores'
import type { Clock } from './clock'
import { BoundedTask } from './bounded-task'
import { decodeCommitMetadata, encodeCommitMetadata } from './commit-metadata'
import { PartitionGroup } from './partition-group'
import { PartitionQueue } from './partition-queue'
import { Punctuations } from './punctuation'
import { SlowCallbackMonitor } from './slow-callback-monitor'
import type { TaskConfig } from './task-config'
import { IDLE } from './idle-context'
import { PassingTime } from './passing-time'
import { TaskContext } from './task-context'
import { wire, type Wiring } from './wiring'

export interface ProcessingOptions {
  readonly stores: TaskStores
  /** One in a running application; the test driver runs all of them in one task. */
  readonly subTopologies: readonly SubTopology[]
  readonly inputPartitions: readonly TopicPartition[]
  /** By name: stores of the instance that every processor can read but not write. */
  readonly globalStores?: ReadonlyMap<string, StateStore>
  readonly collector: RecordCollector
  readonly config: TaskConfig
  readonly clock: Clock
  readonly logger: Logger
  /** Shared by the tasks of an executor; default: its own. */
  readonly monitor?: SlowCallbackMonitor
  /** Counts the task's dropped records and dead letters; default: its own. */
  readonly recordCounts?: TaskRecordCounts | undefined
  /** Default: nothing is measured. */
  readonly sensors?: TaskSensors | undefined
  /** Waits of async operators' calls. Default: the system's. */
  readonly callTimers?: CallTimers | undefined
  /** Awaited work has ended: `process` can continue, `drained` is settled, or the task has failed. */
  readonly wakeUp?: () => void
}

/**
 * The operators of a task on its stores. Records enter as fetched batches and pass through the
 * operators one at a time, synchronously; only operators that return promises are waited for, before a commit.
 *
 * Life cycle: constructed (the operators are wired), the stores restored and opened, `initialize`, then records and commits, `close`.
 * After an error it can only be closed.
 */
export class Processing {
  readonly id: TaskId
  readonly inputPartitions: TopicPartition[]
  private readonly context: TaskContext
  private readonly wiring: Wiring
  private readonly group: PartitionGroup
  private readonly punctuations: Punctuations
  private readonly time: PassingTime
  private readonly bufferLimit: number
  /** What `effects` was when the last commit sealed. */
  private sealedEffects = 0
  /** A flush of the caches has paused, at this store. */
  private pausedAt: number | undefined
  private bounded: BoundedTask | undefined

  constructor(options: ProcessingOptions) {
    const { stores, config, clock, logger } = options
    this.id = stores.id
    this.inputPartitions = [...options.inputPartitions]
    this.bufferLimit = config.bufferedRecordsPerPartition
    this.context = new TaskContext({
      id: stores.id,
      config,
      clock,
      logger,
      collector: options.collector,
      monitor: options.monitor ?? new SlowCallbackMonitor(config.slowCallbackWarningMs, logger),
      preparation: stores.preparation,
      stores: stores.all,
      globalStores: options.globalStores,
      recordCounts: options.recordCounts,
      sensors: options.sensors,
      callTimers: options.callTimers,
      wakeUp: () => options.wakeUp?.(),
    })
    stores.context.attach(this.context)
    for (const store of stores.all) if (keepsForAWhile(store)) this.context.recordCounts.mayDrop(store.name, ['late'])
    this.punctuations = new Punctuations(this.context)
    const { sensors } = options
    if (sensors?.isDebug) for (const store of stores.all) measureStore(store, sensors.store(store.name))
    this.wiring = wire(options.subTopologies, stores.all, this.context, this.punctuations)
    const queues = this.inputPartitions.map((input) => this.newQueue(input))
    this.group = new PartitionGroup(queues, config.maxTaskIdleMs, clock, sensors?.enforced)
    this.time = new PassingTime({
      context: this.context,
      processors: this.wiring.processors,
      idle: this.wiring.idle,
      group: this.group,
      intervalMs: config.emitIntervalMs,
      flushCaches: () => this.flushCaches(),
      punctuate: () => {
        if (this.punctuations.streamTime(this.context.streamTime)) this.context.moved()
      },
    })
  }

  /** Stores are restored and open: resumes partition times from committed offsets (by `tpKey`), and starts the processors. */
  initialize(committed: ReadonlyMap<string, CommittedOffset>): void {
    const { lastEmittedWindowClose } = this.context
    for (const queue of this.group.queues) {
      const offset = committed.get(tpKey(queue.topic, queue.partition))
      if (!offset?.metadata) continue
      const decoded = decodeCommitMetadata(offset.metadata)
      queue.resumeFrom(offset.offset, decoded.partitionTime)
      this.context.advanceStreamTime(decoded.partitionTime)
      if (decoded.reachedStreamTime !== undefined) this.time.resumeFrom(decoded.reachedStreamTime)
      for (const [name, time] of decoded.lastEmittedWindowClose) {
        lastEmittedWindowClose.set(name, Math.max(time, lastEmittedWindowClose.get(name) ?? time))
      }
    }
    for (const store of this.wiring.expiring) store.open()
    for (const node of this.wiring.processors) node.init()
    this.context.asyncOperators.begin()
  }

  // ---------------------------------------------------------------------------------------- records

  /** A topic that matches the pattern of one of the sources was created. */
  addInput(input: TopicPartition): void {
    if (this.group.queue(input.topic, input.partition)) return
    this.inputPartitions.push(input)
    this.group.addQueue(this.newQueue(input))
  }

  /** Queues fetched records of an input partition. They are read in place: the batch must not be modified. */
  addRecords(fetched: FetchedPartition): void {
    this.group.add(this.queue(fetched.topic, fetched.partition), fetched)
  }

  /** Of an input: of the next record to process, or where reading starts. */
  nextOffset(topic: string, partition: number): number {
    return this.queue(topic, partition).next
  }

  /** Reading of an input restarts at another offset, maybe further back. */
  reposition(topic: string, partition: number, offset: number): void {
    this.group.reposition(this.queue(topic, partition), offset)
  }

  /** Reading of an input starts at this offset. `leaderEpoch`: of what is before it; −1 is not known. */
  startAt(topic: string, partition: number, offset: number, leaderEpoch: number): void {
    this.queue(topic, partition).startAt(offset, leaderEpoch)
  }

  /** An input partition's end on the broker: if it is beyond the fetched records, the task waits for the rest, to keep timestamps in order. */
  updateEndOffset(topic: string, partition: number, endOffset: number): void {
    this.queue(topic, partition).raiseEndOffset(endOffset)
  }

  /**
   * Takes one record through the topology, or forwards one result of an async operator. False if there is none, another input is
   * waited for, or async work is piling up.
   */
  process(): boolean {
    return this.processUpTo(1) === 1
  }

  /** As `process` up to `limit` times, and at least once. Returns how often it would have been true. */
  processUpTo(limit: number): number {
    const { context, group } = this
    this.throwIfFailed()
    if (context.async.full) return 0
    if (context.asyncOperators.needAttention) {
      if (this.forwardResult()) return 1
      if (context.asyncOperators.needAttention) return 0
    }
    const lateness = context.sensors?.lateness
    let count = 0
    try {
      while (count < limit && !context.async.full && !context.asyncOperators.needAttention) {
        const queue = group.next()
        if (queue === null) break
        const record = queue.take()
        context.advanceStreamTime(record.timestamp)
        lateness?.add(context.streamTime - record.timestamp)
        context.enter(queue.headContext, queue)
        queue.source.process(record)
        count++
        if (context.failure !== undefined) break
      }
    } catch (error) {
      this.fail(error)
    }
    this.throwIfFailed()
    context.idle()
    return count
  }

  /** Forwards the next result of an async operator; false if there is none. */
  forwardResult(): boolean {
    const { context } = this
    if (!this.attempt(() => context.asyncOperators.forwardNext())) return false
    context.moved()
    return true
  }

  /** Resolves when an async operator has a result to forward; undefined if none will come. */
  resultArrives(): Promise<void> | undefined {
    return this.context.asyncOperators.resultArrives()
  }

  /** Resolves when everything that inputs wait for has been fetched, or has failed; undefined if none waits. */
  inputsPrepared(): Promise<unknown> | undefined {
    const waiting = this.group.queues.flatMap((queue) => queue.prepared ?? [])
    return waiting.length === 0 ? undefined : Promise.all(waiting)
  }

  get hasBuffered(): boolean {
    return this.context.asyncOperators.needAttention || this.group.queues.some((queue) => queue.size > 0)
  }

  /** Fetched and not processed, counted by offsets. */
  bufferedRecords(topic: string, partition: number): number {
    return this.queue(topic, partition).size
  }

  /**
   * Of each input: the next offset to process and the end on the broker, −1 is not known yet; and how far they are apart, 0 until the end is
   * known.
   */
  get inputPositions(): Array<
    TopicPartition & { readonly position: number; readonly endOffset: number; readonly lag: number }
  > {
    return this.group.queues.map(({ topic, partition, position, endOffset, next }) => ({
      topic,
      partition,
      position,
      endOffset,
      lag: endOffset < 0 ? 0 : Math.max(0, endOffset - Math.max(0, next)),
    }))
  }

  /** Above `bufferedRecordsPerPartition`: fetching should pause. */
  isFull(topic: string, partition: number): boolean {
    return this.queue(topic, partition).size > this.bufferLimit
  }

  /** The largest timestamp processed; −1 before the first. */
  get streamTime(): number {
    return this.context.streamTime
  }

  get recordCounts(): TaskRecordCounts {
    return this.context.recordCounts
  }

  /** Undefined: nothing is measured. */
  get sensors(): TaskSensors | undefined {
    return this.context.sensors
  }

  // ---------------------------------------------------------------------------------------- bounded runs

  /**
   * The task belongs to a bounded run, and starts at these positions (by `tpKey`), which are committed even if nothing
   * follows. Commits say from now on whether it is at rest, as those did that it starts from.
   */
  startBoundedRun(positions: ReadonlyMap<string, number>, committed: ReadonlyMap<string, CommittedOffset>): void {
    for (const { topic, partition } of this.inputPartitions) {
      this.reposition(topic, partition, positions.get(tpKey(topic, partition))!)
    }
    this.bounded = new BoundedTask(this.group, committed)
  }

  /**
   * Closes everything that records have left open, apart from what never closes, such as unlimited windows. False while awaited work is in the way: to be
   * called again when it is done.
   */
  closeWindows(): boolean {
    const isDone = this.bounded!.closeWindows(
      (streamTime) => this.time.closingTime(streamTime),
      (to) => this.advanceStreamTime(to),
    )
    if (isDone) this.context.moved()
    return isDone
  }

  /** Nothing more will come: async operators that wait for more records do not any longer. True if one did: a commit is to follow. */
  finishHeld(): boolean {
    return this.context.asyncOperators.finish()
  }

  /** Nothing was processed since windows were closed. */
  get hasClosedWindows(): boolean {
    return this.bounded?.hasClosedWindows === true
  }

  // ---------------------------------------------------------------------------------------- time

  /**
   * Lets stream time pass without a record: caches are flushed, operators forward what is due, and stream-time punctuations run.
   * Records that come later with older timestamps are late, also after a restart: the time is committed. False while awaited
   * work is in the way: to be called again, with the same time, when it is done.
   */
  advanceStreamTime(to: number): boolean {
    return this.attempt(() => this.time.advance(to))
  }

  /** Some of its inputs count as idle when they have had no record for long enough. */
  get canBeIdle(): boolean {
    return this.time.canBeIdle
  }

  /**
   * Lets stream time pass where inputs are idle. `now` is by a clock that only moves forward; for `unheardMs` it has not been known
   * whether there are more records. True if stream time has advanced.
   */
  passIdleTime(now: number, unheardMs = 0): boolean {
    return this.attempt(() => this.time.passIdle(now, unheardMs))
  }

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
    if (!this.attempt(run)) return false
    this.context.moved()
    return true
  }

  private attempt(run: () => boolean): boolean {
    this.throwIfFailed()
    let result = false
    try {
      result = run()
    } catch (error) {
      this.fail(error)
    }
    this.throwIfFailed()
    if (result) this.settle()
    else this.context.idle()
    return result
  }

  // ---------------------------------------------------------------------------------------- commit

  /** Callbacks of this task have returned promises. */
  get awaitsCallbacks(): boolean {
    return this.context.async.used
  }

  /** Nothing of it is committed any more. */
  get hasFailed(): boolean {
    return this.context.failure !== undefined
  }

  /** An awaited callback is pending. */
  get isBusy(): boolean {
    return this.context.async.busy
  }

  /** Something has left the task since the last commit: outputs or changes that belong in the transaction with its offsets. */
  get hasUncommittedEffects(): boolean {
    return this.context.effects !== this.sealedEffects
  }

  /** Something was processed, punctuated or skipped since the last commit. */
  get commitNeeded(): boolean {
    return this.context.commitNeeded
  }

  /** A processor has requested a commit. */
  get commitRequested(): boolean {
    return this.context.commitRequested
  }

  /** What was sealed last is committed. */
  committed(): void {
    this.context.asyncOperators.committed()
  }

  /** Something was logged beside processing, which the next commit contains. */
  changed(): void {
    this.context.moved()
  }

  /** What was sealed may not have been committed: the next commit contains it as well. */
  commitAgain(): void {
    this.context.asyncOperators.commitDropped()
    this.context.moved()
  }

  /** Resolves when async operators have finished their queue and everything sent is with the producer; rejects with a failure. */
  async drained(): Promise<void> {
    if (this.context.async.busy) await this.context.async.drained()
    this.throwIfFailed()
    await this.context.collector.settled()
  }

  /**
   * Flushes the record caches: forwards, logs, puts. True when the task is ready to commit; false when the caches'
   * contents went to an async operator: await `drained()` and call it again.
   */
  prepareCommit(): boolean {
    const { context } = this
    this.flushCaches()
    if (context.async.busy) return false
    const isRest = this.logHeldRecords()
    for (const store of context.sensors?.stores.values() ?? []) store.flushed()
    context.sealed()
    if (isRest) context.moved()
    this.sealedEffects = context.effects
    return true
  }

  /** Async operators add what they hold to the commit, after caches have been flushed into them. True if one more is to follow. */
  private logHeldRecords(): boolean {
    try {
      return this.context.asyncOperators.beforeCommit()
    } catch (error) {
      this.fail(error)
    }
    this.throwIfFailed()
    return false
  }

  /**
   * Flushes the record caches: forwards, logs, puts. It pauses after the entry at which `due` is true, and returns false: the
   * next call continues.
   */
  flushCaches(due?: () => boolean): boolean {
    const { context } = this
    this.throwIfFailed()
    context.monitor.leave()
    let isFlushed = false
    try {
      const hadPaused = this.pausedAt !== undefined
      isFlushed = this.flushStores(due)
      // with what was written after the pause
      if (hadPaused && due === undefined) this.flushStores()
    } catch (error) {
      this.fail(error)
    }
    this.throwIfFailed()
    this.settle()
    return isFlushed
  }

  private flushStores(due?: () => boolean): boolean {
    const { stores } = this.wiring
    for (let i = this.pausedAt ?? 0; i < stores.length; i++) {
      if (stores[i]!.flushCache(due)) continue
      this.pausedAt = i
      return false
    }
    this.pausedAt = undefined
    return true
  }

  /** The operator whose callback is pending, and for how long. */
  get pendingCallback(): { readonly operator: string; readonly pendingMs: number } | undefined {
    return this.context.async.oldest
  }

  /** For partitions with processed or skipped records: the next offset, with Kafka Streams' metadata. */
  committableOffsets(): Array<TopicPartition & CommittedOffset> {
    const { lastEmittedWindowClose, reachedStreamTime } = this.context
    const { async, asyncOperators } = this.context
    const rest = async.busy || !asyncOperators.isIdle ? undefined : this.bounded?.rest
    const offsets: Array<TopicPartition & CommittedOffset> = []
    for (const queue of this.group.queues) {
      const { topic, partition, partitionTime } = queue
      const offset = queue.committableOffset()
      if (!queue.moved) continue
      const leaderEpoch = queue.committableLeaderEpoch()
      offsets.push({
        topic,
        partition,
        offset,
        ...(leaderEpoch >= 0 && { leaderEpoch }),
        metadata: encodeCommitMetadata({ partitionTime, lastEmittedWindowClose, reachedStreamTime, rest }),
      })
    }
    return offsets
  }

  // ---------------------------------------------------------------------------------------- end

  /** Closes the processors, not the stores; throws their first error after all are closed. */
  async close(): Promise<void> {
    this.context.close()
    const closed = await Promise.allSettled(this.wiring.processors.map((processor) => processor.close()))
    for (const outcome of closed) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** After what is not a run of records, whose owner settles the sensors. */
  private settle(): void {
    const { context } = this
    context.idle()
    context.sensors?.settle(context.clock.now())
  }

  private fail(thrown: unknown): void {
    this.context.setRecordContext(IDLE)
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
