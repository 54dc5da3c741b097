import type { ServerResponse } from 'node:http'
import { EventStream } from '../../../../lib/http/dashboard/event-stream'

class SlowClient {
  writableNeedDrain = false
  destroyed = false
  readonly written: string[] = []
  headers: Record<string, string> = {}

  writeHead(_: number, headers: Record<string, string>): void {
    this.headers = headers
  }

  flushHeaders(): void {}

  write(text: string): void {
    this.written.push(text)
  }

  destroy(): void {
    this.destroyed = true
  }
}

const streamTo = (client: SlowClient, patienceMs: number): EventStream =>
  new EventStream(client as unknown as ServerResponse, patienceMs)

describe('a stream of server-sent events', () => {
  it('writes events as a browser reads them, uncached', () => {
    const client = new SlowClient()
    streamTo(client, Infinity).sendLatest('{"a":1}')
    expect(client.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    })
    expect(client.written).toEqual(['data: {"a":1}\n\n'])
  })

  it('drops events that a slow client has not read yet, and continues with the latest', () => {
    const client = new SlowClient()
    const stream = streamTo(client, Infinity)
    client.writableNeedDrain = true
    stream.sendLatest('1')
    stream.sendLatest('2')
    client.writableNeedDrain = false
    stream.sendLatest('3')
    expect(client.written).toEqual(['data: 3\n\n'])
    expect(client.destroyed).toBe(false)
  })

  it('cuts off a client that never reads', () => {
    const client = new SlowClient()
    const stream = streamTo(client, -1)
    client.writableNeedDrain = true
    stream.sendLatest('1')
    expect(client.destroyed).toBe(true)
    expect(client.written).toEqual([])
  })
})
