import { StreamsError } from '../../errors'
import type { Admin, Fetcher, Isolation, KafkaClient } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { RecordCounts } from '../../observe/record-counts'
import type { CompiledTopology } from '../../topology/definition'
import { tpKey } from '../../record/topic-partition'
import { retrying } from '../failure/retrying'
import { abortable, pause } from '../pause'
import type { RunningTask, Task } from '../tasks/task'
import { BoundedFetcher } from './bounded-fetcher'
import { Bounds, lookUpEnds, requireInputs } from './bounds'
import { CountingProducer } from './counting-producer'
import { ProgressReport } from './progress-report'
import { RunCounts } from './run-counts'
import type { BoundedRunOptions, RunProgress, RunSummary } from './run-options'
import { planRun, type RunPlan } from './run-plan'
import { type RunView, stageProgress } from './stage-progress'

/** What executes the tasks of this instance. */
export interface RunWorker {
  tasks(): readonly Task[]
  requestCommit(): void
  /** False if it can't now: to be called again. */
  closeWindows(task: RunningTask): boolean
}

export interface BoundedRunParts {
  readonly topology: CompiledTopology
  /** Partitions of the user's topics. */
  readonly sourceTopics: ReadonlyMap<string, number>
  readonly admin: Admin
  readonly applicationId: string
  readonly isolation: Isolation
  readonly options: BoundedRunOptions
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly progressed: (progress: RunProgress) => void
}

/** Between two looks at whether tasks are at rest. */
const WORKING_MS = 50
/** Of looks without progress, after which it is looked whether the ends still exist. */
const STALLED_LOOKS = 20
/** Between two looks at what others do, while nothing changes. */
const FIRST_WAIT_MS = 10
const LONGEST_WAIT_MS = 500

/** Looks up where the inputs end, before anything is read. */
export const openBoundedRun = async (parts: BoundedRunParts): Promise<BoundedRun> => {
  const run = new BoundedRun(parts)
  if (!(parts.options.until instanceof AbortSignal)) await run.setEnds()
  return run
}

/**
 * One instance's part in a bounded run. It is over when the tasks of all instances are done, so that tasks of an instance that
 * fails continue on another one. What others have done is known by what the group has committed.
 */
export class BoundedRun {
  readonly bounds: Bounds
  readonly counts: RunCounts
  readonly #plan: RunPlan
  #report: ProgressReport | undefined

  constructor(private readonly parts: BoundedRunParts) {
    const { topology, sourceTopics } = parts
    this.#plan = planRun(topology, sourceTopics)
    this.bounds = new Bounds(this.#plan.ownTopics)
    this.counts = new RunCounts(new Set(topology.subTopologies.flatMap((sub) => [...sub.changelogTopics.keys()])))
  }

  summary({ dropped, deadLetters, operators }: RecordCounts, durationMs: number): RunSummary {
    const topics = this.counts.snapshot()
    return {
      durationMs: Math.round(durationMs),
      read: topics.reduce((sum, { read }) => sum + read, 0),
      written: topics.reduce((sum, { written }) => sum + written, 0),
      dropped,
      deadLetters,
      topics,
      operators,
      ends: this.#plan.inputs.map((input) => ({ ...input, offset: this.bounds.endOf(input.topic, input.partition) })),
    }
  }

  /** Reads up to the ends. */
  limited(fetcher: Fetcher): Fetcher {
    return new BoundedFetcher(fetcher, this.bounds, this.counts)
  }

  /** Counts what its producers write. */
  counted(client: Pick<KafkaClient, 'producer'>): Pick<KafkaClient, 'producer'> {
    return { producer: (config) => new CountingProducer(client.producer(config), this.counts) }
  }

  async setEnds(): Promise<void> {
    const { admin, applicationId, isolation, options, progressed } = this.parts
    const { inputs } = this.#plan
    const { until = 'end' } = options
    requireInputs(until, this.#plan)
    const ends = await this.#retrying('look up the ends of the inputs', () =>
      lookUpEnds({ admin, inputs, until, isolation }),
    )
    const [committed, earliest] = await this.#retrying('look up where the inputs start', () =>
      Promise.all([
        admin.groupOffsets(applicationId),
        inputs.length === 0 ? NO_ENDS : admin.listOffsets(inputs.map((input) => ({ ...input, at: 'earliest' }))),
      ]),
    )
    this.#report = new ProgressReport({ inputs, committed, earliest, ends, progressed })
    this.bounds.set(ends)
  }

  /** Resolves when the tasks of all instances are done. */
  async completed(worker: RunWorker): Promise<void> {
    const { options, signal } = this.parts
    if (options.until instanceof AbortSignal) {
      await aborted(options.until, signal)
      await this.setEnds()
    }
    let wait = FIRST_WAIT_MS
    let stalled = 0
    for (let before = ''; ;) {
      const running = worker.tasks().flatMap((task) => (task.state === 'running' ? [task] : []))
      const working = running.filter((task) => !this.#isAtEnd(task))
      const uncommitted = running.some(({ processing }) => processing.commitNeeded)
      if (working.length === 0 && uncommitted) worker.requestCommit()
      const view = working.length > 0 || uncommitted ? undefined : await this.#look()
      const done = this.#report!.update(running, working, view?.committed)
      if (view && this.#advance(view, running, worker)) return
      const now = `${done} ${working.length} ${uncommitted}`
      wait = now === before ? Math.min(2 * wait, LONGEST_WAIT_MS) : FIRST_WAIT_MS
      stalled = now === before ? stalled + 1 : 0
      if (working.length > 0 && stalled > 0 && stalled % STALLED_LOOKS === 0) await this.#requireEnds()
      before = now
      await pause(working.length > 0 ? WORKING_MS : wait, signal)
    }
  }

  /** Writes batches that are not full, and closes windows, of stages that get nothing more. True if all stages are done. */
  #advance(view: RunView, running: readonly RunningTask[], worker: RunWorker): boolean {
    const { final = false } = this.parts.options
    const progress = stageProgress(this.#plan, this.bounds, view, final)
    for (const [{ tasks }, state] of progress) {
      if (state === 'working' || state === 'done') continue
      for (const task of running) {
        if (!tasks.has(task.id)) continue
        const { processing } = task
        const isCommitNeeded =
          state === 'held' ? processing.finishHeld() : !processing.hasClosedWindows && worker.closeWindows(task)
        if (isCommitNeeded) worker.requestCommit()
      }
    }
    return [...progress.values()].every((state) => state === 'done')
  }

  /** Nothing that is on the brokers waits for the task, as far as it knows. */
  #isAtEnd({ processing }: RunningTask): boolean {
    if (processing.hasBuffered) return false
    return processing.inputPositions.every(({ topic, partition, position }) => {
      const end = this.bounds.endOf(topic, partition)
      return end === Infinity || position >= end
    })
  }

  /** An input that was created again, or has lost its end, would be waited for without an end of the run. */
  async #requireEnds(): Promise<void> {
    const { admin, options } = this.parts
    const { until = 'end' } = options
    // those that were given may be of records to come
    const given = typeof until === 'object' && 'offsets' in until ? until.offsets : []
    const isGiven = new Set(given.map(({ topic, partition }) => tpKey(topic, partition)))
    const inputs = this.#plan.inputs.filter(({ topic, partition }) => !isGiven.has(tpKey(topic, partition)))
    if (inputs.length === 0) return
    const latest = await this.#retrying('look up whether the ends of the inputs still exist', () =>
      admin.listOffsets(
        inputs.map((input) => ({ ...input, at: 'latest' as const })),
        'read_uncommitted',
      ),
    )
    for (const { topic, partition } of inputs) {
      const [end, found] = [this.bounds.endOf(topic, partition), latest.get(tpKey(topic, partition))!]
      if (end <= found) continue
      throw new StreamsError(
        'OFFSET_OUT_OF_RANGE',
        `the run reads ${topic} partition ${partition} up to offset ${end}, and it ends at ${found} now: the topic was created again, or ` +
          'has lost its end. Run again to read what it has',
        { topic, partition, offset: end },
      )
    }
  }

  async #look(): Promise<RunView> {
    const { admin, applicationId } = this.parts
    return this.#retrying('look up how far the run is', async () => {
      const committed = await admin.groupOffsets(applicationId)
      const own = this.#plan.ownInputs.map((input) => ({ ...input, at: 'latest' as const }))
      // not the last stable offset: what a committed transaction has written may still be above it
      const ownEnds = own.length === 0 ? NO_ENDS : await admin.listOffsets(own, 'read_uncommitted')
      return { committed, ownEnds }
    })
  }

  #retrying<T>(what: string, call: () => Promise<T>): Promise<T> {
    const { signal, logger } = this.parts
    return retrying(what, () => abortable(call(), signal), { timeoutMs: Infinity, signal, logger })
  }
}

const NO_ENDS: ReadonlyMap<string, number> = new Map()

const aborted = (until: AbortSignal, signal: AbortSignal): Promise<void> =>
  abortable(
    new Promise((resolve) => {
      if (until.aborted) resolve()
      else until.addEventListener('abort', () => resolve(), { once: true, signal })
    }),
    signal,
  )
