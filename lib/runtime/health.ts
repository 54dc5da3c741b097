import { DURATION, kind, options as optionsOf, requireArgument } from '../arguments'
import { type Duration, toMilliseconds } from '../durations'
import type { TaskId } from '../record/task-id'
import type { StreamsState } from './state-machine'
import { positionsOf } from './stores/positions'
import type { Task } from './tasks/task'

/** What counts as healthy. */
export interface HealthOptions {
  /** Ready only while the tasks of this instance are at most this many records behind, in total. Default: no bound. */
  readonly maxLag?: number
  /** Alive only while the processing loop turns at least this often. Set it above what your slowest callback takes. Default: 1 min. */
  readonly maxLoopPause?: Duration
}

/** One of the two questions that a platform asks. */
export interface HealthCheck {
  /** The answer. */
  readonly ok: boolean
  /** Why not, in words; empty if it is. */
  readonly reasons: readonly string[]
}

/** How an instance is doing. */
export interface Health {
  /** Its state. */
  readonly state: StreamsState
  /** The instance works, or ends as it was told to: restart the process if not. */
  readonly live: HealthCheck
  /** It is RUNNING, its state is restored, and it has caught up: send it traffic only then. */
  readonly ready: HealthCheck
  /** Tasks that don't process yet, because they are being opened or restored. */
  readonly restoring: readonly TaskId[]
  /** Records that its tasks have still to process, counted by offsets; null: not known yet. */
  readonly lag: number | null
  /** How long ago the processing loop last completed a turn, in milliseconds. */
  readonly loopPauseMs: number
}

export const HEALTH_OPTIONS = optionsOf<HealthOptions>({
  maxLag: kind('a number of records', (value) => typeof value === 'number' && value >= 0),
  maxLoopPause: DURATION,
})

const DEFAULT_LOOP_PAUSE_MS = 60_000

interface Instance {
  readonly state: StreamsState
  /** It is about to close. */
  readonly draining: boolean
  readonly run: { readonly tasks: readonly Task[]; readonly sinceTurnMs: number } | undefined
}

export const healthOf = ({ state, draining, run }: Instance, options: HealthOptions): Health => {
  requireArgument(options, HEALTH_OPTIONS, 'health()', 'options')
  const { maxLag, maxLoopPause } = options
  const maxLoopPauseMs =
    maxLoopPause === undefined ? DEFAULT_LOOP_PAUSE_MS : toMilliseconds(maxLoopPause, 'maxLoopPause')
  const tasks = run?.tasks ?? []
  const restoring = tasks.filter(({ state }) => state === 'opening' || state === 'restoring').map(({ id }) => id)
  const lag = lagOf(tasks)
  const loopPauseMs = Math.round(run?.sinceTurnMs ?? 0)
  const dead: string[] = []
  if (state === 'ERROR' || state === 'PENDING_ERROR')
    dead.push(`the state is ${state}: the log and the error event say why`)
  if (loopPauseMs > maxLoopPauseMs) {
    dead.push(`the processing loop has not turned for ${loopPauseMs} ms, and may take ${maxLoopPauseMs} ms`)
  }
  const unready = [...dead]
  if (state !== 'RUNNING' && dead.length === 0) unready.push(`the state is ${state}, and not RUNNING`)
  if (draining) unready.push('it is shutting down')
  if (restoring.length > 0) unready.push(`${restoring.length} of ${tasks.length} tasks are being opened or restored`)
  if (maxLag !== undefined && lag !== null && lag > maxLag) {
    unready.push(`${lag} records are still to be processed, and maxLag is ${maxLag}`)
  }
  return { state, live: check(dead), ready: check(unready), restoring, lag, loopPauseMs }
}

const check = (reasons: readonly string[]): HealthCheck => ({ ok: reasons.length === 0, reasons })

const lagOf = (tasks: readonly Task[]): number | null => {
  let lag: number | null = null
  for (const task of tasks) {
    if (task.state !== 'running') continue
    for (const { next, endOffset } of positionsOf(task)) {
      if (endOffset >= 0 && next >= 0) lag = (lag ?? 0) + Math.max(0, endOffset - next)
    }
  }
  return lag
}
