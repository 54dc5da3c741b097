/** How long the code of a reader may run. */
export const TIME_LIMIT_MS = 5000

/**
 * Sends the request to a worker of its own, which says `ready` when it is loaded, and resolves with its answer. A worker that does not answer in time,
 * as it does in an endless loop, is ended: the answer is then an error. The time counts from `ready` on, so that a slow download is no error.
 */
export const runInWorker = (worker, request, limitMs = TIME_LIMIT_MS) =>
  new Promise((resolve) => {
    let timer
    const end = (result) => {
      clearTimeout(timer)
      worker.terminate()
      resolve(result)
    }
    const failed = (error) => end({ topics: [], stores: [], log: [], error })
    worker.onmessage = ({ data }) => {
      if (data !== 'ready') return end(data)
      timer = setTimeout(
        () =>
          failed(
            `stopped after ${limitMs / 1000} seconds: is there an endless loop, or a promise that never resolves?`,
          ),
        limitMs,
      )
      worker.postMessage(request)
    }
    worker.onerror = ({ message }) => failed(message ?? 'the playground could not be loaded: reload the page')
  })
