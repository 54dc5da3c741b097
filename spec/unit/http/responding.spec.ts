import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendParts } from '../../../lib/http/responding'

describe('a text that is made part by part', () => {
  /** Of each part, a part of a second is gone. */
  const slowly = (): void => {
    let now = 0
    jest.spyOn(performance, 'now').mockImplementation(() => (now += 100))
  }

  afterEach(() => jest.restoreAllMocks())

  const answeredWith = async (answer: (response: ServerResponse) => Promise<void>): Promise<Response> => {
    const server = createServer((_request, response) => void answer(response).catch(() => response.destroy()))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      return new Response(await response.text(), response)
    } finally {
      server.close()
    }
  }

  it('is sent whole, and others have their turn between slow parts', async () => {
    slowly()
    const turns: string[] = []
    function* parts(): Generator<string> {
      for (const part of ['a', 'ü', 'c']) {
        setImmediate(() => turns.push(`after ${part}`))
        turns.push(part)
        yield part
      }
    }
    const { signal } = new AbortController()
    const response = await answeredWith((to) => sendParts(to, 'text/plain', parts(), signal))
    expect(await response.text()).toBe('aüc')
    expect(response.headers.get('content-length')).toBe('4')
    expect(turns).toEqual(['a', 'after a', 'ü', 'after ü', 'c', 'after c'])
  })

  it('may be empty', async () => {
    const { signal } = new AbortController()
    const response = await answeredWith((to) => sendParts(to, 'text/plain', [], signal))
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('is no longer made when nobody waits for it', async () => {
    slowly()
    const abort = new AbortController()
    const made: string[] = []
    function* parts(): Generator<string> {
      for (const part of ['a', 'b', 'c']) {
        made.push(part)
        yield part
        abort.abort(new Error('the connection was closed'))
      }
    }
    await expect(answeredWith((to) => sendParts(to, 'text/plain', parts(), abort.signal))).rejects.toThrow()
    expect(made).toEqual(['a', 'b'])
  })
})
