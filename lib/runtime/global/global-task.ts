import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { FetchedPartition } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { TaskRecordCounts } from '../../observe/record-counts'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { StateCacheBudget, StateEngine } from '../../state/state-engine'
import type { ManagedStore } from '../../state/store'
import type { GlobalStoreDefinition, GlobalTopology, SubTopology } from '../../topology/definition'
import { failOnInvalidTimestamp } from '../../topology/timestamp-extractors'
import { type Replayed, replay } from '../changelog/replay'
import type { RecordCollector } from '../output/record-collector'
import type { Clock } from '../processing/clock'
import { Processing } from '../processing/processing'
import type { TaskConfig } from '../processing/task-config'
import { GLOBAL_TASK_ID } from '../processing/task-context'
import type { Fetching } from '../tasks/preparation'
import { TaskStores } from '../tasks/task-stores'

export interface GlobalTaskOptions {
  readonly topology: GlobalTopology
  /** Keeps the persistent stores. */
  readonly engine: StateEngine
  /** For entries of persistent stores, shared by all tasks of the instance. Default: none. */
  readonly stateCache?: StateCacheBudget
  /** Its own folder; `null` keeps everything in memory. */
  readonly directory: string | null
  /** For dead letters: a global store sends nothing else. */
  readonly collector: RecordCollector
  readonly config: TaskConfig
  readonly clock: Clock
  readonly logger: Logger
  /** Counts dropped records; default: its own. */
  readonly recordCounts?: TaskRecordCounts
  /** How dependencies of serdes are fetched. Default: once. */
  readonly fetching?: Fetching
}

/** Called between two slices of work; false ends the work. */
type Proceed = (position: number, records: number) => Promise<boolean>

const SLICE_MS = 8
const RECORDS_PER_CLOCK = 64

/**
 * Fills the global stores of an instance from all partitions of their topics. It is in no group and sends nothing;
 * its state is on disk with the offsets that it contains, like that of any task.
 *
 * Life cycle: opened, fed with `take` until it has caught up, `start`, fed further; `commit` in between; `close`.
 */
export class GlobalTask {
  readonly #byTopic: ReadonlyMap<string, { definition: GlobalStoreDefinition; store: ManagedStore }>
  #started = false

  private constructor(
    readonly topology: GlobalTopology,
    private readonly taskStores: TaskStores,
    private readonly processing: Processing,
  ) {
    this.#byTopic = new Map(
      topology.stores.map((definition, i) => [definition.topic, { definition, store: this.stores[i]! }]),
    )
  }

  static async open({
    topology,
    engine,
    stateCache,
    directory,
    config,
    fetching,
    ...options
  }: GlobalTaskOptions): Promise<GlobalTask> {
    const subTopologies = [asSubTopology(topology)]
    const stores = await TaskStores.open({
      id: GLOBAL_TASK_ID,
      applicationId: config.applicationId,
      subTopologies,
      partition: -1,
      engine,
      stateCache,
      directory,
      defaultKeySerde: config.defaultKeySerde,
      defaultValueSerde: config.defaultValueSerde,
      ...(fetching && { fetching }),
      logger: options.logger,
    })
    let task: GlobalTask | undefined
    try {
      const processing = new Processing({
        ...options,
        stores,
        subTopologies,
        inputPartitions: [],
        config: { ...config, maxTaskIdleMs: -1 },
      })
      task = new GlobalTask(topology, stores, processing)
      await stores.preparation.all()
      // the processors take part in restoring
      for (const { definition, store } of task.#byTopic.values()) if (!definition.holdsTopic) await store.open?.()
      processing.initialize(new Map())
      return task
    } catch (error) {
      // or the next start would find the database locked; this failure is what is reported
      await (task ?? { close: () => stores.close('dirty') }).close().catch(() => {})
      throw error
    }
  }

  get stores(): readonly ManagedStore[] {
    return this.taskStores.all
  }

  get recordCounts(): TaskRecordCounts {
    return this.processing.recordCounts
  }

  /** The next offset according to the state on disk; undefined: it has nothing of that partition. */
  positionOf({ topic, partition }: TopicPartition): number | undefined {
    if (!this.#byTopic.get(topic)!.store.persistent) return undefined
    const contained = this.taskStores.state.changelogOffsets().get(tpKey(topic, partition))
    return contained === undefined ? undefined : contained + 1
  }

  /**
   * Takes fetched records, in slices of a few milliseconds. Until `start`, tables store their bytes directly; other stores get
   * them through their processors.
   */
  take(fetched: FetchedPartition, proceed: Proceed = async () => true): Promise<Replayed> {
    const { definition, store } = this.#byTopic.get(fetched.topic)!
    if (this.#started || !definition.holdsTopic) return this.#process(fetched, proceed)
    return replay(store, fetched, { from: 0, end: Infinity, proceed })
  }

  /** Everything is restored. */
  async start(): Promise<void> {
    this.#started = true
    for (const { definition, store } of this.#byTopic.values()) if (definition.holdsTopic) await store.open?.()
  }

  /** The size of uncommitted data. */
  get dirtyBytes(): number {
    return this.taskStores.state.dirtyBytes
  }

  /** Makes the stores durable, with the next offsets (by `tpKey`). */
  async commit(positions: ReadonlyMap<string, number>): Promise<void> {
    const { processing } = this
    const { state } = this.taskStores
    do await processing.drained()
    while (!processing.prepareCommit())
    state.seal()
    await state.commit(new Map([...positions].map(([partition, next]) => [partition, next - 1])))
  }

  async close(): Promise<void> {
    try {
      await this.processing.close()
    } finally {
      await this.taskStores.close('dirty')
    }
  }

  async #process(fetched: FetchedPartition, proceed: Proceed): Promise<Replayed> {
    const { processing } = this
    const { topic, partition } = fetched
    let records = 0
    processing.addInput(fetched)
    processing.addRecords(fetched)
    let sliceEnd = performance.now() + SLICE_MS
    let untilClock = RECORDS_PER_CLOCK
    const position = (): number =>
      processing.committableOffsets().find((offset) => offset.topic === topic && offset.partition === partition)
        ?.offset ?? 0
    for (;;) {
      if (!processing.process()) {
        if (!processing.hasBuffered) break
        await processing.inputsPrepared()
        await processing.drained()
        continue
      }
      records++
      if (--untilClock > 0) continue
      untilClock = RECORDS_PER_CLOCK
      if (performance.now() < sliceEnd) continue
      if (!(await proceed(position(), records))) break
      records = 0
      await yieldToEventLoop()
      sliceEnd = performance.now() + SLICE_MS
    }
    return { position: position(), records }
  }
}

/** The topics are the stores' changelogs: read to restore them, and never written. */
const asSubTopology = ({ nodes, stores }: GlobalTopology): SubTopology => ({
  id: -1,
  // as in Kafka Streams: their records keep their own timestamps, which are also what a restore gives them
  nodes: nodes.map((node) => (node.kind === 'source' ? { ...node, timestampExtractor: failOnInvalidTimestamp } : node)),
  stores: stores.map(({ builder, topic, processor }) => ({
    definition: { builder, processors: new Set([processor]), sourceTopicAsChangelog: topic },
    changelogTopic: topic,
  })),
  sourceTopics: stores.map(({ topic }) => topic),
  sourcePatterns: [],
  sinkTopics: [],
  repartitionSourceTopics: new Map(),
  changelogTopics: new Map(),
})
