import { breathe } from '../../state/breathe'
import { withDeadline } from '../pause'
import type { RunningTask } from '../tasks/task'

/** Held until its pending callbacks have settled and a commit has sealed what they did. */
interface Draining {
  readonly release: () => void
  readonly done: Promise<void>
  settled: boolean
}

export interface PendingCallbacksListener {
  /** Tasks that were held may be processed. */
  released(): void
  /** A task that the last commit had to do without is ready for one. */
  commitRequested(): void
  taskFailed(task: RunningTask, error: unknown): void
}

/** The tasks whose callbacks return promises, as commits wait for them. */
export class PendingCallbacks {
  readonly #draining = new Map<RunningTask, Draining>()

  constructor(
    private readonly tasks: { readonly running: readonly RunningTask[]; isRunning(task: RunningTask): boolean },
    private readonly listener: PendingCallbacksListener,
  ) {}

  /**
   * Holds the tasks that await callbacks until those have settled. A task still pending after `ms` stays held without being
   * waited for, and requests a commit when it is done: if released earlier, it would await the next callbacks when the commit comes. The
   * returned function releases the settled ones; all other tasks keep processing.
   */
  async drain(ms: number): Promise<() => void> {
    const { tasks, listener } = this
    for (const [task, { release }] of this.#draining) {
      if (tasks.isRunning(task)) continue
      this.#draining.delete(task)
      // it may only be suspended
      release()
    }
    const begun: Promise<void>[] = []
    let late = false
    for (const task of tasks.running) {
      if (!task.processing.awaitsCallbacks || this.#draining.has(task)) continue
      const draining: Draining = {
        release: task.hold(),
        settled: false,
        done: drained(task)
          .catch((error: unknown) => {
            if (tasks.isRunning(task)) listener.taskFailed(task, error)
          })
          .then(() => {
            draining.settled = true
            if (late) listener.commitRequested()
          }),
      }
      this.#draining.set(task, draining)
      begun.push(draining.done)
    }
    if (begun.length > 0) await withDeadline(Promise.all(begun), ms)
    late = true
    return () => {
      for (const [task, { settled, release }] of this.#draining) {
        if (!settled) continue
        this.#draining.delete(task)
        release()
      }
      listener.released()
    }
  }
}

/**
 * Resolves when the callbacks of a task have settled, those as well into which its caches are flushed. During a pause of the
 * flush they may write into caches that it is done with.
 */
const drained = async ({ processing }: RunningTask): Promise<void> => {
  const pause = breathe()
  let hasPaused: boolean
  do {
    await processing.drained()
    hasPaused = false
    while (!processing.flushCaches(() => pause.due())) {
      hasPaused = true
      await pause.take()
    }
  } while (hasPaused || processing.isBusy)
}
