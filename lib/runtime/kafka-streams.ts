import { type ResolvedConfig, resolveConfig, type StreamsConfig } from '../config'
import { type Duration, toMilliseconds } from '../durations'
import { StreamsError, TopologyError } from '../errors'
import { Emitter } from '../observe/emitter'
import type { RecordCounts } from '../observe/record-counts'
import { StateDirectory } from '../state/state-directory'
import { storeFor } from '../state/key-value/plain-view'
import type { ReadOnlyKeyValueStore, StateStore } from '../state/store'
import { compileTopology } from '../topology/compile/compile-topology'
import type { CompiledTopology } from '../topology/definition'
import type { Topology } from '../topology/topology'
import { toStreamsError } from './failure/streams-error'
import type { RestoreEvent, RestoreProgressEvent } from './changelog/restore-progress'
import type { RebalanceEvent } from './executor/rebalance-listener'
import { openRun, type Run } from './run'
import { withDeadline } from './pause'
import { StateMachine, type StreamsState } from './state-machine'
import { type ReadOnlyStore, type StoreHandle, storeView } from './stores/store-view'
import type { TopicPartition } from '../record/topic-partition'
import type { TaskId } from '../record/task-id'

/** What a `KafkaStreams` instance tells of itself. */
export interface StreamsEvents {
  /** The instance has gone from one state to the next. */
  stateChange: { readonly from: StreamsState; readonly to: StreamsState }
  /**
   * Why the instance is going to `ERROR`. As Node does, it is thrown, and ends the process, if nobody listens and neither
   * `start()` nor `closed` reports it.
   */
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
  readonly state: 'CREATED' | 'RESTORING' | 'RUNNING' | 'SUSPENDED' | 'CLOSED'
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
  /** Of what `start` opens, and of the run. */
  readonly #abort = new AbortController()
  #opening: Promise<unknown> = Promise.resolve()
  #run: Run | undefined
  #closing: Promise<boolean> | undefined
  #paused = false
  /** Settles `start()`. */
  #started: { resolve: () => void; reject: (error: unknown) => void } | undefined
  #settleClosed!: { resolve: () => void; reject: (error: StreamsError) => void }
  readonly #closed: Promise<void>
  /** Someone waits for `closed`, and hears of a failure there. */
  #closedIsWatched = false

  constructor(topology: Topology, config: StreamsConfig) {
    this.#config = resolveConfig(config)
    const { applicationId, logger } = this.#config
    this.#topology = compileTopology(topology.definition, this.#config)
    if (this.#topology.subTopologies.length === 0 && this.#topology.global.stores.length === 0) {
      throw new TopologyError(
        'INVALID_TOPOLOGY',
        'the topology is empty: add at least one source before build(), as with builder.stream(topic)',
      )
    }
    const globalStores = this.#topology.global.stores.map(({ builder }) => builder.name as string)
    this.#storeNames = new Set([...topology.definition.stores.keys(), ...globalStores])
    this.#events = new Emitter((event, error) => {
      logger.error({ event: String(event), err: error }, 'a listener threw')
    })
    this.#closed = new Promise((resolve, reject) => {
      this.#settleClosed = { resolve, reject }
    })
    // who asks for it gets a promise of their own
    this.#closed.catch(() => {})
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
   * Settles when the instance has ended: resolves after `close()`, rejects with the failure after which the state is `ERROR`.
   * A program that awaits it ends with a non-zero exit code when its instance fails.
   *
   * @example
   * await streams.start()
   * await streams.closed
   */
  get closed(): Promise<void> {
    this.#closedIsWatched = true
    return this.#closed.then(() => {})
  }

  /**
   * Resolves when all tasks assigned to this instance run, or when it was closed before; rejects with what went wrong, and
   * everything is closed then.
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
      // closed first, so that nothing is left when it rejects
      const settle = (): unknown => this.#settleStart(signal!.reason)
      this.#closing ??= this.#close(this.#config.closeTimeoutMs, false, settle)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#opening = this.#open().catch((error: unknown) => {
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
    return (this.#closing ??= this.#close(timeoutMs, leaveGroup, () => this.#settleStart()))
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
    this.#run?.pause()
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
    this.#run?.resume()
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
    return this.#globalStore(reference) ?? storeView(reference, () => this.#run?.tasks ?? [], this.#storeNames)
  }

  /**
   * The tasks that this instance has now.
   *
   * @example
   * for (const { taskId, state } of streams.metadataForLocalTasks()) console.log(taskId, state)
   */
  metadataForLocalTasks(): TaskMetadata[] {
    return (this.#run?.tasks ?? []).map((task) => ({
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
    return this.#run?.recordCounts.snapshot() ?? { dropped: 0, deadLetters: 0, operators: [] }
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
    const store = this.#run?.globalStores.get(name)
    if (store) return storeFor(reference, store, definition.builder)
    throw new StreamsError(
      'STORE_NOT_AVAILABLE',
      `global store "${name}" is not restored yet: read it when the state is RUNNING`,
      { store: name },
    )
  }

  async #open(): Promise<void> {
    const run = await openRun({
      topology: this.#topology,
      config: this.#config,
      signal: this.#abort.signal,
      listener: {
        runningChanged: (isRunning) => this.#runningChanged(isRunning),
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
      },
    })
    this.#run = run
    if (this.#paused) run.pause()
    // it was closed, or has failed, while the last part was opened
    if (this.#machine.isRunningOrRebalancing) await run.start()
  }

  #runningChanged(isRunning: boolean): void {
    if (!this.#machine.isRunningOrRebalancing) return
    this.#machine.transitionTo(isRunning ? 'RUNNING' : 'REBALANCING')
    if (isRunning) this.#settleStart()
  }

  /** False if nobody waits for it any more. */
  #settleStart(...failure: [] | [unknown]): boolean {
    const started = this.#started
    this.#started = undefined
    if (failure.length > 0) started?.reject(failure[0])
    else started?.resolve()
    return started !== undefined
  }

  #fail(error: StreamsError): void {
    if (!this.#machine.isRunningOrRebalancing) return
    this.#machine.transitionTo('PENDING_ERROR')
    this.#config.logger.error({ err: error, ...error.location }, 'the application has failed and closes')
    const isHeard = this.#events.emit('error', error)
    this.#closing = (async () => {
      this.#abort.abort(error)
      await this.#run?.close({ clean: false, leaveGroup: true, timeoutMs: this.#config.closeTimeoutMs })
      this.#machine.transitionTo('ERROR')
      this.#settleClosed.reject(error)
      const isReported = this.#settleStart(error)
      if (!isHeard && !isReported && !this.#closedIsWatched) throwUncaught(error)
      return true
    })()
  }

  async #close(timeoutMs: number, leaveGroup: boolean, settleStart: () => unknown): Promise<boolean> {
    this.#machine.transitionTo('PENDING_SHUTDOWN')
    if (this.#run === undefined) {
      this.#abort.abort(new StreamsError('ILLEGAL_STATE', 'the instance was closed'))
      await withDeadline(this.#opening, timeoutMs)
    }
    const inTime = await this.#run?.close({ clean: true, leaveGroup, timeoutMs })
    this.#machine.transitionTo('NOT_RUNNING')
    this.#settleClosed.resolve()
    settleStart()
    return inTime ?? true
  }
}

const TASK_STATES = {
  opening: 'CREATED',
  restoring: 'RESTORING',
  running: 'RUNNING',
  suspended: 'SUSPENDED',
  closing: 'CLOSED',
} as const

/** As Node does with an `error` event that nobody listens to: the process ends with exit code 1. */
const throwUncaught = (error: Error): void => {
  process.nextTick(() => {
    throw error
  })
}
