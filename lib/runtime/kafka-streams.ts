import { isObject, kind, requireArgument } from '../arguments'
import { type ResolvedConfig, resolveConfig, type StreamsConfig } from '../config/config'
import { toMilliseconds } from '../durations'
import { StreamsError, TopologyError } from '../errors'
import { InstanceSensors } from '../observe/metrics/instance-sensors'
import type { Metric } from '../observe/metrics/metric'
import { RecentProblems } from '../observe/recent-problems'
import type { RecordCounts } from '../observe/record-counts'
import type { StoreSubscription, StoreValue, SubscriptionOptions } from '../query/change-types'
import type { KeyMetadataOptions, KeyQueryMetadata, QueryOptions, StreamsMetadata } from '../query/query-types'
import type { StoreKey, StoreQueries } from '../query/store-queries'
import type { Serde } from '../serdes/serde'
import { StateDirectory } from '../state/state-directory'
import { storeFor } from '../state/key-value/plain-view'
import type { ReadOnlyKeyValueStore, StateStore } from '../state/store'
import { compileTopology } from '../topology/compile/compile-topology'
import type { CompiledTopology } from '../topology/definition'
import type { Topology } from '../topology/topology'
import { type BoundedRunOptions, requireRunOptions, type RunSummary } from './bounded/run-options'
import { requireListener } from './event-listeners'
import { type Health, type HealthOptions, healthOf } from './health'
import { LifeCycle } from './life-cycle'
import { type CloseOptions, requireCloseOptions, requireStartOptions, type StartOptions } from './life-cycle-options'
import { instanceMetrics } from './metrics/instance-metrics'
import { ApplicationProducers } from './producer/application-producers'
import type { KafkaProducer, ProducerOptions } from './producer/kafka-producer'
import type { ProducerTopics } from './producer/record-producer'
import { TASK_STATES } from './tasks/task-state'
import type { StreamsState } from './state-machine'
import { InstanceQueries } from './stores/instance-queries'
import { type ReadOnlyStore, type StoreHandle, storeView } from './stores/store-view'
import type { StreamsEvents, TaskMetadata } from './streams-types'

/** Not by its class: it may come from another copy of the package. */
const TOPOLOGY = kind(
  'a topology, such as builder.build() makes',
  (value) => isObject(value) && isObject(value.definition),
)

/**
 * Runs a topology against Kafka. Every process that runs the same topology under the same `applicationId` takes a share
 * of the work. An instance can be started once.
 *
 * @example
 * const streams = new KafkaStreams(builder.build(), { applicationId: 'word-count', kafka: { brokers: ['localhost:9092'] } })
 * process.once('SIGTERM', () => streams.close({ timeout: '30s' }))
 * await streams.start()
 * await streams.closed
 *
 * @throws StreamsError INVALID_ARGUMENT, INVALID_CONFIG; TopologyError INVALID_TOPOLOGY, MISSING_SERDE
 */
export class KafkaStreams {
  readonly #config: ResolvedConfig
  readonly #topology: CompiledTopology
  readonly #producers: ApplicationProducers
  readonly #storeNames: ReadonlySet<string>
  /**
   * For the HTTP handler.
   * @internal
   */
  readonly queries: InstanceQueries
  readonly #lifeCycle: LifeCycle
  /** Undefined: nothing is measured. */
  readonly #sensors: InstanceSensors | undefined

  constructor(topology: Topology, config: StreamsConfig) {
    requireArgument(topology, TOPOLOGY, 'new KafkaStreams', 'topology')
    const resolved = resolveConfig(config)
    const logger = new RecentProblems(resolved.logger)
    this.#config = { ...resolved, logger }
    const { metricsRecordingLevel: level } = resolved
    this.#sensors = level === 'off' ? undefined : new InstanceSensors(level, () => performance.now())
    this.#topology = compileTopology(topology.definition, this.#config)
    this.#producers = new ApplicationProducers(this.#config, topology.definition, config.producer)
    if (this.#topology.subTopologies.length === 0 && this.#topology.global.stores.length === 0) {
      throw new TopologyError(
        'INVALID_TOPOLOGY',
        'the topology is empty: add at least one source before build(), as with builder.stream(topic)',
      )
    }
    const globalStores = this.#topology.global.stores.map(({ builder }) => builder.name as string)
    this.#storeNames = new Set([...topology.definition.stores.keys(), ...globalStores])
    this.queries = new InstanceQueries({
      definition: topology.definition,
      topology: this.#topology,
      config: this.#config,
      problems: logger,
      state: () => this.state,
      run: () => this.#lifeCycle.run,
    })
    this.#lifeCycle = new LifeCycle({
      topology: this.#topology,
      config: this.#config,
      sensors: this.#sensors,
      changeFeeds: this.queries.changeFeeds,
      closing: () => this.queries.close(),
      closeOthers: (timeoutMs) => this.#producers.close(timeoutMs),
    })
  }

  /** The instance's state. */
  get state(): StreamsState {
    return this.#lifeCycle.state
  }

  /**
   * Settles when the instance has ended: resolves after `close()`, rejects with the failure after which the state is `ERROR`.
   * A program that awaits it ends with a non-zero exit code when its instance fails.
   *
   * @example
   * await streams.start()
   * await streams.closed
   */
  get closed(): Promise<void> {
    return this.#lifeCycle.closed
  }

  /**
   * Resolves when all tasks assigned to this instance run, or if it is closed first; rejects if the start fails, after
   * closing everything. Where no broker can be reached, it tries for a minute, then rejects with KAFKA_UNAVAILABLE; `signal` ends it
   * earlier, and it rejects with `signal.reason`. From then on outages are waited for.
   *
   * @example
   * await streams.start()
   * await streams.start({ signal: AbortSignal.timeout(60_000) })
   *
   * @throws StreamsError INVALID_ARGUMENT; ILLEGAL_STATE if it was started before; whatever the start fails with
   */
  async start(options: StartOptions = {}): Promise<void> {
    requireStartOptions(options)
    return this.#lifeCycle.start(options.signal)
  }

  /**
   * Runs the topology as a batch, in place of `start()`: reads all inputs up to their ends, through repartition topics to the last
   * record of them, waits for async operators, commits, leaves the group and closes. All instances of the application must run
   * in this way. Each ends when the tasks of all of them are done, so that tasks of an instance that is lost continue on
   * another one. A run that was killed is repeated with the same call: it continues after the last commit.
   *
   * @example
   * const { read, written, durationMs } = await streams.run()
   * await streams.run({ until: { timestamp: Date.parse('2026-03-01T00:00:00Z') } })
   *
   * @throws StreamsError INVALID_ARGUMENT; RUN_INCOMPLETE if it was closed before the end; whatever else the application fails with
   */
  async run(options: BoundedRunOptions = {}): Promise<RunSummary> {
    requireRunOptions(options)
    return this.#lifeCycle.runToEnd(options)
  }

  /**
   * Stops processing, commits, hands the tasks over and releases everything: nothing keeps the process alive
   * afterwards. Can be called at any time and any number of times; all calls settle together.
   *
   * @example
   * process.once('SIGTERM', () => streams.close({ timeout: '30s' }))
   *
   * @returns false if the timeout passed first: uncommitted records are processed again after the next start
   *
   * @throws StreamsError INVALID_ARGUMENT
   */
  close(options: CloseOptions = {}): Promise<boolean> {
    requireCloseOptions(options)
    const { timeout, leaveGroup = false } = options
    const timeoutMs = timeout === undefined ? this.#config.closeTimeoutMs : toMilliseconds(timeout, 'timeout')
    return this.#lifeCycle.close(timeoutMs, leaveGroup)
  }

  /**
   * Stops processing and punctuations while staying in the group, until `resume()`. Restores continue, so that `start()` also resolves while it is
   * paused.
   *
   * @example
   * streams.pause() // during a database migration
   * streams.resume()
   */
  pause(): void {
    this.#lifeCycle.pause()
  }

  /**
   * Resumes processing after `pause()`.
   *
   * @example
   * streams.pause()
   * streams.resume()
   */
  resume(): void {
    this.#lifeCycle.resume()
  }

  /** Whether `pause()` was called, without `resume()` since. */
  get isPaused(): boolean {
    return this.#lifeCycle.isPaused
  }

  /**
   * Deletes the local state of the application under `stateDir`, and nothing else there; the next start restores it from the changelogs.
   *
   * @example
   * await streams.close()
   * await streams.cleanUp()
   *
   * @throws StreamsError ILLEGAL_STATE while running, STATE_DIRECTORY_LOCKED while another instance uses the folder
   */
  async cleanUp(): Promise<void> {
    if (!['CREATED', 'NOT_RUNNING', 'ERROR'].includes(this.state)) {
      throw new StreamsError(
        'ILLEGAL_STATE',
        `cleanUp() was called in state ${this.state}: call it before start() or after close()`,
      )
    }
    const { applicationId, stateDir } = this.#config
    await StateDirectory.cleanUp({ applicationId, stateDir })
  }

  /**
   * A store's contents on this instance, across all its partitions, to be read while the application runs. The view stays
   * valid across rebalances. A handle carries the store's type; with a name, you state the type: that of the handle which
   * created the store. A table's store that was created by name has values with timestamps.
   *
   * @example
   * const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long() })
   * words.groupByKey().count(counts)
   * streams.store(counts).get('hello') // number | null
   * streams.store<ReadOnlyWindowStore<string, number>>('clicks-per-hour').fetch('hello', Date.parse('2026-03-01T12:00:00Z'))
   *
   * @throws StreamsError UNKNOWN_STORE, and STORE_NOT_AVAILABLE (from reads as well) while a partition is being restored
   * or when the instance has none
   */
  store<S extends StateStore = ReadOnlyKeyValueStore<unknown, unknown>>(name: string): S
  store<S extends StateStore>(handle: StoreHandle<S>): ReadOnlyStore<S>
  store(reference: string | StoreHandle<StateStore>): StateStore {
    return (
      this.#globalStore(reference) ?? storeView(reference, () => this.#lifeCycle.run?.tasks ?? [], this.#storeNames)
    )
  }

  /**
   * Queries of a store over all instances: this one reads its own partitions, and asks the others for theirs, at their
   * `applicationServer`, where they listen with `millrace/http`. An answer is that of the instance that processes the key, or it is an error:
   * a key that is elsewhere, or being moved, is never reported as missing. Answers say up to which input records they go.
   *
   * @example
   * const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long() })
   * const { value, position } = await streams.query(counts).get('hello')
   * for await (const [word, count] of streams.query(counts, { timeout: '1m' }).range('a', 'b')) console.log(word, count)
   *
   * @throws StreamsError UNKNOWN_STORE, INVALID_ARGUMENT; from the queries STORE_NOT_AVAILABLE, NOT_LOCAL, STORE_BEHIND, INSTANCE_UNREACHABLE, TIMEOUT
   */
  query<S extends StateStore = ReadOnlyKeyValueStore<unknown, unknown>>(
    name: string,
    options?: QueryOptions<StoreKey<S>>,
  ): StoreQueries<S>
  query<S extends StateStore>(handle: StoreHandle<S>, options?: QueryOptions<StoreKey<S>>): StoreQueries<S>
  query(reference: string | StoreHandle<StateStore>, options?: QueryOptions): unknown {
    return this.queries.of(reference, options)
  }

  /**
   * The changes of a store from now on, as they are committed, of the partitions that this instance has: under `exactly_once` none that is rolled back. What
   * happened before is in the store: read it after the call, and again after every gap.
   *
   * @example
   * const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long() })
   * for await (const event of await streams.subscribe(counts, { key: 'hello' })) {
   *   if (event.type === 'change') console.log(event.value, event.timestamp)
   *   else console.log('changes are missing:', event.reason, (await streams.query(counts).get('hello')).value)
   * }
   *
   * @throws StreamsError UNKNOWN_STORE, INVALID_ARGUMENT, also for a global store; from the iteration DESERIALIZATION_FAILED
   */
  subscribe<S extends StateStore = ReadOnlyKeyValueStore<unknown, unknown>>(
    name: string,
    options?: SubscriptionOptions<StoreKey<S>>,
  ): Promise<StoreSubscription<StoreKey<S>, StoreValue<S>>>
  subscribe<S extends StateStore>(
    handle: StoreHandle<S>,
    options?: SubscriptionOptions<StoreKey<S>>,
  ): Promise<StoreSubscription<StoreKey<S>, StoreValue<S>>>
  subscribe(reference: string | StoreHandle<StateStore>, options?: SubscriptionOptions): Promise<unknown> {
    return this.queries.subscribe(reference, options)
  }

  /**
   * Which instance has a key of a store. `serde` writes the key as the input topic has it; default: the store's own.
   *
   * @example
   * const { active, rebalancing } = await streams.metadataForKey('counts', 'hello')
   *
   * @throws StreamsError UNKNOWN_STORE, STORE_NOT_AVAILABLE before the first assignment and after the end, INVALID_ARGUMENT for a key that the serde
   * can't write, and where the partitioner doesn't choose one partition
   */
  metadataForKey<K>(
    store: string | { readonly name: string },
    key: K,
    serde?: Serde<K>,
    options?: KeyMetadataOptions<K>,
  ): Promise<KeyQueryMetadata> {
    const name = typeof store === 'string' ? store : store.name
    return this.queries.engine.keyMetadata(
      name,
      key,
      serde as Serde<unknown> | undefined,
      options as KeyMetadataOptions,
    )
  }

  /**
   * The instances that have partitions of a store. Those without `applicationServer` are not known.
   *
   * @example
   * for (const { host, partitions } of streams.metadataForStore('counts')) console.log(host, partitions)
   *
   * @throws StreamsError UNKNOWN_STORE, STORE_NOT_AVAILABLE before the first assignment and after the end
   */
  metadataForStore(store: string | { readonly name: string }): StreamsMetadata[] {
    return this.queries.engine.metadata(typeof store === 'string' ? store : store.name)
  }

  /**
   * All instances of the application that have an `applicationServer`, with what they have.
   *
   * @example
   * for (const { host, stores } of streams.allMetadata()) console.log(host, stores)
   *
   * @throws StreamsError STORE_NOT_AVAILABLE before the first assignment and after the end
   */
  allMetadata(): StreamsMetadata[] {
    return this.queries.engine.metadata()
  }

  /**
   * A producer for the topics that the topology reads and writes, with its serdes and partitioners and the connection of this
   * configuration: for request handlers that write to what the stream reads. It can be used before `start()`, and is
   * closed with the instance. `topics` gives it types, and other topics.
   *
   * @example
   * const orderProducer = streams.producer({ topics: { orders: { value: serdes.json<Order>() } } })
   * await orderProducer.send('orders', order.id, order)
   *
   * @throws StreamsError INVALID_ARGUMENT, INVALID_CONFIG, ILLEGAL_STATE after `close()`
   */
  producer<Topics extends ProducerTopics = ProducerTopics>(
    options: ProducerOptions<Topics> = {},
  ): KafkaProducer<Topics> {
    if (this.#lifeCycle.isClosing) {
      throw new StreamsError('ILLEGAL_STATE', `producer() was called in state ${this.state}: the instance is closed`)
    }
    return this.#producers.make(options)
  }

  /**
   * Whether the instance is alive, and whether it is ready for traffic, with the reasons if not: for the probes of a container platform.
   *
   * @example
   * const { live, ready } = streams.health({ maxLag: 10_000 })
   * if (!live.ok) console.error(live.reasons)
   *
   * @throws StreamsError INVALID_ARGUMENT
   */
  health(options: HealthOptions = {}): Health {
    return healthOf({ state: this.state, run: this.#lifeCycle.run, draining: this.queries.draining }, options)
  }

  /**
   * The tasks that this instance has now.
   *
   * @example
   * for (const { taskId, state } of streams.metadataForLocalTasks()) console.log(taskId, state)
   */
  metadataForLocalTasks(): TaskMetadata[] {
    return (this.#lifeCycle.run?.tasks ?? []).map((task) => ({
      taskId: task.id,
      state: TASK_STATES[task.state],
      inputs: task.inputs,
      stores: task.subTopology.stores.map(({ definition }) => definition.builder.name),
    }))
  }

  /**
   * Records that were dropped and dead letters that were sent since `start()`: in total, and by task, operator and reason.
   *
   * @example
   * const { dropped, deadLetters, operators } = streams.recordCounts()
   * for (const { taskId, operator, droppedBy } of operators) console.log(taskId, operator, droppedBy.late ?? 0)
   */
  recordCounts(): RecordCounts {
    return this.#lifeCycle.run?.recordCounts.snapshot() ?? { dropped: 0, deadLetters: 0, operators: [] }
  }

  /**
   * What the instance measures, as it is now, with Kafka Streams' names: as `KafkaStreams#metrics()` in Java. Empty where
   * `metricsRecordingLevel` is `off`. `millrace/metrics` gives them to Prometheus, `millrace/opentelemetry` to OpenTelemetry.
   *
   * @example
   * const lags = streams.metrics().filter(({ name }) => name === 'records-lag')
   * for (const { tags, value } of lags) console.log(tags.topic, tags.partition, value)
   */
  metrics(): readonly Metric[] {
    if (this.#sensors === undefined) return []
    const { applicationId, clientId } = this.#config
    const describeTopology = (): string => this.queries.describeTopology()
    const { run } = this.#lifeCycle
    return instanceMetrics({
      applicationId,
      clientId,
      state: this.state,
      describeTopology,
      sensors: this.#sensors,
      run,
    })
  }

  /**
   * Calls the listener each time the event occurs. Errors that a listener throws are logged.
   *
   * @example
   * streams.on('stateChange', ({ from, to }) => console.log(`${from} -> ${to}`))
   * streams.on('error', (error) => console.error(error))
   *
   * @throws StreamsError INVALID_ARGUMENT: no event has this name
   */
  on<E extends keyof StreamsEvents>(event: E, listener: (event: StreamsEvents[E]) => void): this {
    requireListener(event, listener, 'on')
    this.#lifeCycle.events.on(event, listener)
    return this
  }

  /**
   * Removes a listener.
   *
   * @example
   * streams.off('stateChange', listener)
   */
  off<E extends keyof StreamsEvents>(event: E, listener: (event: StreamsEvents[E]) => void): this {
    requireListener(event, listener, 'off')
    this.#lifeCycle.events.off(event, listener)
    return this
  }

  /**
   * Calls the listener the next time the event occurs, and only then.
   *
   * @example
   * streams.once('error', (error) => pager.send(error.message))
   */
  once<E extends keyof StreamsEvents>(event: E, listener: (event: StreamsEvents[E]) => void): this {
    requireListener(event, listener, 'once')
    this.#lifeCycle.events.once(event, listener)
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #globalStore(reference: string | StoreHandle<StateStore>): StateStore | undefined {
    const name = typeof reference === 'string' ? reference : reference.name
    const definition = this.#topology.global.stores.find(({ builder }) => builder.name === name)
    if (definition === undefined) return undefined
    const store = this.#lifeCycle.run?.globalStores.get(name)
    if (store) return storeFor(reference, store, definition.builder)
    throw new StreamsError(
      'STORE_NOT_AVAILABLE',
      `global store "${name}" is not restored yet, or closed: this instance is ${this.state}; read it when it is RUNNING`,
      { store: name },
    )
  }
}
