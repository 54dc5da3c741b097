/** Whether a callback's result has to be awaited; any thenable counts. */
export const isPromise = (result: unknown): result is Promise<unknown> =>
  typeof result === 'object' && result !== null && typeof (result as { then?: unknown }).then === 'function'
