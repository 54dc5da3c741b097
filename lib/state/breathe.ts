import { setImmediate } from 'node:timers/promises'

/** How many synchronous steps a scan or a batch takes before timers and sockets get their turn. */
const STEPS = 1024

/** Paces a long walk over memory, so that heartbeats and other tasks continue. Throws the signal's reason once aborted. */
export interface Breathing {
  /** Counts a step, which may be as long as several usual ones. */
  due(steps?: number): boolean
  take(): Promise<void>
}

export const breathe = (signal?: AbortSignal): Breathing => {
  signal?.throwIfAborted()
  let steps = 0
  return {
    due(count = 1) {
      signal?.throwIfAborted()
      steps += count
      return steps >= STEPS
    },
    async take() {
      steps = 0
      await setImmediate()
      signal?.throwIfAborted()
    },
  }
}
