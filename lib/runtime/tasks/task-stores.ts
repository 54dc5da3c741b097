import type { Logger } from '../../observe/logger'
import type { TaskId } from '../../record/task-id'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { Serde } from '../../serdes/serde'
import { StreamsError } from '../../errors'
import { type ChangeFeeds, TaskChanges } from '../../state/changes/change-feeds'
import { type OpenedReads, openCommitted } from '../../state/committed-store'
import type { ManagedStore, RecordCacheBudget, StoreBuilder } from '../../state/store'
import type { StateCacheBudget, StateEngine } from '../../state/state-engine'
import { layoutOf, otherKindsState } from '../../state/store-kind'
import { TaskStorage } from '../../state/task-storage'
import type { RowMemory } from '../../state/timed/row-memory'
import type { SubTopology } from '../../topology/definition'
import type { ChangelogRange } from '../changelog/changelog-follower'
import { OwnerEpochs } from '../changelog/owner-epochs'
import { type Fetching, Preparation } from './preparation'
import { StoreContext } from './store-context'

/** A store of a task with the partition that it is restored from. */
export interface TaskStore {
  readonly store: ManagedStore
  readonly builder: StoreBuilder
  /** `null` without logging, and where the source topic that is the changelog has fewer partitions than others. */
  readonly changelog: TopicPartition | null
  /** The changelog is a source topic of the task, read only up to the committed offset, and never written by the task. */
  readonly fromSource: boolean
}

export interface TaskStoresOptions {
  readonly id: TaskId
  readonly applicationId: string
  /** One in a running application; the test driver runs all of them in one task. */
  readonly subTopologies: readonly SubTopology[]
  readonly partition: number
  /** What the task reads. Default: its partition of all source topics. */
  readonly inputs?: readonly TopicPartition[]
  /** Keeps the persistent stores. */
  readonly engine: StateEngine
  /** The task's own folder; `null` keeps everything in memory. */
  readonly directory: string | null
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
  /** Shared by the tasks of an executor; `undefined` for no record caches. */
  readonly cache?: RecordCacheBudget | undefined
  /** Shared by the tasks of an executor. Default: each window and session store has its own. */
  readonly rowMemory?: RowMemory | undefined
  /** For entries of persistent stores, shared by all tasks of the instance. Default: none. */
  readonly stateCache?: StateCacheBudget
  /** For those who listen to changes of stores. Default: nobody can. */
  readonly changeFeeds?: ChangeFeeds | undefined
  /** How dependencies of serdes are fetched. Default: once. */
  readonly fetching?: Fetching
  readonly logger: Logger
}

interface OpenedStores {
  readonly id: TaskId
  readonly stores: readonly TaskStore[]
  readonly state: TaskStorage
  readonly context: StoreContext
  readonly epochs: OwnerEpochs
  readonly preparation: Preparation
  /** Ends the fetching of dependencies. */
  readonly abort: AbortController
  /** Undefined: nobody can listen. */
  readonly changes: TaskChanges | undefined
}

/**
 * State, stores and store context of a task. It knows no operator: changelogs are replayed into it before the task
 * processes, and a standby consists of nothing else.
 */
export class TaskStores {
  readonly id: TaskId
  readonly stores: readonly TaskStore[]
  readonly state: TaskStorage
  readonly context: StoreContext
  /** Of the changelogs that this task writes. */
  readonly epochs: OwnerEpochs
  /** Dependencies of the serdes of stores, and of the processing on them. */
  readonly preparation: Preparation
  readonly #abort: AbortController
  readonly #changes: TaskChanges | undefined

  private constructor(opened: OpenedStores) {
    this.id = opened.id
    this.stores = opened.stores
    this.state = opened.state
    this.context = opened.context
    this.epochs = opened.epochs
    this.preparation = opened.preparation
    this.#abort = opened.abort
    this.#changes = opened.changes
  }

  static async open(options: TaskStoresOptions): Promise<TaskStores> {
    const { id, subTopologies, partition, inputs, engine, directory, logger } = options
    const stores = subTopologies.flatMap((sub) =>
      sub.stores.map(({ definition, changelogTopic }) => {
        const fromSource = definition.sourceTopicAsChangelog !== undefined
        const isThere = !fromSource || inputs === undefined || inputs.some(({ topic }) => topic === changelogTopic)
        return {
          store: definition.builder.build(changelogTopic) as ManagedStore,
          builder: definition.builder,
          changelog: changelogTopic === null || !isThere ? null : { topic: changelogTopic, partition },
          fromSource,
        }
      }),
    )
    const managed = stores.map(({ store }) => store)
    const names = managed.map(({ name }) => name)
    const changes = options.changeFeeds && new TaskChanges(options.changeFeeds, partition, names)
    const needsDisk = directory !== null && managed.some((store) => store.persistent)
    const state = await TaskStorage.open({
      engine,
      directory: needsDisk ? directory : null,
      taskId: id,
      stores: managed,
      logger,
      cache: options.stateCache,
      changes,
    })
    const written = stores.flatMap(({ changelog, fromSource }) => (fromSource ? [] : (changelog ?? [])))
    const epochs = new OwnerEpochs(written, state.changelogOffsets())
    const abort = new AbortController()
    const preparation = new Preparation(options.fetching ?? ((_what, fetch) => fetch()), abort.signal)
    const context = new StoreContext({
      applicationId: options.applicationId,
      taskId: id,
      partition,
      state,
      epochs,
      preparation,
      cache: options.cache,
      rowMemory: options.rowMemory,
      changes,
      defaultKeySerde: options.defaultKeySerde,
      defaultValueSerde: options.defaultValueSerde,
      sourceChangelogs: new Set(
        subTopologies.flatMap((sub) => sub.stores.flatMap((store) => store.definition.sourceTopicAsChangelog ?? [])),
      ),
    })
    const opened = new TaskStores({ id, stores, state, context, epochs, preparation, abort, changes })
    try {
      requireLayouts(stores, state.changelogOffsets())
      for (const store of managed) store.init(context)
    } catch (error) {
      // or the next attempt would find the database locked, and damage would not be set aside
      await opened.close('dirty').catch(() => {})
      throw error
    }
    return opened
  }

  get all(): readonly ManagedStore[] {
    return this.stores.map(({ store }) => store)
  }

  /** A store as of the last commit; `undefined` if the task has no such store. */
  openCommitted(name: string): OpenedReads | undefined {
    const found = this.stores.find(({ store }) => store.name === name)
    if (found === undefined) return undefined
    const bytes = this.state.committedBytes(name)
    if (bytes === undefined) throw isolationUnsupported(found.store, this.id)
    const { builder, store } = found
    return openCommitted({ builder, changelogTopic: store.changelogTopic, bytes, task: this.context })
  }

  /** The changelog partitions that this task writes or reads. */
  get changelogs(): TopicPartition[] {
    return this.stores.flatMap(({ changelog }) => changelog ?? [])
  }

  /** After restore: fetches the dependencies of all serdes, and builds what stores keep in memory besides their bytes. */
  async openStores(): Promise<void> {
    await this.preparation.all()
    for (const { store } of this.stores) await store.open?.()
  }

  /** The task processes from now on: whoever listens to changes is told of them. */
  tellChanges(): void {
    this.#changes?.start()
  }

  /** The offsets, of changelogs and inputs, that the state contains once the sealed writes are on disk. */
  offsetsContained(acked: ReadonlyMap<string, number>, inputOffsets: ReadonlyMap<string, number>): Map<string, number> {
    const offsets = new Map([...inputOffsets].map(([key, next]) => [key, next - 1]))
    const contained = this.state.changelogOffsets()
    for (const { changelog, fromSource } of this.stores) {
      if (!changelog || fromSource) continue
      const key = tpKey(changelog.topic, changelog.partition)
      const offset = acked.get(key)
      // it may be of an earlier time with the task: others have written, and this instance has restored, more since
      if (offset !== undefined && offset > (contained.get(key) ?? -1)) offsets.set(key, offset)
    }
    return this.#withNumbers(offsets)
  }

  /** What the state contains once the records that were replayed are on disk, by the offsets to replay next. */
  offsetsReplayed(positions: ReadonlyMap<string, number>): Map<string, number> {
    const offsets = new Map<string, number>()
    for (const { changelog } of this.stores) {
      if (!changelog) continue
      const key = tpKey(changelog.topic, changelog.partition)
      const next = positions.get(key)
      if (next !== undefined) offsets.set(key, (this.epochs.of(changelog)?.replayed(next) ?? next) - 1)
    }
    return this.#withNumbers(offsets)
  }

  /** A store whose changelog has been refilled only in part. */
  get incomplete(): { readonly store: string; readonly changelog: TopicPartition } | undefined {
    for (const { store, changelog } of this.stores) {
      if (changelog && this.epochs.of(changelog)?.isBeingRefilled) return { store: store.name, changelog }
    }
    return undefined
  }

  /** Nobody else has written the changelogs, and nothing was behind the state of an earlier run when these ranges were planned. */
  isFirstOwner(ranges: readonly ChangelogRange[]): boolean {
    const contained = this.state.changelogOffsets()
    return ranges.every(({ changelog, from, end }) => {
      const epoch = this.epochs.of(changelog)
      if (epoch === undefined) return true
      const isOwn = end === 0 || contained.has(tpKey(changelog.topic, changelog.partition))
      return epoch.isFirst && from === end && isOwn
    })
  }

  /** How up to date the state is: the sum over its changelogs of the offset after the last one contained. */
  get offsetSum(): number {
    return sumOfOffsets(this.state.changelogOffsets(), this.changelogs)
  }

  /** With what else is kept about the changelogs. */
  #withNumbers(offsets: Map<string, number>): Map<string, number> {
    for (const { store, changelog } of this.stores) {
      const layout = layoutOf(store)
      if (changelog === null || layout === undefined) continue
      const key = tpKey(changelog.topic, changelog.partition)
      if (offsets.has(key)) offsets.set(layoutKey(key), layout)
    }
    return this.epochs.addTo(offsets)
  }

  /** Closes the stores, then the state; throws the first error after everything is closed. */
  async close(how: 'clean' | 'dirty'): Promise<void> {
    this.#abort.abort()
    let failure: { error: unknown } | undefined
    for (const { store } of this.stores) {
      try {
        store.close()
      } catch (error) {
        failure ??= { error }
      }
    }
    if (how === 'dirty') this.state.discard()
    await this.state.close()
    if (failure) throw failure.error
  }
}

const layoutKey = (changelog: string): string => `${changelog}#layout`

/** A store that read the entries of another kind as its own would have garbage, and continue from it. */
const requireLayouts = (stores: readonly TaskStore[], kept: ReadonlyMap<string, number>): void => {
  for (const { store, changelog } of stores) {
    if (changelog === null) continue
    const layout = kept.get(layoutKey(tpKey(changelog.topic, changelog.partition)))
    if (layout !== undefined && layout !== layoutOf(store)) throw otherKindsState(store, layout, changelog.topic)
  }
}

const isolationUnsupported = ({ name, persistent }: ManagedStore, taskId: TaskId): StreamsError =>
  new StreamsError(
    'ISOLATION_UNSUPPORTED',
    persistent
      ? `store "${name}" can't be read with isolation 'committed': the state engine keeps no committed state apart from what is written. Use ` +
          "levelEngine(), the default, or read with 'latest'"
      : `store "${name}" can't be read with isolation 'committed': it is in memory, where writes apply at once. Make it persistent, or read ` +
          "with 'latest'",
    { store: name, taskId },
  )

export const sumOfOffsets = (offsets: ReadonlyMap<string, number>, changelogs: readonly TopicPartition[]): number => {
  let sum = 0
  for (const { topic, partition } of changelogs) sum += (offsets.get(tpKey(topic, partition)) ?? -1) + 1
  return sum
}
