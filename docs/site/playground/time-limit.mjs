import { isResult } from './result-shape.mjs'

/** How long the code of a reader may run. */
export const TIME_LIMIT_MS = 5000

/**
 * Sends the request to a worker of its own, which says `ready` when it is loaded, and resolves with its answer. A worker that does not answer in time,
 * as it does in an endless loop, or that sends anything else, is ended: the answer is then an error. The time counts from `ready` on, so that a slow
 * download is no error.
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
    const start = () => {
      const seconds = limitMs / 1000
      const why = `stopped after ${seconds} seconds: is there an endless loop, or a promise that never resolves?`
      timer = setTimeout(() => failed(why), limitMs)
      worker.postMessage(request)
    }
    worker.onmessage = ({ data }) => {
      if (timer === undefined && data === 'ready') start()
      else if (isResult(data)) end(data)
      else failed('stopped: the code sent the page a message of its own')
    }
    worker.onerror = ({ message }) => failed(message ?? 'the playground could not be loaded: reload the page')
  })
