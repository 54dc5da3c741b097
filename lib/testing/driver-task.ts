import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResolvedConfig } from '../config/config'
import { logAndContinue } from '../handlers'
import { InstanceSensors } from '../observe/metrics/instance-sensors'
import type { Metric } from '../observe/metrics/metric'
import { InstanceRecordCounts } from '../observe/record-counts'
import { GlobalTask } from '../runtime/global/global-task'
import { readOnlyStore } from '../runtime/global/read-only-store'
import { globalTaskMetrics, taskMetrics } from '../runtime/metrics/task-metrics'
import { systemTimers } from '../runtime/processing/async-operators'
import { Processing } from '../runtime/processing/processing'
import { GLOBAL_TASK_ID } from '../runtime/processing/task-context'
import { TaskStores } from '../runtime/tasks/task-stores'
import type { ManagedStore } from '../state/store'
import type { CompiledTopology } from '../topology/definition'
import { matchesTopic } from '../topology/topic-pattern'
import { ClockTimers } from './clock-timers'
import { OutputTopics } from './output-topics'
import { asFetched } from './piped-records'
import { type ProducedRecord, RecordingCollector } from './recording-collector'

const TASK_ID = '0_0'

export interface DriverTaskOptions {
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  /** Its own folder is made here. */
  readonly stateDir: string
  /** What the mock wall clock shows at first. */
  readonly now: number
  /** Partition counts of output topics. */
  readonly partitions: Readonly<Record<string, number>>
  /** What stores are restored from. */
  readonly changelogs: readonly ProducedRecord[]
  /** The offset of the first record of each topic. */
  readonly firstOffset: number
}

/**
 * The one task in which a `TopologyTestDriver` runs all sub-topologies, with its clock, and what it has written. Made,
 * opened by `start`, then one call after another.
 */
export class DriverTask {
  readonly recordCounts: InstanceRecordCounts
  readonly outputs: OutputTopics
  readonly #options: DriverTaskOptions
  readonly #collector: RecordingCollector
  readonly #produced: ProducedRecord[] = []
  readonly #nextOffsets = new Map<string, number>()
  /** Undefined: nothing is measured. */
  readonly #sensors: InstanceSensors | undefined
  readonly #lingers = new ClockTimers(() => this.#now)
  #now: number
  #folder: string | undefined
  #stores: readonly ManagedStore[] | undefined
  #taskStores: TaskStores | undefined
  #processing: Processing | undefined
  #global: GlobalTask | undefined

  constructor(options: DriverTaskOptions) {
    this.#options = options
    this.#now = options.now
    const { metricsRecordingLevel: level } = options.config
    this.#sensors = level === 'off' ? undefined : new InstanceSensors(level, () => this.#now)
    this.recordCounts = new InstanceRecordCounts(this.#sensors?.windows)
    this.#collector = new RecordingCollector(options.partitions)
    this.outputs = new OutputTopics(options.topology, options.config)
  }

  get now(): number {
    return this.#now
  }

  /** Those that processors use; undefined until they are open. */
  get stores(): readonly ManagedStore[] | undefined {
    return this.#stores
  }

  async start(): Promise<void> {
    const { topology, config, stateDir } = this.#options
    const { subTopologies, global } = topology
    await mkdir(stateDir, { recursive: true })
    this.#folder = await mkdtemp(join(stateDir, 'millrace-test-'))
    const { applicationId, defaultKeySerde, defaultValueSerde, logger, statestoreCacheMaxBytes: maxBytes } = config
    const clock = { now: () => this.#now }
    const collector = this.#collector
    if (global.stores.length > 0) {
      this.#global = await GlobalTask.open({
        topology: global,
        engine: config.stateEngine,
        stateCache: config.stateCache,
        directory: join(this.#folder, 'global'),
        collector,
        // as in Kafka Streams' driver
        config: { ...config, deserializationExceptionHandler: logAndContinue() },
        clock,
        logger,
        recordCounts: this.recordCounts.of(GLOBAL_TASK_ID),
      })
      await this.#global.start()
    }
    const globalStores = this.#global?.stores ?? []
    const stores = (this.#taskStores = await TaskStores.open({
      id: TASK_ID,
      applicationId,
      subTopologies,
      partition: 0,
      engine: config.stateEngine,
      stateCache: config.stateCache,
      directory: join(this.#folder, TASK_ID),
      defaultKeySerde,
      defaultValueSerde,
      cache: maxBytes > 0 ? { maxBytes, usedBytes: 0 } : undefined,
      logger,
    }))
    this.#processing = new Processing({
      stores,
      subTopologies,
      inputPartitions: sourceTopics(topology).map((topic) => ({ topic, partition: 0 })),
      globalStores: new Map(globalStores.map((store) => [store.name, readOnlyStore(store)])),
      collector,
      config,
      clock,
      logger,
      recordCounts: this.recordCounts.of(TASK_ID),
      sensors: this.#sensors?.thread().task(),
      callTimers: {
        ...systemTimers,
        backOff: (_ms, callback) => systemTimers.backOff(0, callback),
        linger: this.#lingers.after,
      },
    })
    this.#stores = [...stores.all, ...globalStores]
    await stores.preparation.all()
    await this.#restore(stores.all)
    await stores.openStores()
    this.#processing.initialize(new Map())
    await this.#drained()
    await this.#capture()
  }

  /** Everything written since the last call, changelogs and repartition topics included. */
  takeProduced(): ProducedRecord[] {
    return this.#produced.splice(0)
  }

  /** Counts the topic's records: each call takes an offset. */
  nextOffset(topic: string): number {
    const offset = this.#nextOffsets.get(topic) ?? this.#options.firstOffset
    this.#nextOffsets.set(topic, offset + 1)
    return offset
  }

  /** Queues a record. False if no source reads the topic. Global stores take a record at once, outside the task. */
  async add(record: ProducedRecord, offset?: number): Promise<boolean> {
    const { topic } = record
    const isGlobal = this.#options.topology.global.stores.some((store) => store.topic === topic)
    if (isGlobal) {
      const fetched = asFetched({ ...record, partition: 0, offset: offset ?? this.nextOffset(topic) })
      await this.#global!.take(fetched)
      await this.#global!.commit(new Map())
      return true
    }
    if (!sourceTopics(this.#options.topology).includes(topic)) {
      const patterns = this.#options.topology.subTopologies.flatMap(({ sourcePatterns }) => sourcePatterns)
      if (!patterns.some((pattern) => matchesTopic(pattern, topic))) return false
      this.#processing!.addInput({ topic, partition: 0 })
    }
    this.#processing!.addRecords(asFetched({ ...record, partition: 0, offset: offset ?? this.nextOffset(topic) }))
    return true
  }

  /** Processes what is queued, with what it leads to. */
  async process(): Promise<void> {
    const processing = this.#processing!
    do {
      while (this.#processOne(processing)) {
        await this.#drained()
        processing.maybePunctuateStreamTime()
        await this.#commit()
      }
    } while (await processing.inputsPrepared())
    // a record that was skipped leaves nothing to commit, but maybe a dead letter
    await this.#capture()
  }

  /** Stream time of inputs that have become idle: what closes goes to those downstream, which are then no longer idle. */
  async passIdleTime(): Promise<void> {
    const processing = this.#processing!
    while (processing.canBeIdle && processing.passIdleTime(this.#now)) {
      await this.#commit()
      await this.process()
    }
  }

  /** Moves the wall clock, runs the punctuations that are due, and commits. */
  async advance(ms: number): Promise<void> {
    const now = this.#now + ms
    await this.#endLingering(now)
    this.#now = now
    this.#processing!.maybePunctuateWallClock(now)
    await this.#commit()
  }

  /** What the task measures; nothing before `start`. */
  metrics(): readonly Metric[] {
    const metrics: Metric[] = []
    this.#sensors?.windows.tick()
    if (this.#processing === undefined || this.#taskStores === undefined) return metrics
    const { applicationId } = this.#options.config
    taskMetrics(metrics, {
      taskId: TASK_ID,
      threadId: `${applicationId}-StreamThread-1`,
      processing: this.#processing,
      stores: this.#taskStores,
      threadProcessMs: this.#processing.sensors?.process.sum ?? 0,
    })
    if (this.#global !== undefined && this.#sensors !== undefined)
      globalTaskMetrics(metrics, applicationId, this.#global.recordCounts)
    return metrics
  }

  /** Closes processors and stores and removes their files. */
  async close(): Promise<void> {
    try {
      await this.#processing?.close()
    } finally {
      await this.#global?.close()
      await this.#taskStores?.close('clean')
      if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true })
    }
  }

  async #restore(stores: readonly ManagedStore[]): Promise<void> {
    for (const { topic, key, value, timestamp, headers } of this.#options.changelogs) {
      if (key === null) continue
      for (const store of stores) {
        if (store.changelogTopic === topic) store.restore({ key, value, timestamp, headers: () => headers })
      }
    }
    this.#taskStores!.state.seal()
    await this.#taskStores!.state.commit(new Map())
  }

  /** Batches that are not full are called for when they have waited long enough, one after another. */
  async #endLingering(until: number): Promise<void> {
    while (this.#lingers.next <= until) {
      this.#now = this.#lingers.next
      this.#lingers.fire()
      await this.#commit()
      await this.process()
    }
  }

  #processOne(processing: Processing): boolean {
    const start = performance.now()
    const progress = processing.process()
    if (progress) processing.sensors?.ran(1, performance.now() - start)
    processing.sensors?.settle(this.#now)
    return progress
  }

  /** Everything that is awaited has ended, and its results are forwarded. */
  async #drained(): Promise<void> {
    const processing = this.#processing!
    do {
      await processing.drained()
      await processing.resultArrives()
    } while (processing.forwardResult() || processing.isBusy || processing.resultArrives() !== undefined)
  }

  /** Caches are flushed into async operators, too: a commit never finds a record that they hold. */
  async #commit(): Promise<void> {
    const processing = this.#processing!
    do {
      do {
        await this.#drained()
        processing.flushCaches()
      } while (processing.isBusy || processing.resultArrives() !== undefined)
      processing.prepareCommit()
      this.#taskStores!.state.seal()
      await this.#taskStores!.state.commit(new Map())
      await this.#capture()
      processing.committed()
      // what has waited for the commit
    } while (processing.resultArrives() !== undefined)
  }

  /** Files what was sent; what the topology reads itself goes to the end of that topic, or into the global store. */
  async #capture(): Promise<void> {
    for (const record of this.#collector.take()) {
      this.#produced.push(record)
      this.outputs.file(record)
      await this.add(record)
    }
  }
}

export const sourceTopics = ({ subTopologies }: CompiledTopology): string[] =>
  subTopologies.flatMap((sub) => sub.sourceTopics)
