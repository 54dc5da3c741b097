import type { ResolvedConfig } from '../config/config'
import { StreamsError } from '../errors'
import { Emitter } from '../observe/emitter'
import type { InstanceSensors } from '../observe/metrics/instance-sensors'
import type { TaskId } from '../record/task-id'
import type { ChangeFeeds } from '../state/changes/change-feeds'
import type { CompiledTopology } from '../topology/definition'
import type { BoundedRunOptions, RunSummary } from './bounded/run-options'
import { Diagnostics } from './diagnostics'
import { toStreamsError } from './failure/streams-error'
import { withDeadline } from './pause'
import { type CloseRunOptions, openRun, type Run, type RunListener } from './run'
import { StateMachine, type StreamsState } from './state-machine'
import type { StreamsEvents } from './streams-types'

export interface LifeCycleOptions {
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  /** Undefined: nothing is measured. */
  readonly sensors: InstanceSensors | undefined
  readonly changeFeeds: ChangeFeeds
  /** Called as soon as it begins to close. */
  readonly closing: () => void
  /** What is closed beside the run. False: not in time. */
  readonly closeOthers: (timeoutMs: number) => Promise<boolean>
}

/** From `start` to `close` or a failure: opens the run of an instance, and settles the promises of those who wait for it. */
export class LifeCycle {
  readonly events: Emitter<StreamsEvents>
  readonly #options: LifeCycleOptions
  readonly #machine: StateMachine
  readonly #diagnostics: Diagnostics
  /** Aborts what `start` opens, and the run. */
  readonly #abort = new AbortController()
  #opening: Promise<unknown> = Promise.resolve()
  #run: Run | undefined
  #closing: Promise<boolean> | undefined
  #paused = false
  /** Settles `start()`. */
  #started: { resolve: () => void; reject: (error: unknown) => void } | undefined
  #settleClosed!: { resolve: () => void; reject: (error: StreamsError) => void }
  readonly #closed: Promise<void>
  /** How far `runToEnd` goes, and what to call when it is over. */
  #bounded: { readonly options: BoundedRunOptions; readonly completed: () => void } | undefined
  /** Someone awaits `closed`, which reports a failure. */
  #closedIsWatched = false

  constructor(options: LifeCycleOptions) {
    this.#options = options
    const { applicationId, logger } = options.config
    this.#diagnostics = new Diagnostics(applicationId)
    this.events = new Emitter((event, error) => {
      logger.error({ event: String(event), err: error }, 'a listener threw')
    })
    this.#closed = new Promise((resolve, reject) => {
      this.#settleClosed = { resolve, reject }
    })
    // each caller gets its own promise
    this.#closed.catch(() => {})
    this.#machine = new StateMachine((from, to) => {
      logger.info({ applicationId, from, to }, 'state changed')
      this.events.emit('stateChange', { from, to })
      this.#diagnostics.publish('millrace:state', () => ({ from, to }))
    })
  }

  get state(): StreamsState {
    return this.#machine.state
  }

  /** `undefined` until everything that it consists of is open. */
  get run(): Run | undefined {
    return this.#run
  }

  get isClosing(): boolean {
    return this.#closing !== undefined
  }

  get isPaused(): boolean {
    return this.#paused
  }

  get closed(): Promise<void> {
    this.#closedIsWatched = true
    return this.#closed.then(() => {})
  }

  async start(signal?: AbortSignal): Promise<void> {
    this.#requireCreated('start()')
    signal?.throwIfAborted()
    const started = new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject }
    })
    this.#machine.transitionTo('REBALANCING')
    const onAbort = (): void => {
      // closed first, so that nothing is open when it rejects
      const settle = (): unknown => this.#settleStart(signal!.reason)
      void this.#closeOnce(() => this.#close(this.#options.config.closeTimeoutMs, false, settle))
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

  /** In place of `start`: resolves when the bounded run is over, closed and out of the group. */
  async runToEnd(options: BoundedRunOptions): Promise<RunSummary> {
    this.#requireCreated('run()')
    const begun = performance.now()
    let isCompleted = false
    const completed = new Promise<void>((resolve) => {
      this.#bounded = {
        options,
        completed: () => {
          isCompleted = true
          resolve()
        },
      }
    })
    await Promise.race([completed, Promise.all([this.start(), this.closed])])
    const run = this.#run
    if (!isCompleted || run?.bounded === undefined) {
      throw new StreamsError(
        'RUN_INCOMPLETE',
        'the instance was closed before its run had reached the end: what was committed is done, and another run continues after it',
      )
    }
    await this.close(this.#options.config.closeTimeoutMs, true)
    return run.bounded.summary(run.recordCounts.snapshot(), performance.now() - begun)
  }

  /** All calls settle together. False if the time passed first. */
  close(timeoutMs: number, leaveGroup: boolean): Promise<boolean> {
    return this.#closeOnce(() => this.#close(timeoutMs, leaveGroup, () => this.#settleStart()))
  }

  pause(): void {
    this.#paused = true
    this.#run?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#run?.resume()
  }

  #requireCreated(call: string): void {
    if (this.#machine.is('CREATED')) return
    throw new StreamsError(
      'ILLEGAL_STATE',
      `${call} was called in state ${this.state}: an instance can be started only once; create a new KafkaStreams for another run`,
    )
  }

  async #open(): Promise<void> {
    const { topology, config, sensors, changeFeeds } = this.#options
    const run = await openRun({
      topology,
      config,
      sensors,
      changeFeeds,
      bounded: this.#bounded?.options,
      signal: this.#abort.signal,
      listener: this.#listener(),
    })
    this.#run = run
    if (this.#paused) run.pause()
    // it was closed, or failed, while the last part was opening
    if (this.#machine.isRunningOrRebalancing) await run.start()
  }

  #listener(): RunListener {
    return {
      runningChanged: (isRunning) => this.#runningChanged(isRunning),
      rebalanced: (event) => {
        this.events.emit('rebalance', event)
        this.#diagnostics.publish('millrace:rebalance', () => event)
      },
      missingTopics: (topics) =>
        this.events.emit('warning', {
          code: 'MISSING_SOURCE_TOPIC',
          message: `waiting for source topics: ${topics.join(', ')}`,
          topics,
        }),
      failed: (error) => this.#fail(error),
      restoreStart: (event) => {
        this.events.emit('restoreStart', event)
        this.#diagnostics.publish('millrace:restore', () => ({ ...event, phase: 'start' }))
      },
      restoreProgress: (event) => {
        this.events.emit('restoreProgress', event)
        this.#diagnostics.publish('millrace:restore', () => ({ ...event, phase: 'progress' }))
      },
      restoreEnd: (event) => {
        this.events.emit('restoreEnd', event)
        this.#diagnostics.publish('millrace:restore', () => ({ ...event, phase: 'end' }))
      },
      progressed: (progress) => this.events.emit('runProgress', progress),
      completed: () => this.#bounded?.completed(),
    }
  }

  #runningChanged(isRunning: boolean): void {
    if (!this.#machine.isRunningOrRebalancing) return
    this.#machine.transitionTo(isRunning ? 'RUNNING' : 'REBALANCING')
    if (isRunning) this.#settleStart()
  }

  /** False if nobody waits for it any longer. */
  #settleStart(...failure: [] | [unknown]): boolean {
    const started = this.#started
    this.#started = undefined
    if (failure.length > 0) started?.reject(failure[0])
    else started?.resolve()
    return started !== undefined
  }

  #fail(error: StreamsError): void {
    if (!this.#machine.isRunningOrRebalancing) return
    void this.#closeOnce(() => this.#closeFailed(error))
  }

  /** Listeners that are told of it may call `close()`: they get the promise of the close that is under way. */
  #closeOnce(close: () => Promise<boolean>): Promise<boolean> {
    if (this.#closing !== undefined) return this.#closing
    let settle!: (closed: Promise<boolean>) => void
    this.#closing = new Promise((resolve) => (settle = resolve))
    settle(close())
    return this.#closing
  }

  async #closeFailed(error: StreamsError): Promise<boolean> {
    this.#machine.transitionTo('PENDING_ERROR')
    this.#options.config.logger.error({ err: error, ...error.location }, 'the application has failed and closes')
    const taskId = (error.location.taskId as TaskId | undefined) ?? null
    this.#diagnostics.publish('millrace:error', () => ({ error, taskId, outcome: 'instance ends' }))
    const isHeard = this.events.emit('error', error)
    const timeoutMs = this.#options.config.closeTimeoutMs
    await Promise.all([
      this.#closeRun({ clean: false, leaveGroup: true, timeoutMs }, error),
      this.#options.closeOthers(timeoutMs),
    ])
    this.#machine.transitionTo('ERROR')
    this.#settleClosed.reject(error)
    const isReported = this.#settleStart(error)
    if (!isHeard && !isReported && !this.#closedIsWatched) throwUncaught(error)
    return true
  }

  async #close(timeoutMs: number, leaveGroup: boolean, settleStart: () => unknown): Promise<boolean> {
    this.#machine.transitionTo('PENDING_SHUTDOWN')
    const closed = new StreamsError('ILLEGAL_STATE', 'the instance was closed')
    const [closedInTime, deliveredInTime] = await Promise.all([
      this.#closeRun({ clean: true, leaveGroup, timeoutMs }, closed),
      this.#options.closeOthers(timeoutMs),
    ])
    const inTime = closedInTime && deliveredInTime
    this.#machine.transitionTo('NOT_RUNNING')
    this.#settleClosed.resolve()
    settleStart()
    return inTime
  }

  /** A run that is still being opened is abandoned for that reason. */
  async #closeRun(options: CloseRunOptions, reason: StreamsError): Promise<boolean> {
    this.#options.closing()
    if (this.#run === undefined) {
      this.#abort.abort(reason)
      await withDeadline(this.#opening, options.timeoutMs)
    }
    return (await this.#run?.close(options)) ?? true
  }
}

/** As for any `error` event in Node that nobody listens to: the process ends with exit code 1. */
const throwUncaught = (error: Error): void => {
  process.nextTick(() => {
    throw error
  })
}
