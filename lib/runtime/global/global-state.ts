import type { ResolvedConfig } from '../../config/config'
import { StreamsError } from '../../errors'
import type { Admin, Isolation, KafkaClient, Producer } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { InstanceRecordCounts, TaskRecordCounts } from '../../observe/record-counts'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { StateDirectory } from '../../state/state-directory'
import type { StateStore } from '../../state/store'
import type { GlobalTopology } from '../../topology/definition'
import { ChangelogFollower, type ChangelogRange } from '../changelog/changelog-follower'
import type { RestoreListener } from '../changelog/restore-progress'
import { retrying } from '../failure/retrying'
import { RecordCollector } from '../output/record-collector'
import { pause } from '../pause'
import { systemClock } from '../processing/clock'
import { GLOBAL_TASK_ID } from '../processing/task-context'
import { GlobalTask } from './global-task'
import { readOnlyStore } from './read-only-store'

export interface GlobalStateOptions {
  readonly topology: GlobalTopology
  readonly config: ResolvedConfig
  readonly client: KafkaClient
  readonly admin: Admin
  readonly stateDirectory: StateDirectory
  readonly recordCounts: InstanceRecordCounts
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly restoreListener: RestoreListener
  /** The stores can no longer be kept up to date: the instance must stop. */
  readonly failed: (error: unknown) => void
}

const MAX_UNWRITTEN_BYTES = 16 * 1024 * 1024

type GlobalPartition = Pick<ChangelogRange, 'store' | 'changelog'>

/**
 * The global stores of an instance: restored to the end of their topics before anything else is processed, and kept up
 * to date afterwards. All instances read all partitions; no group is involved.
 */
export class GlobalState {
  readonly #options: GlobalStateOptions
  readonly #task: GlobalTask | undefined
  readonly #follower: ChangelogFollower
  /** For dead letters only. */
  readonly #producer: Producer | undefined
  readonly #known: Set<string>
  readonly #closed = new AbortController()
  readonly #stores: Map<string, StateStore>
  /** The state on disk is useless: the topic no longer has the records after it. */
  #useless = false

  private constructor(options: GlobalStateOptions, parts: { task?: GlobalTask; producer?: Producer | undefined }) {
    this.#options = options
    this.#task = parts.task
    this.#producer = parts.producer
    this.#known = new Set()
    this.#stores = new Map(parts.task?.stores.map((store) => [store.name, readOnlyStore(store)]))
    this.#follower = new ChangelogFollower({
      fetcher: () => options.client.fetcher(options.config.globalFetcherConfig),
      logger: options.logger,
      restoreListener: options.restoreListener,
      maxDirtyBytes: MAX_UNWRITTEN_BYTES,
    })
  }

  /** Resolves when the stores have everything that their topics had at the time of the call. */
  static async open(options: GlobalStateOptions): Promise<GlobalState> {
    if (options.topology.stores.length === 0) return new GlobalState(options, {})
    const producer = await deadLetterProducer(options)
    let task: GlobalTask | undefined
    let state: GlobalState | undefined
    try {
      task = await openTask(options, producer)
      let ranges = await plan(task, options)
      if (ranges === undefined) {
        const outdated = task
        task = undefined
        await outdated.close()
        await options.stateDirectory.removeGlobal()
        task = await openTask(options, producer)
        ranges = (await plan(task, options))!
      }
      state = new GlobalState(options, { task, producer })
      await state.#restore(task, ranges)
    } catch (error) {
      // or the next start would find the database locked; this failure is what is reported
      if (state !== undefined) await state.close()
      else await Promise.allSettled([task?.close(), producer?.close()])
      throw error
    }
    void state.#lookForPartitions()
    return state
  }

  /** By name, for reading; none once it closes. */
  get stores(): ReadonlyMap<string, StateStore> {
    return this.#stores
  }

  /** Undefined where there are no global stores. */
  get recordCounts(): TaskRecordCounts | undefined {
    return this.#task?.recordCounts
  }

  /** Writes pending records, and closes the stores. */
  async close(): Promise<void> {
    this.#closed.abort()
    this.#stores.clear()
    await this.#follower.remove(GLOBAL_TASK_ID)
    await this.#follower.close()
    try {
      await this.#task?.close()
      if (this.#useless) await this.#options.stateDirectory.removeGlobal()
    } finally {
      await this.#producer?.close()
    }
  }

  #restore(task: GlobalTask, ranges: readonly ChangelogRange[]): Promise<void> {
    const { config, signal } = this.#options
    let restored = false
    return new Promise<void>((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error)
      signal.addEventListener('abort', abort, { once: true })
      const failed = (error: unknown): void => {
        signal.removeEventListener('abort', abort)
        if (!restored) reject(error as Error)
        else if (!this.#closed.signal.aborted) this.#options.failed(error)
      }
      for (const { changelog } of ranges) this.#known.add(tpKey(changelog.topic, changelog.partition))
      this.#follower.add({
        taskId: GLOBAL_TASK_ID,
        ranges,
        continuous: { writeIntervalMs: config.commitIntervalMs },
        target: {
          replay: (fetched, _range, _position, proceed) => task.take(fetched, proceed),
          get dirtyBytes() {
            return task.dirtyBytes
          },
          write: async (positions) => {
            await this.#producer?.flush()
            await task.commit(positions)
          },
        },
        caughtUp: async () => {
          await task.start()
          restored = true
          signal.removeEventListener('abort', abort)
          resolve()
        },
        outOfRange: ({ changelog, store }) => {
          this.#useless = true
          const { topic, partition } = changelog
          failed(
            new StreamsError(
              'OFFSET_OUT_OF_RANGE',
              `the next record to read of ${topic} partition ${partition}, which feeds global store ${store.name}, does not exist any ` +
                'more (records were deleted, or the topic was created again): start the application again, and the store is ' +
                'restored from the beginning',
              { topic, partition, store: store.name, taskId: GLOBAL_TASK_ID },
            ),
          )
        },
        failed,
      })
    })
  }

  /** Partitions that are added to the topics are read from their beginning. */
  async #lookForPartitions(): Promise<void> {
    const { config, logger } = this.#options
    for (;;) {
      try {
        await pause(config.metadataMaxAgeMs, this.#closed.signal)
      } catch {
        return
      }
      try {
        const added = (await partitionsOf(this.#options)).filter(({ changelog }) => !this.#known.has(keyOf(changelog)))
        if (added.length === 0) continue
        const [earliest] = await offsetsOf(added, this.#options)
        for (const partition of added) {
          this.#known.add(keyOf(partition.changelog))
          const from = earliest.get(keyOf(partition.changelog))!
          this.#follower.extend(GLOBAL_TASK_ID, { ...partition, from, end: from })
        }
      } catch (error) {
        logger.debug({ err: error }, 'looking for new partitions of global topics failed, trying again later')
      }
    }
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => tpKey(topic, partition)

const isolationOf = ({ config }: GlobalStateOptions): Isolation =>
  config.processingGuarantee === 'exactly_once' ? 'read_committed' : 'read_uncommitted'

const deadLetterProducer = async (options: GlobalStateOptions): Promise<Producer | undefined> => {
  const { deserializationExceptionHandler, processingExceptionHandler } = options.config
  if (!(deserializationExceptionHandler ?? processingExceptionHandler)) return undefined
  const producer = options.client.producer(options.config.producerConfig)
  await retry('open the producer of dead letters', () => producer.init(), options)
  return producer
}

const openTask = (
  { topology, config, stateDirectory, recordCounts, logger, signal }: GlobalStateOptions,
  producer: Producer | undefined,
): Promise<GlobalTask> =>
  GlobalTask.open({
    topology,
    engine: config.stateEngine,
    stateCache: config.stateCache,
    directory: stateDirectory.globalDirectory,
    // without a handler that sends dead letters, nothing is ever sent
    collector: new RecordCollector(producer as Producer),
    config,
    clock: systemClock,
    logger,
    recordCounts: recordCounts.of(GLOBAL_TASK_ID),
    fetching: (what, fetch) => retrying(what, fetch, { timeoutMs: Infinity, signal, logger }),
  })

/** The ranges that the stores lack; `undefined` if a topic no longer has the records after the state on disk. */
const plan = async (task: GlobalTask, options: GlobalStateOptions): Promise<ChangelogRange[] | undefined> => {
  const partitions = await retry('look up global topics', () => partitionsOf(options), options)
  const [earliest, latest] = await retry(
    'look up the ends of global topics',
    () => offsetsOf(partitions, options),
    options,
  )
  const ranges: ChangelogRange[] = []
  for (const { store, changelog } of partitions) {
    const first = earliest.get(keyOf(changelog))!
    const end = latest.get(keyOf(changelog))!
    const position = task.positionOf(changelog)
    if (position !== undefined && (position < first || position > end)) {
      options.logger.warn(
        { ...changelog, store: store.name, position },
        `${changelog.topic} partition ${changelog.partition} no longer has the offset at which the local state of global store ` +
          `${store.name} ends (records were deleted, or the topic was created again): restoring from the beginning`,
      )
      return undefined
    }
    ranges.push({ store, changelog, from: position ?? first, end })
  }
  return ranges
}

const partitionsOf = async ({ admin, topology }: GlobalStateOptions): Promise<GlobalPartition[]> => {
  const metadata = await admin.topics(topology.stores.map(({ topic }) => topic))
  return topology.stores.flatMap(({ topic, builder }) => {
    const found = metadata.find((candidate) => candidate.topic === topic)!
    if (found.error) throw found.error
    return Array.from({ length: found.partitions }, (_, partition) => ({
      store: builder as { readonly name: string },
      changelog: { topic, partition },
    }))
  })
}

/** Where partitions begin and end. */
const offsetsOf = (
  partitions: readonly GlobalPartition[],
  options: GlobalStateOptions,
): Promise<[ReadonlyMap<string, number>, ReadonlyMap<string, number>]> => {
  const at = (where: 'earliest' | 'latest'): Promise<ReadonlyMap<string, number>> =>
    options.admin.listOffsets(
      partitions.map(({ changelog }) => ({ ...changelog, at: where })),
      isolationOf(options),
    )
  return Promise.all([at('earliest'), at('latest')])
}

const retry = <T>(what: string, call: () => Promise<T>, { logger, signal }: GlobalStateOptions): Promise<T> =>
  retrying(what, call, { timeoutMs: Infinity, signal, logger })
