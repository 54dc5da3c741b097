import type { ServerResponse } from 'node:http'

export const EVENT_STREAM = 'text/event-stream; charset=utf-8'

/** Server-sent events to one client, which gets fewer of them if it reads slowly. */
export class EventStream {
  #skippedSince: number | undefined

  constructor(
    private readonly response: ServerResponse,
    /** A client that reads nothing for longer than this is cut off. */
    private readonly patienceMs: number,
  ) {
    response.writeHead(200, {
      'content-type': EVENT_STREAM,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // proxies such as nginx would hold events back
      'x-accel-buffering': 'no',
    })
    response.flushHeaders()
  }

  /** An event that supersedes those before it: while the client is behind, it is dropped, so that no more than one is held in memory. */
  sendLatest(data: string): void {
    const { response } = this
    if (response.writableNeedDrain) {
      this.#skippedSince ??= performance.now()
      if (performance.now() - this.#skippedSince > this.patienceMs) response.destroy()
      return
    }
    this.#skippedSince = undefined
    response.write(`data: ${data}\n\n`)
  }

  end(): void {
    this.response.end()
  }
}
