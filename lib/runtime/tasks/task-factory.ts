import type { ResolvedConfig } from '../../config/config'
import { StreamsError } from '../../errors'
import type { Admin, CommittedOffset, Producer } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { ThreadSensors } from '../../observe/metrics/thread-sensors'
import type { InstanceRecordCounts } from '../../observe/record-counts'
import { parseTaskId, type TaskId } from '../../record/task-id'
import type { TopicPartition } from '../../record/topic-partition'
import type { ChangeFeeds } from '../../state/changes/change-feeds'
import type { StateDirectory } from '../../state/state-directory'
import type { RecordCacheBudget, StateStore } from '../../state/store'
import { TaskStorage } from '../../state/task-storage'
import type { RowMemory } from '../../state/timed/row-memory'
import type { CompiledTopology, SubTopology } from '../../topology/definition'
import type { ChangelogRange, ReplayTarget } from '../changelog/changelog-follower'
import { replay } from '../changelog/replay'
import { retrying } from '../failure/retrying'
import type { RecordCollector } from '../output/record-collector'
import { systemClock } from '../processing/clock'
import { Processing } from '../processing/processing'
import type { SlowCallbackMonitor } from '../processing/slow-callback-monitor'
import { refillChangelogs } from './changelog-refill'
import { relogStaleKeys } from './changelog-repair'
import { type ChangelogGap, type OpenedTask, planStart, type StartPlan } from './start-plan'
import { RunningTask, type TaskIdentity } from './task'
import { sumOfOffsets, TaskStores } from './task-stores'

export interface TaskFactoryOptions {
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  readonly admin: Admin
  readonly committed: (inputs: readonly TopicPartition[]) => Promise<ReadonlyMap<string, CommittedOffset>>
  /** For changelogs that are filled again. */
  readonly refillProducer: () => Producer
  /** By name, restored before any task is added. */
  readonly globalStores: ReadonlyMap<string, StateStore>
  readonly stateDirectory: StateDirectory
  readonly monitor: SlowCallbackMonitor
  readonly cache: RecordCacheBudget | undefined
  readonly rowMemory: RowMemory
  readonly changeFeeds: ChangeFeeds
  readonly recordCounts: InstanceRecordCounts
  /** Undefined: nothing is measured. */
  readonly sensors?: ThreadSensors | undefined
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Awaited work has ended. */
  readonly wakeUp: () => void
}

/** Creates the parts of a task for each of its states: its stores, its start plan, its processing. */
export class TaskFactory {
  /** Tasks that have written with this executor's producer, if only with an earlier one. */
  readonly #started = new Set<TaskId>()

  constructor(private readonly options: TaskFactoryOptions) {}

  /** `undefined`: the topology has no such task. */
  subTopologyOf(id: TaskId): SubTopology | undefined {
    const { subTopology } = parseTaskId(id)
    return this.options.topology.subTopologies.find((sub) => sub.id === subTopology)
  }

  openStores({ id, subTopology, inputs }: TaskIdentity): Promise<TaskStores> {
    const { config, cache, rowMemory, changeFeeds, logger, stateDirectory } = this.options
    return TaskStores.open({
      id,
      applicationId: config.applicationId,
      subTopologies: [subTopology],
      partition: parseTaskId(id).partition,
      inputs,
      engine: config.stateEngine,
      directory: stateDirectory.taskDirectory(id),
      defaultKeySerde: config.defaultKeySerde,
      defaultValueSerde: config.defaultValueSerde,
      cache,
      rowMemory,
      stateCache: config.stateCache,
      changeFeeds,
      fetching: (what, fetch, closed) => retrying(what, fetch, { timeoutMs: Infinity, signal: closed, logger }),
      logger,
    })
  }

  /** Where tasks start, looked up for all of them together. */
  planStarts<T extends OpenedTask>(tasks: readonly T[]): Promise<Map<T, StartPlan>> {
    const { logger, signal } = this.options
    return planStart(tasks, {
      ...this.options,
      retrying: (what, call) => retrying(what, call, { timeoutMs: Infinity, signal, logger }),
    })
  }

  /** The target that a task's changelogs are replayed into. */
  replayTarget(stores: TaskStores): ReplayTarget {
    const byName = new Map(stores.all.map((store) => [store.name, store]))
    return {
      replay: (fetched, range, from, proceed) =>
        replay(byName.get(range.store.name)!, fetched, {
          from,
          end: range.end,
          epoch: stores.epochs.of(range.changelog),
          proceed,
        }),
      get dirtyBytes() {
        return stores.state.dirtyBytes
      },
      write: async (positions) => {
        // stores that combine several records write them as during processing
        stores.state.seal()
        await stores.state.commit(stores.offsetsReplayed(positions))
      },
    }
  }

  /** The task with its processors started, on fully restored stores. */
  async start(
    identity: TaskIdentity,
    stores: TaskStores,
    { committed, ranges }: StartPlan,
    collector: RecordCollector,
  ): Promise<RunningTask> {
    const { config, globalStores, monitor, recordCounts, sensors, logger, wakeUp } = this.options
    refuseIncomplete(stores)
    // under exactly-once the brokers fence earlier owners
    if (config.processingGuarantee === 'at_least_once') this.#claim(stores, ranges)
    const processing = new Processing({
      stores,
      subTopologies: [identity.subTopology],
      inputPartitions: identity.inputs,
      globalStores,
      collector,
      config,
      clock: systemClock,
      logger,
      monitor,
      recordCounts: recordCounts.of(identity.id),
      sensors: sensors?.task(),
      wakeUp,
    })
    try {
      await stores.openStores()
      if (await relogStaleKeys(stores, collector, logger)) processing.changed()
      processing.initialize(committed)
      stores.tellChanges()
      return new RunningTask(identity, stores, processing, committed)
    } catch (error) {
      // the failure of the start is what is reported
      await processing.close().catch(() => {})
      throw error
    }
  }

  /** The first owner of the changelogs stays that, where it resumes from its own state, with a new producer. */
  #claim(stores: TaskStores, ranges: readonly ChangelogRange[]): void {
    const returns = this.#started.has(stores.id)
    this.#started.add(stores.id)
    if (returns || !stores.isFirstOwner(ranges)) stores.epochs.claim()
  }

  /** Fills changelogs from the local state of a task that is closed. */
  async refill(identity: TaskIdentity, gaps: readonly ChangelogGap[]): Promise<void> {
    const producer = this.options.refillProducer()
    const copy = await this.openStores(identity)
    try {
      await refillChangelogs(copy, gaps, producer, this.options.logger)
    } finally {
      await producer.close()
      await copy.close('dirty')
    }
  }

  /** How up to date the state of earlier runs on disk is, by task. */
  async localOffsetSums(): Promise<Map<TaskId, number>> {
    const { stateDirectory, logger, config } = this.options
    const sums = new Map<TaskId, number>()
    for (const id of await stateDirectory.taskIds()) {
      const subTopology = this.subTopologyOf(id)
      if (!subTopology) continue
      const directory = stateDirectory.taskDirectory(id)
      const offsets = await TaskStorage.readOffsets({ engine: config.stateEngine, directory, taskId: id, logger })
      const { partition } = parseTaskId(id)
      const changelogs = subTopology.stores.flatMap(({ changelogTopic: topic }) =>
        topic === null ? [] : { topic, partition },
      )
      if (offsets.size > 0) sums.set(id, sumOfOffsets(offsets, changelogs))
    }
    return sums
  }
}

/** What is missing would be lost without a word. */
const refuseIncomplete = ({ id, incomplete }: TaskStores): void => {
  if (incomplete === undefined) return
  const { store, changelog } = incomplete
  throw new StreamsError(
    'CHANGELOG_LOST',
    `changelog ${changelog.topic} partition ${changelog.partition} of store ${store} has been refilled only in part: the instance that ` +
      `refilled it, from its local state of task ${id}, was stopped, or is still at it. Let that instance finish first, alone; if its ` +
      'local state is gone, restore the topic from a backup, or delete it and start with an empty store',
    { taskId: id, store, ...changelog },
  )
}
