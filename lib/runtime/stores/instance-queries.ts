import { setMaxListeners } from 'node:events'
import type { ResolvedConfig } from '../../config/config'
import { StreamsError } from '../../errors'
import type { Problem, RecentProblems } from '../../observe/recent-problems'
import { AnyStoreQueries } from '../../query/any-store-queries'
import { ChangeSubscription } from '../../query/change-subscription'
import type { SubscriptionOptions } from '../../query/change-types'
import { ClusterMetadata } from '../../query/cluster-metadata'
import type { ClusterView } from '../../query/cluster-view'
import { HttpPeers } from '../../query/http-peers'
import type { LocalInstance, LocalTask } from '../../query/local-tasks'
import { QueryEngine } from '../../query/query-engine'
import { resolveQueryOptions } from '../../query/query-options'
import type { QueryIsolation, Position, QueryOptions } from '../../query/query-types'
import { StoreCatalog } from '../../query/store-catalog'
import type { HostInfo } from '../../host-info'
import type { TaskId } from '../../record/task-id'
import { ChangeFeeds } from '../../state/changes/change-feeds'
import type { OpenedReads } from '../../state/committed-store'
import { isPlain } from '../../state/key-value/plain-view'
import type { StateStore } from '../../state/store'
import { checkKind } from '../../state/store-kind'
import type { CompiledTopology, TopologyDefinition } from '../../topology/definition'
import { describe } from '../../topology/describe'
import { descriptionOf, type TopologyDescription } from '../../topology/description'
import type { Run } from '../run'
import type { RunningTask, Task } from '../tasks/task'
import { committedPositionsOf, type InputPosition, positionsOf } from './positions'
import type { StoreHandle } from './store-view'

export interface InstanceQueriesOptions {
  readonly definition: TopologyDefinition
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  /** What the instance has logged of late. */
  readonly problems: RecentProblems
  readonly state: () => string
  /** `undefined` before the instance has opened it. */
  readonly run: () => Run | undefined
}

/** What an instance answers to queries. */
export class InstanceQueries {
  readonly engine: QueryEngine
  readonly changeFeeds = new ChangeFeeds()
  readonly #options: InstanceQueriesOptions
  readonly peers = new HttpPeers()
  #metadata: ClusterMetadata | undefined
  /** The text of the topology, which does not change. */
  #description: string | undefined
  #draining = false
  readonly #ending = new AbortController()

  constructor(options: InstanceQueriesOptions) {
    const { topology, config } = options
    this.#options = options
    // each subscription listens: with the eleventh, Node would print a warning of a leak
    setMaxListeners(Infinity, this.#ending.signal)
    const { defaultKeySerde, defaultValueSerde } = config
    this.engine = new QueryEngine({
      catalog: new StoreCatalog({ topology, defaultKeySerde, defaultValueSerde }),
      instance: new ThisInstance(options),
      metadata: (view) => this.#metadataOf(view),
      remote: this.peers,
    })
  }

  get logger(): ResolvedConfig['logger'] {
    return this.#options.config.logger
  }

  get problems(): readonly Problem[] {
    return this.#options.problems.latest
  }

  of(reference: string | StoreHandle<StateStore>, options?: QueryOptions): AnyStoreQueries {
    const name = nameOf(reference)
    const { sample, plainByName } = this.engine.catalog.get(name)
    checkKind(reference, sample)
    const plain = typeof reference === 'string' ? plainByName : isPlain(reference)
    return new AnyStoreQueries(this.engine, name, plain, resolveQueryOptions(options))
  }

  async subscribe(
    reference: string | StoreHandle<StateStore>,
    options: SubscriptionOptions = {},
  ): Promise<ChangeSubscription> {
    const store = this.engine.catalog.get(nameOf(reference))
    checkKind(reference, store.sample)
    return ChangeSubscription.open(store, this.changeFeeds.of(store.name), options, this.ending)
  }

  /** The instance is about to close: it still answers, and is no longer ready. */
  drain(): void {
    this.#draining = true
    this.#ending.abort()
  }

  get draining(): boolean {
    return this.#draining
  }

  /** Aborted when the instance begins to close: answers that have no end of their own end then. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  get applicationId(): string {
    return this.#options.topology.applicationId
  }

  describeTopology(): string {
    return (this.#description ??= describe(this.#options.definition))
  }

  topologyDescription(): TopologyDescription {
    return descriptionOf(this.#options.definition)
  }

  /** How far the tasks of this instance have come with their inputs. */
  progress(): { readonly id: TaskId; readonly state: Task['state']; readonly inputs: readonly InputPosition[] }[] {
    return (this.#options.run()?.tasks ?? []).map((task) => {
      const running = runningOf(task)
      const inputs =
        running === undefined
          ? task.inputs.map((input) => ({ ...input, next: -1, endOffset: -1 }))
          : positionsOf(running)
      return { id: task.id, state: task.state, inputs }
    })
  }

  close(): void {
    this.#ending.abort()
    this.peers.close()
  }

  #metadataOf(view: ClusterView): ClusterMetadata {
    if (this.#metadata?.view !== view) this.#metadata = new ClusterMetadata(this.#options.topology, view)
    return this.#metadata
  }
}

class ThisInstance implements LocalInstance {
  constructor(private readonly options: InstanceQueriesOptions) {}

  get host(): HostInfo | undefined {
    return this.options.config.applicationServer
  }

  get state(): string {
    return this.options.state()
  }

  get cluster(): ClusterView | undefined {
    return this.options.run()?.cluster
  }

  get holdsLease(): boolean {
    return this.options.run()?.holdsLease ?? false
  }

  task(id: TaskId): LocalTask | undefined {
    const found = this.options.run()?.tasks.find((task) => task.id === id)
    return found && new QueriedTask(found)
  }

  globalStore(name: string): StateStore | undefined {
    return this.options.run()?.globalStores.get(name)
  }
}

class QueriedTask implements LocalTask {
  constructor(private readonly task: Task) {}

  get id(): LocalTask['id'] {
    return this.task.id
  }

  get state(): LocalTask['state'] {
    return this.task.state
  }

  get inputs(): LocalTask['inputs'] {
    return this.task.inputs
  }

  open(name: string, isolation: QueryIsolation): OpenedReads | undefined {
    const stores = this.#running?.stores
    if (isolation === 'committed') return stores?.openCommitted(name)
    const store = stores?.all.find((each) => each.name === name)
    return store && { store, close: () => {} }
  }

  position(isolation: QueryIsolation): Position {
    const position: Record<string, Record<number, number>> = {}
    const running = this.#running
    if (running === undefined) return position
    const inputs = isolation === 'committed' ? committedPositionsOf(running) : positionsOf(running)
    for (const { topic, partition, next } of inputs) {
      if (next > 0) (position[topic] ??= {})[partition] = next - 1
    }
    return position
  }

  get #running() {
    return runningOf(this.task)
  }
}

const runningOf = (task: Task): RunningTask | undefined =>
  task.state === 'running' ? task : task.state === 'suspended' ? task.running : undefined

const nameOf = (reference: string | StoreHandle<StateStore>): string => {
  if (typeof reference === 'string') return reference
  if (typeof (reference as StoreHandle<StateStore> | null | undefined)?.name === 'string') return reference.name
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `a store's name or handle is needed, as keyValueStore(…) gives it, and not ${String(reference)}`,
  )
}
