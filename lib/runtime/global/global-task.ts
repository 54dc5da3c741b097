import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { type FetchedPartition } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { ChangelogRecord, ManagedStore } from '../../state/store'
import type { StateEngine } from '../../state/state-engine'
import { TaskState } from '../../state/task-state'
import type { GlobalStoreDefinition, GlobalTopology, SubTopology } from '../../topology/definition'
import type { Clock } from '../task/clock'
import type { SlowCallbackMonitor } from '../task/slow-callback-monitor'
import type { Fetching } from '../task/preparation'
import type { RecordCollector } from '../output/record-collector'
import { StreamTask } from '../task/stream-task'
import type { TaskConfig } from '../task/task-config'
import { GLOBAL_TASK_ID } from '../task/task-context'
import { buildStores } from '../task/wiring'
import { type TopicPartition, tpKey } from '../../record/topic-partition'

export interface GlobalTaskOptions {
  readonly topology: GlobalTopology
  /** Keeps the persistent stores. */
  readonly engine: StateEngine
  /** Its own folder; `null` keeps everything in memory. */
  readonly directory: string | null
  /** For dead letters: a global store sends nothing else. */
  readonly collector: RecordCollector
  readonly config: TaskConfig
  readonly clock: Clock
  readonly logger: Logger
  readonly watch?: SlowCallbackMonitor
  /** How what serdes need is fetched. Default: once. */
  readonly fetching?: Fetching
}

const SLICE_MS = 8
const RECORDS_PER_CLOCK = 64
const NO_BYTES = Buffer.alloc(0)

type Writable<T> = { -readonly [P in keyof T]: T[P] }

/**
 * Fills the global stores of an instance from all partitions of their topics. It belongs to no group and sends nothing;
 * its state is on disk with the offsets that it contains, like that of any task.
 *
 * Life: opened, fed with `restore` until it has what the topics had, `start`, fed with `update`; `commit` in between; `close`.
 */
export class GlobalTask {
  /** The offset to read next of each partition that was fed since the last commit, by `tpKey`. */
  readonly #positions = new Map<string, number>()
  readonly #byTopic: ReadonlyMap<string, { definition: GlobalStoreDefinition; store: ManagedStore }>

  private constructor(
    readonly stores: readonly ManagedStore[],
    readonly topology: GlobalTopology,
    private readonly state: TaskState,
    private readonly stream: StreamTask,
  ) {
    this.#byTopic = new Map(
      topology.stores.map((definition, i) => [definition.topic, { definition, store: stores[i]! }]),
    )
  }

  static async open(options: GlobalTaskOptions): Promise<GlobalTask> {
    const { topology, engine, directory, logger, config } = options
    const subTopologies = [asSubTopology(topology)]
    const stores = buildStores(subTopologies)
    const state = await TaskState.open({ engine, directory, taskId: GLOBAL_TASK_ID, stores, logger })
    const stream = new StreamTask({
      ...options,
      id: GLOBAL_TASK_ID,
      subTopologies,
      inputPartitions: [],
      partition: -1,
      stores,
      state,
      config: { ...config, maxTaskIdleMs: -1 },
    })
    const task = new GlobalTask(stores, topology, state, stream)
    await stream.prepare()
    // the processors take part in restoring
    for (const { definition, store } of task.#byTopic.values()) if (!definition.holdsTopic) await store.open?.()
    stream.initialize(new Map())
    return task
  }

  /** The offset to read next as far as the state on disk goes; undefined: it has nothing of that partition. */
  positionOf({ topic, partition }: TopicPartition): number | undefined {
    if (!this.#byTopic.get(topic)!.store.persistent) return undefined
    const contained = this.state.changelogOffsets().get(tpKey(topic, partition))
    return contained === undefined ? undefined : contained + 1
  }

  /**
   * Before `start`: tables take the records as they are; other stores get them through their processors. Resolves to the
   * number of records.
   */
  restore(fetched: FetchedPartition): Promise<number> {
    const { definition, store } = this.#byTopic.get(fetched.topic)!
    return definition.holdsTopic ? this.#load(fetched, store) : this.update(fetched)
  }

  /** Everything is restored. */
  async start(): Promise<void> {
    await this.commit()
    for (const { definition, store } of this.#byTopic.values()) if (definition.holdsTopic) await store.open?.()
  }

  /** Runs fetched records through their processors, in slices of a few milliseconds. Resolves to their number. */
  async update(fetched: FetchedPartition): Promise<number> {
    const { stream } = this
    let records = 0
    stream.addInput(fetched)
    stream.addRecords(fetched)
    let sliceEnd = performance.now() + SLICE_MS
    let untilClock = RECORDS_PER_CLOCK
    for (;;) {
      if (!stream.process()) {
        if (!stream.hasBuffered) break
        await stream.inputsPrepared()
        await stream.drained()
        continue
      }
      records++
      if (--untilClock > 0) continue
      untilClock = RECORDS_PER_CLOCK
      if (performance.now() < sliceEnd) continue
      await yieldToEventLoop()
      sliceEnd = performance.now() + SLICE_MS
    }
    for (const { topic, partition, offset } of stream.committableOffsets()) this.#moved(topic, partition, offset)
    return records
  }

  /** Size of what is not committed yet. */
  get dirtyBytes(): number {
    return this.state.dirtyBytes
  }

  /** Makes what the stores have taken durable, with the offsets that it goes up to. */
  async commit(): Promise<void> {
    const { stream, state } = this
    do await stream.drained()
    while (!stream.prepareCommit())
    const offsets = new Map([...this.#positions].map(([partition, next]) => [partition, next - 1]))
    this.#positions.clear()
    state.seal()
    await state.commit(offsets)
  }

  get droppedRecords(): number {
    return this.stream.droppedRecords
  }

  async close(): Promise<void> {
    try {
      this.stream.close()
    } finally {
      await this.state.close()
    }
  }

  async #load(fetched: FetchedPartition, store: ManagedStore): Promise<number> {
    let records = 0
    const cursor = fetched.records()
    // one object for all records, as the cursor itself is
    const record: Writable<ChangelogRecord> = {
      key: NO_BYTES,
      value: null,
      timestamp: 0,
      headers: () => cursor.headers(),
    }
    let sliceEnd = performance.now() + SLICE_MS
    let untilClock = RECORDS_PER_CLOCK
    while (cursor.advance()) {
      const { key } = cursor
      if (key !== null) {
        record.key = key
        record.value = cursor.value
        record.timestamp = cursor.timestamp
        record.offset = cursor.offset
        store.restore(record)
      }
      records++
      if (--untilClock > 0) continue
      untilClock = RECORDS_PER_CLOCK
      if (performance.now() < sliceEnd) continue
      await yieldToEventLoop()
      sliceEnd = performance.now() + SLICE_MS
    }
    this.#moved(fetched.topic, fetched.partition, fetched.nextOffset)
    return records
  }

  /** Offsets of stores in memory are of no use after the end of the process. */
  #moved(topic: string, partition: number, next: number): void {
    if (next > 0 && this.#byTopic.get(topic)!.store.persistent) this.#positions.set(tpKey(topic, partition), next)
  }
}

/** The topics are the stores' changelogs: they restore them, and are not written. */
const asSubTopology = ({ nodes, stores }: GlobalTopology): SubTopology => ({
  id: -1,
  nodes,
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
