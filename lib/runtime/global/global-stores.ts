import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { ResolvedConfig } from '../../config'
import { StreamsError } from '../../errors'
import {
  type Admin,
  type FetchedPartition,
  type Fetcher,
  type Isolation,
  type KafkaClient,
  type Producer,
} from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { StateDirectory } from '../../state/state-directory'
import type { StateStore } from '../../state/store'
import type { GlobalTopology } from '../../topology/definition'
import { systemClock } from '../task/clock'
import { GlobalTask } from './global-task'
import { readOnlyStore } from './read-only-store'
import { RecordCollector } from '../output/record-collector'
import { RestoreProgress, type RestoreListener } from '../restore/restore-progress'
import { retrying } from '../failure/retrying'
import { GLOBAL_TASK_ID } from '../task/task-context'
import { type TopicPartition, tpKey } from '../../record/topic-partition'

export interface GlobalStoresOptions {
  readonly topology: GlobalTopology
  readonly config: ResolvedConfig
  readonly client: KafkaClient
  readonly admin: Admin
  readonly stateDirectory: StateDirectory
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly restoreListener: RestoreListener
  /** They can't be kept up to date any more: the instance has to stop. */
  readonly failed: (error: unknown) => void
}

/** A partition of a global topic that is being read for the first time in this run. */
interface Stretch {
  readonly store: { readonly name: string }
  readonly changelog: TopicPartition
  readonly from: number
  /** First offset not needed to be up to date: the end of the partition when it was looked at. */
  readonly end: number
}

const POLL_MS = 200
const IDLE_POLL_MS = 1000
const MAX_UNWRITTEN_BYTES = 16 * 1024 * 1024

/**
 * The global stores of an instance: restored to the end of their topics before anything else is processed, and kept up
 * to date from then on, on a fetcher and connection of their own. All instances read all partitions; no group is involved.
 */
export class GlobalStores {
  readonly #options: GlobalStoresOptions
  readonly #isolation: Isolation
  #task: GlobalTask | undefined
  #stores: ReadonlyMap<string, StateStore> = new Map()
  #fetcher: Fetcher | undefined
  /** For dead letters only. */
  #producer: Producer | undefined
  #following: Promise<void> = Promise.resolve()
  #closed = false
  /** What is on disk is of no use: the topic no longer has what comes after it. */
  #useless = false
  readonly #known = new Set<string>()

  constructor(options: GlobalStoresOptions) {
    this.#options = options
    const exactlyOnce = options.config.processingGuarantee === 'exactly_once'
    this.#isolation = exactlyOnce ? 'read_committed' : 'read_uncommitted'
  }

  /** By name, for reading; empty before they are restored. */
  get stores(): ReadonlyMap<string, StateStore> {
    return this.#stores
  }

  /** Resolves when the stores have everything that their topics had when it was called. */
  async start(): Promise<void> {
    const { topology, client } = this.#options
    if (topology.stores.length === 0) return
    const { deserializationExceptionHandler, processingExceptionHandler } = this.#options.config
    if (deserializationExceptionHandler ?? processingExceptionHandler) {
      this.#producer = client.producer({})
      await this.#retrying('open the producer of dead letters', () => this.#producer!.init())
    }
    let task = await this.#open()
    let stretches = await this.#plan(task)
    if (stretches === undefined) {
      task = await this.#startOver(task)
      stretches = (await this.#plan(task))!
    }
    this.#fetcher = client.fetcher({ isolation: this.#isolation })
    await this.#restore(task, stretches)
    await task.start()
    this.#stores = new Map(task.stores.map((store) => [store.name, readOnlyStore(store)]))
    this.#following = this.#follow(task, this.#fetcher).catch((error: unknown) => {
      if (!this.#closed) this.#options.failed(error)
    })
  }

  /** Commits what was read, and closes the stores. */
  async close(): Promise<void> {
    this.#closed = true
    this.#fetcher?.wakeup()
    await this.#following
    try {
      await this.#task?.close()
      if (this.#useless) await this.#options.stateDirectory.removeGlobal()
    } finally {
      await this.#fetcher?.close()
      await this.#producer?.close()
    }
  }

  async #open(): Promise<GlobalTask> {
    const { topology, config, stateDirectory, logger, signal } = this.#options
    const task = await GlobalTask.open({
      engine: config.stateEngine,
      topology,
      directory: topology.stores.some(({ builder }) => builder.persistent) ? stateDirectory.globalDirectory : null,
      // without a handler that could ask for it, nothing is ever sent
      collector: new RecordCollector(this.#producer as Producer),
      config,
      clock: systemClock,
      logger,
      fetching: (what, fetch) => retrying(what, fetch, { timeoutMs: Infinity, signal, logger }),
    })
    this.#task = task
    return task
  }

  /** Undefined if a topic no longer has what comes after the state on disk. */
  async #plan(task: GlobalTask): Promise<Stretch[] | undefined> {
    const { admin, topology, logger } = this.#options
    const partitions = await this.#retrying('look up the topics of global stores', () => partitionsOf(admin, topology))
    const [earliest, latest] = await this.#offsets(partitions.map(({ changelog }) => changelog))
    const stretches: Stretch[] = []
    for (const partition of partitions) {
      const key = tpKey(partition.changelog.topic, partition.changelog.partition)
      const first = earliest.get(key)!
      const end = latest.get(key)!
      const position = task.positionOf(partition.changelog)
      if (position !== undefined && (position < first || position > end)) {
        logger.warn(
          { ...partition.changelog, store: partition.store.name, position, earliest: first, latest: end },
          `topic ${partition.changelog.topic} no longer has the offset at which the local state of global store ` +
            `${partition.store.name} ends (records were deleted, or the topic was made anew): restoring from the beginning`,
        )
        return undefined
      }
      stretches.push({ ...partition, from: position ?? first, end })
    }
    return stretches
  }

  async #startOver(task: GlobalTask): Promise<GlobalTask> {
    await task.close()
    await this.#options.stateDirectory.removeGlobal()
    return this.#open()
  }

  async #restore(task: GlobalTask, stretches: readonly Stretch[]): Promise<void> {
    const { restoreListener, logger, signal } = this.#options
    const progress = new RestoreProgress(restoreListener, logger)
    const open = new Map<string, Stretch>()
    for (const stretch of stretches) {
      this.#read(stretch.changelog, stretch.from)
      progress.started(GLOBAL_TASK_ID, stretch)
      if (stretch.from < stretch.end) open.set(tpKey(stretch.changelog.topic, stretch.changelog.partition), stretch)
      else progress.finished(stretch)
    }
    while (open.size > 0) {
      const fetched = await this.#fetcher!.poll(POLL_MS)
      signal.throwIfAborted()
      for (const partition of fetched) {
        if (!this.#isReadable(partition)) continue
        const records = await task.restore(partition)
        signal.throwIfAborted()
        if (task.dirtyBytes > MAX_UNWRITTEN_BYTES) await this.#commit(task)
        const key = tpKey(partition.topic, partition.partition)
        const stretch = open.get(key)
        if (!stretch) continue
        progress.restored(stretch, records, partition.nextOffset)
        if (partition.nextOffset < stretch.end) continue
        open.delete(key)
        progress.finished(stretch)
      }
      progress.report()
    }
  }

  async #follow(task: GlobalTask, fetcher: Fetcher): Promise<void> {
    const { commitIntervalMs, maxUncommittedBytes, metadataMaxAgeMs } = this.#options.config
    let dirty = false
    let lastCommit = performance.now()
    let lastLook = lastCommit
    while (!this.#closed) {
      const untilCommit = dirty ? lastCommit + commitIntervalMs - performance.now() : Infinity
      const fetched = await fetcher.poll(Math.max(1, Math.min(IDLE_POLL_MS, untilCommit)))
      for (const partition of fetched) {
        if (!this.#isReadable(partition)) continue
        await task.update(partition)
        dirty = true
      }
      const now = performance.now()
      if (dirty && (now - lastCommit >= commitIntervalMs || task.dirtyBytes > maxUncommittedBytes)) {
        await this.#commit(task)
        dirty = false
        lastCommit = now
      }
      if (now - lastLook >= metadataMaxAgeMs) {
        lastLook = now
        await this.#readNewPartitions()
      }
      await yieldToEventLoop()
    }
    if (dirty) await this.#commit(task)
  }

  async #commit(task: GlobalTask): Promise<void> {
    await this.#producer?.flush()
    await task.commit()
  }

  async #readNewPartitions(): Promise<void> {
    const { admin, topology, logger } = this.#options
    try {
      const partitions = await partitionsOf(admin, topology)
      const added = partitions.flatMap(({ changelog }) =>
        this.#known.has(tpKey(changelog.topic, changelog.partition)) ? [] : changelog,
      )
      if (added.length === 0) return
      const [earliest] = await this.#offsets(added)
      for (const partition of added) this.#read(partition, earliest.get(tpKey(partition.topic, partition.partition))!)
    } catch (error) {
      logger.debug({ err: error }, 'looking for new partitions of global topics failed, trying again later')
    }
  }

  #read({ topic, partition }: TopicPartition, from: number): void {
    this.#known.add(tpKey(topic, partition))
    this.#fetcher!.assign(topic, partition, from)
  }

  /** Where partitions begin and end. */
  #offsets(partitions: readonly TopicPartition[]): Promise<[ReadonlyMap<string, number>, ReadonlyMap<string, number>]> {
    const { admin } = this.#options
    const at = (where: 'earliest' | 'latest') =>
      admin.listOffsets(
        partitions.map((partition) => ({ ...partition, at: where })),
        this.#isolation,
      )
    return this.#retrying('look up the ends of global topics', () => Promise.all([at('earliest'), at('latest')]))
  }

  /** False if reading goes on by itself; throws where it can't. */
  #isReadable({ topic, partition, error }: FetchedPartition): boolean {
    if (!error) return true
    const location = { topic, partition, taskId: GLOBAL_TASK_ID }
    if (error.kind === 'offsetOutOfRange') {
      this.#useless = true
      throw new StreamsError(
        'OFFSET_OUT_OF_RANGE',
        `the next record to read of ${topic} partition ${partition}, which feeds a global store, does not exist any more (records ` +
          'were deleted, or the topic was made anew): start the application again, and the store is restored from the beginning',
        location,
        { cause: error },
      )
    }
    if (error.kind === 'authorization') {
      throw new StreamsError('NOT_AUTHORIZED', `not authorized to read ${topic}: ${error.message}`, location, {
        cause: error,
      })
    }
    if (error.kind === 'invalid' || error.kind === 'fatal') {
      throw new StreamsError(
        'PROCESSING_FAILED',
        `records of ${topic} partition ${partition} can't be read: ${error.message}`,
        location,
        { cause: error },
      )
    }
    this.#options.logger.warn({ ...location, err: error }, 'reading a global topic failed, trying again')
    return false
  }

  #retrying<T>(what: string, call: () => Promise<T>): Promise<T> {
    const { logger, signal } = this.#options
    return retrying(what, call, { timeoutMs: Infinity, signal, logger })
  }
}

type GlobalPartition = Pick<Stretch, 'store' | 'changelog'>

const partitionsOf = async (admin: Admin, { stores }: GlobalTopology): Promise<GlobalPartition[]> => {
  const metadata = await admin.topics(stores.map(({ topic }) => topic))
  return stores.flatMap(({ topic, builder }) => {
    const found = metadata.find((candidate) => candidate.topic === topic)!
    if (found.error) throw found.error
    return Array.from({ length: found.partitions }, (_, partition) => ({
      store: builder as { readonly name: string },
      changelog: { topic, partition },
    }))
  })
}
