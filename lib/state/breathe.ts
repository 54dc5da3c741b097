import { setImmediate } from 'node:timers/promises'

/** How many synchronous steps a scan or a batch takes before timers and sockets get their turn. */
const STEPS = 1024

/** Paces a long walk over memory, so that heartbeats and other tasks continue. Throws the signal's reason once aborted. */
export interface Breathing {
  /** Counts one step. */
  due(): boolean
  take(): Promise<void>
}

export const breathe = (signal?: AbortSignal): Breathing => {
  signal?.throwIfAborted()
  let steps = 0
  return {
    due() {
      signal?.throwIfAborted()
      return ++steps === STEPS
    },
    async take() {
      steps = 0
      await setImmediate()
      signal?.throwIfAborted()
    },
  }
}
