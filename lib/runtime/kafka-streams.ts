import { type ResolvedConfig, resolveConfig, type StreamsConfig } from '../config'
import { type Duration, toMilliseconds } from '../durations'
import { StreamsError } from '../errors'
import { Emitter } from '../observe/emitter'
import { StateDirectory } from '../state/state-directory'
import { storeFor } from '../state/key-value/plain-view'
import type { ReadOnlyKeyValueStore, StateStore } from '../state/store'
import { compile } from '../topology/compile'
import type { CompiledTopology } from '../topology/definition'
import type { Topology } from '../topology/topology'
import { toStreamsError } from './failure/streams-error'
import { Instance } from './instance'
import type { RebalanceEvent } from './rebalance'
import type { RestoreEvent, RestoreProgressEvent } from './restore/restore-progress'
import { StateMachine, type StreamsState } from './state-machine'
import { type ReadOnlyStore, type StoreHandle, storeView } from './stores/store-view'
import type { TopicPartition } from '../record/topic-partition'
import type { TaskId } from '../record/task-id'

/** What a `KafkaStreams` instance tells of itself. */
export interface StreamsEvents {
  /** The instance has gone from one state to the next. */
  stateChange: { readonly from: StreamsState; readonly to: StreamsState }
  /** Why the instance is going to `ERROR`. */
  error: StreamsError
  /** It goes on, but someone should look: now, source topics that it waits for. Repeated every few seconds. */
  warning: { readonly code: 'MISSING_SOURCE_TOPIC'; readonly message: string; readonly topics: readonly string[] }
  /** Tasks were assigned to this instance or taken from it. */
  rebalance: RebalanceEvent
  /** A store begins to be rebuilt from its changelog. */
  restoreStart: RestoreEvent
  /** How far a restore is; every few seconds. */
  restoreProgress: RestoreProgressEvent
  /** A store is rebuilt, as long as it took. */
  restoreEnd: RestoreEvent & { readonly durationMs: number }
}

/** How an instance starts. */
export interface StartOptions {
  /** Gives up starting, closes what was opened, and rejects with the signal's reason. */
  signal?: AbortSignal
}

/** How an instance closes. */
export interface CloseOptions {
  /** When to give up on committing and leaving in good order. Default: `closeTimeout` of the configuration, 30 s. */
  timeout?: Duration
  /**
   * Static members (`groupInstanceId`) stay in the group by default, so that a restart within `sessionTimeout` moves no
   * task; true makes them leave. All others always leave.
   */
  leaveGroup?: boolean
}

/** A task that this instance has. */
export interface TaskMetadata {
  /** Sub-topology and partition, such as `0_3`. */
  readonly taskId: TaskId
  /** Kafka Streams' task states. */
  readonly state: 'CREATED' | 'RESTORING' | 'RUNNING' | 'CLOSED'
  /** The partitions it reads. */
  readonly inputs: readonly TopicPartition[]
  /** Names of its stores. */
  readonly stores: readonly string[]
}

/**
 * Runs a topology against Kafka. Every process that runs the same topology under the same `applicationId` takes its share
 * of the work; it can be started once.
 *
 * @example
 * const streams = new KafkaStreams(builder.build(), { applicationId: 'word-count', kafka: { brokers: ['localhost:9092'] } })
 * await streams.start()
 * process.once('SIGTERM', () => streams.close({ timeout: '30s' }))
 *
 * @throws StreamsError INVALID_CONFIG; TopologyError MISSING_SERDE
 */
export class KafkaStreams {
  readonly #config: ResolvedConfig
  readonly #topology: CompiledTopology
  readonly #storeNames: ReadonlySet<string>
  readonly #events: Emitter<StreamsEvents>
  readonly #machine: StateMachine
  #instance: Instance | undefined
  #closing: Promise<boolean> | undefined
  #failure: StreamsError | undefined
  #paused = false
  /** Settles `start()`. */
  #started: { resolve: () => void; reject: (error: unknown) => void } | undefined

  constructor(topology: Topology, config: StreamsConfig) {
    this.#config = resolveConfig(config)
    const { applicationId, logger } = this.#config
    this.#topology = compile(topology.definition, this.#config)
    const globalStores = this.#topology.global.stores.map(({ builder }) => builder.name as string)
    this.#storeNames = new Set([...topology.definition.stores.keys(), ...globalStores])
    this.#events = new Emitter((event, error) => {
      logger.error({ event: String(event), err: error }, 'a listener threw')
    })
    this.#machine = new StateMachine((from, to) => {
      logger.info({ applicationId, from, to }, 'state changed')
      this.#events.emit('stateChange', { from, to })
    })
  }

  /** Where in its life the instance is. */
  get state(): StreamsState {
    return this.#machine.state
  }

  /**
   * Resolves when all tasks assigned to this instance run; rejects with what went wrong, and everything is closed then.
   *
   * @example
   * await streams.start()
   * await streams.start({ signal: AbortSignal.timeout(60_000) })
   */
  async start({ signal }: StartOptions = {}): Promise<void> {
    if (!this.#machine.is('CREATED')) {
      throw new StreamsError(
        'ILLEGAL_STATE',
        `start() was called in state ${this.state}: an instance is started once, make a new KafkaStreams for another run`,
      )
    }
    signal?.throwIfAborted()
    const started = new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject }
    })
    this.#machine.transitionTo('REBALANCING')
    const onAbort = (): void => {
      this.#settleStart(signal!.reason)
      void this.close()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#instance = this.#newInstance()
    this.#instance.start().catch((error: unknown) => {
      if (!this.#machine.is('PENDING_SHUTDOWN', 'NOT_RUNNING')) this.#fail(toStreamsError(error))
    })
    try {
      await started
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /**
   * Stops processing, commits, hands the tasks over and releases everything: nothing keeps the process alive
   * afterwards. Can be called at any time and any number of times; all calls settle together.
   *
   * @example
   * process.once('SIGTERM', () => streams.close({ timeout: '30s' }))
   *
   * @returns false if the timeout has passed first: what was not committed is processed again after the next start
   */
  close({ timeout, leaveGroup = false }: CloseOptions = {}): Promise<boolean> {
    const timeoutMs = timeout === undefined ? this.#config.closeTimeoutMs : toMilliseconds(timeout, 'timeout')
    return (this.#closing ??= this.#close(timeoutMs, leaveGroup))
  }

  /**
   * Stops processing while staying in the group, until `resume()`.
   *
   * @example
   * streams.pause() // while a database is moved
   * streams.resume()
   */
  pause(): void {
    this.#paused = true
    this.#instance?.pause()
  }

  /**
   * Goes on processing after `pause()`.
   *
   * @example
   * streams.pause()
   * streams.resume()
   */
  resume(): void {
    this.#paused = false
    this.#instance?.resume()
  }

  /** Whether `pause()` was called, and not `resume()` since. */
  get isPaused(): boolean {
    return this.#paused
  }

  /**
   * Deletes the local state of the application below `stateDir`; the next start restores it from the changelogs.
   *
   * @example
   * await streams.close()
   * await streams.cleanUp()
   *
   * @throws StreamsError ILLEGAL_STATE while running, STATE_DIRECTORY_LOCKED while another instance uses the folder
   */
  async cleanUp(): Promise<void> {
    if (!this.#machine.is('CREATED', 'NOT_RUNNING', 'ERROR')) {
      throw new StreamsError(
        'ILLEGAL_STATE',
        `cleanUp() was called in state ${this.state}: call it before start() or after close()`,
      )
    }
    const { applicationId, stateDir } = this.#config
    await StateDirectory.cleanUp({ applicationId, stateDir })
  }

  /**
   * A store's contents on this instance, over all partitions it has: to be read while the application runs. The view stays
   * valid over rebalances. A handle carries the store's type. By its name the store is what it is by the handle that it was
   * made by, and its type is yours to give; a table's store that was made by name has values with timestamps.
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
      this.#globalStore(reference) ?? storeView(reference, () => this.#instance?.tasks.values() ?? [], this.#storeNames)
    )
  }

  /**
   * The tasks that this instance has now.
   *
   * @example
   * for (const { taskId, state } of streams.metadataForLocalTasks()) console.log(taskId, state)
   */
  metadataForLocalTasks(): TaskMetadata[] {
    const states = { opening: 'CREATED', restoring: 'RESTORING', running: 'RUNNING', closed: 'CLOSED' } as const
    return [...(this.#instance?.tasks.values() ?? [])].map((task) => ({
      taskId: task.id,
      state: states[task.phase],
      inputs: task.inputs,
      stores: task.subTopology.stores.map(({ definition }) => definition.builder.name),
    }))
  }

  /**
   * Calls the listener each time the event happens. What a listener throws is logged.
   *
   * @example
   * streams.on('stateChange', ({ from, to }) => console.log(`${from} -> ${to}`))
   * streams.on('error', (error) => console.error(error))
   */
  on<E extends keyof StreamsEvents>(event: E, listener: (event: StreamsEvents[E]) => void): this {
    this.#events.on(event, listener)
    return this
  }

  /**
   * Takes a listener away.
   *
   * @example
   * streams.off('stateChange', listener)
   */
  off<E extends keyof StreamsEvents>(event: E, listener: (event: StreamsEvents[E]) => void): this {
    this.#events.off(event, listener)
    return this
  }

  /**
   * Calls the listener the next time the event happens, and not again.
   *
   * @example
   * streams.once('error', (error) => pager.send(error.message))
   */
  once<E extends keyof StreamsEvents>(event: E, listener: (event: StreamsEvents[E]) => void): this {
    this.#events.once(event, listener)
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #globalStore(reference: string | StoreHandle<StateStore>): StateStore | undefined {
    const name = typeof reference === 'string' ? reference : reference.name
    const definition = this.#topology.global.stores.find(({ builder }) => builder.name === name)
    if (definition === undefined) return undefined
    const store = this.#instance?.globalStores.get(name)
    if (store) return storeFor(reference, store, definition.builder)
    throw new StreamsError(
      'STORE_NOT_AVAILABLE',
      `global store "${name}" is not restored yet: read it when the state is RUNNING`,
      { store: name },
    )
  }

  #newInstance(): Instance {
    const instance = new Instance(this.#topology, this.#config, {
      tasksChanged: (allRunning) => this.#tasksChanged(allRunning),
      rebalanced: (event) => this.#events.emit('rebalance', event),
      missingTopics: (topics) =>
        this.#events.emit('warning', {
          code: 'MISSING_SOURCE_TOPIC',
          message: `waiting for source topics: ${topics.join(', ')}`,
          topics,
        }),
      failed: (error) => this.#fail(error),
      restoreStart: (event) => this.#events.emit('restoreStart', event),
      restoreProgress: (event) => this.#events.emit('restoreProgress', event),
      restoreEnd: (event) => this.#events.emit('restoreEnd', event),
    })
    return instance
  }

  #tasksChanged(allRunning: boolean): void {
    if (!this.#machine.isRunningOrRebalancing) return
    if (this.#paused) this.#instance?.pause()
    this.#machine.transitionTo(allRunning ? 'RUNNING' : 'REBALANCING')
    if (allRunning) this.#settleStart()
  }

  #settleStart(...failure: [] | [unknown]): void {
    if (failure.length > 0) this.#started?.reject(failure[0])
    else this.#started?.resolve()
    this.#started = undefined
  }

  #fail(error: StreamsError): void {
    if (!this.#machine.isRunningOrRebalancing) return
    this.#machine.transitionTo('PENDING_ERROR')
    this.#failure = error
    this.#config.logger.error({ err: error, ...error.location }, 'the application has failed and closes')
    this.#events.emit('error', error)
    this.#closing = (async () => {
      await this.#instance?.stop({ clean: false, leaveGroup: true, timeoutMs: this.#config.closeTimeoutMs })
      this.#machine.transitionTo('ERROR')
      this.#settleStart(this.#failure)
      return true
    })()
  }

  async #close(timeoutMs: number, leaveGroup: boolean): Promise<boolean> {
    this.#machine.transitionTo('PENDING_SHUTDOWN')
    const inTime = await this.#instance?.stop({ clean: true, leaveGroup, timeoutMs })
    this.#machine.transitionTo('NOT_RUNNING')
    this.#settleStart(new StreamsError('ILLEGAL_STATE', 'the instance was closed before it was running'))
    return inTime ?? true
  }
}
