import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { listen } from '../../../lib/http'
import type { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import * as serdes from '../../../lib/serdes'
import { EmbeddedApps, until } from '../../support/embedded-apps'
import { httpGet } from '../../support/query-instances'
import { repeatableRandom } from '../../support/input'

const ENTRIES = 10_000
const BIG = 'x'.repeat(2000)

const table = () => {
  const builder = new StreamsBuilder()
  builder.table('rows', { key: serdes.string(), value: serdes.string() }, 'rows')
  return builder.build()
}

describe('the HTTP server under attack', () => {
  let apps: EmbeddedApps
  let streams: KafkaStreams
  let server: Server
  let port: number
  const seen: string[] = []

  beforeAll(async () => {
    apps = new EmbeddedApps({ rows: 1 })
    const value = BIG
    await apps.kafka.produce(
      'rows',
      Array.from({ length: ENTRIES }, (_, i) => ({ key: `k${i}`, value })),
    )
    streams = apps.create(table(), { applicationServer: '127.0.0.1:1' })
    await streams.start()
    server = await listen(streams, {
      port: 0,
      maxResults: 1_000_000,
      requestTimeout: '2s',
      authorize: async ({ headers }, { kind, store }) => {
        seen.push(`${kind} ${store}`)
        if (headers.authorization === 'throw') throw new Error('the database of users is down')
        return kind === 'health' || headers.authorization === 'let me in'
      },
    })
    port = (server.address() as AddressInfo).port
    await until(async () => (await ask(`/stores/rows/keys/k${ENTRIES - 1}`)).json.value === BIG)
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await apps.close()
  })
  // whatever has been done to it, it works
  afterEach(async () => {
    expect((await ask('/stores/rows/keys/k1')).json.value).toBe(BIG)
    expect(streams.state).toBe('RUNNING')
  })

  const ask = (path: string, authorization = 'let me in') => httpGet({ port, path, headers: { authorization } })

  const dial = async (at = port): Promise<Socket> => {
    const socket = connect(at, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }

  const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve))

  /** Everything that comes until the server closes the connection. */
  const sendRaw = async (bytes: string | Buffer): Promise<string> => {
    const socket = await dial()
    socket.write(bytes)
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    await closed(socket)
    return text
  }

  it('listens on the loopback interface alone', () => {
    expect((server.address() as AddressInfo).address).toBe('127.0.0.1')
  })

  it.each([
    'nonsense\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'GET\r\n\r\n',
    '\0\0\0\0\r\n\r\n',
    'GET /stores/rows/keys/a HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n',
    'GET /stores/rows/keys/a\r\nx: y HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /stores/rows/keys/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    'GET /topology HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`,
  ])('answers a malformed request, and closes its connection: %#', async (bytes) => {
    expect(await sendRaw(bytes)).toMatch(/^HTTP\/1.1 4\d\d /)
  })

  it('refuses a body without reading it', async () => {
    const head = 'GET /stores/rows/keys/k1 HTTP/1.1\r\nHost: a\r\nAuthorization: let me in\r\n'
    expect(await sendRaw(`${head}Content-Length: 1000000000\r\n\r\n`)).toMatch(/^HTTP\/1.1 413 /)
    expect(await sendRaw(`${head}Transfer-Encoding: chunked\r\n\r\n`)).toMatch(/^HTTP\/1.1 413 /)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('refuses %s', async (method) => {
    const answer = await sendRaw(
      `${method} /stores/rows/keys/k1 HTTP/1.1\r\nHost: a\r\nAuthorization: let me in\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 405 [^]*allow: GET, HEAD/)
  })

  it.each([
    '/stores/../../../../etc/passwd',
    '/stores/..%2f..%2f..%2fetc%2fpasswd/keys/a',
    '/stores/rows/keys/a/../../../metadata',
    '//stores/rows/keys/a',
    '/stores//rows/keys/a',
    '/./stores/rows/keys/a',
    '/stores/__proto__/keys/a',
    '/stores/constructor/keys/a',
    '/stores/rows%00/keys/a',
    '/stores/rows\\keys\\a',
    '*',
    'http://169.254.169.254/stores/rows/keys/a',
  ])('finds nothing at %s', async (path) => {
    const { status, json } = await ask(path)
    expect(status).toBe(404)
    expect(json).not.toHaveProperty('value')
  })

  it.each(['../../etc/passwd', '__proto__', 'a\r\nset-cookie: x=y', '\u0000', '%', '<script>', '💥'])(
    'takes the key %j for a key',
    async (key) => {
      const { status, json, headers } = await ask(`/stores/rows/keys/${encodeURIComponent(key)}`)
      expect({ status, value: json.value }).toEqual({ status: 200, value: null })
      expect(headers).not.toHaveProperty('set-cookie')
    },
  )

  it('says nothing of its headers that a request has put there', async () => {
    const { text, headers } = await ask('/stores/none%0d%0aset-cookie:%20x=y/keys/a?x%0d%0ay=z')
    expect(headers).not.toHaveProperty('set-cookie')
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    expect(text).not.toContain('\r\n')
  })

  it('refuses URLs and keys that are too long', async () => {
    expect((await ask(`/stores/rows/keys/${'k'.repeat(5000)}`)).status).toBe(414)
    expect((await ask(`/stores/rows/keys?from=${'k'.repeat(5000)}`)).status).toBe(414)
    expect((await ask(`/stores/rows/keys/${'k'.repeat(9000)}`)).status).toBe(414)
  })

  it('lets nobody in whom authorize does not, and says nothing of why', async () => {
    for (const path of ['/stores/rows/keys/k1', '/stores/rows/keys', '/stores/none/keys/a', '/metadata', '/topology']) {
      const { status, text } = await ask(path, 'nobody')
      expect({ path, status }).toEqual({ path, status: 403 })
      expect(text).not.toContain('rows')
      const failed = await ask(path, 'throw')
      expect({ path, status: failed.status }).toEqual({ path, status: 500 })
      expect(failed.text).not.toContain('database of users')
    }
    expect(apps.warnings).toContain(
      "authorize failed, and the request (kind: 'topology') was answered with status 500: the database of users is down",
    )
    expect((await ask('/health/live', 'nobody')).status).toBe(200)
    expect(seen).toEqual(
      expect.arrayContaining(['store rows', 'store none', 'metadata undefined', 'topology undefined']),
    )
  })

  it('keeps little in memory of a scan whose client does not read, and cuts it in the end', async () => {
    const accepted: Socket[] = []
    const accept = (socket: Socket): unknown => accepted.push(socket)
    server.on('connection', accept)
    const sockets: Socket[] = []
    for (let i = 0; i < 6; i++) {
      const socket = await dial()
      socket.pause()
      socket.write('GET /stores/rows/keys HTTP/1.1\r\nHost: a\r\nAuthorization: let me in\r\n\r\n')
      sockets.push(socket)
    }
    await until(() => accepted.length === 6)
    server.off('connection', accept)
    // nobody reads, so what a socket holds only grows until it is cut
    let most = 0
    await until(() => {
      most = Math.max(most, ...accepted.map((socket) => socket.writableLength))
      return accepted.every((socket) => socket.destroyed)
    })
    // the whole answer is 20 MB
    expect(most).toBeLessThan(1_000_000)
    for (const socket of sockets) socket.destroy()
  })

  it('answers no more requests at once than it may, and its probes all the same', async () => {
    const busy = await listen(streams, { port: 0, maxResults: 1_000_000, maxConcurrentRequests: 8 })
    const at = (busy.address() as AddressInfo).port
    const get = (path: string) => httpGet({ port: at, path })
    const sockets: Socket[] = []
    for (let i = 0; i < 8; i++) {
      const socket = await dial(at)
      socket.pause()
      socket.write('GET /stores/rows/keys HTTP/1.1\r\nHost: a\r\n\r\n')
      sockets.push(socket)
    }
    await until(async () => (await get('/stores/rows/keys/k1')).status === 503)
    expect((await get('/stores/rows/keys/k1')).headers['retry-after']).toBe('1')
    expect((await get('/health/ready')).status).toBe(200)
    for (const socket of sockets) socket.destroy()
    await until(async () => (await get('/stores/rows/keys/k1')).status === 200)
    busy.closeAllConnections()
    await new Promise((resolve) => busy.close(resolve))
  })

  it('closes a connection whose request never ends', async () => {
    const { headersTimeout, requestTimeout } = server
    expect({ headersTimeout, requestTimeout }).toEqual({ headersTimeout: 10_000, requestTimeout: 10_000 })
    // sooner, for this test
    Object.assign(server, { headersTimeout: 500, requestTimeout: 500 })
    const socket = await dial()
    socket.write('GET /stores/rows/keys/k1 HTTP/1.1\r\nHost: a\r\n')
    const trickle = setInterval(() => socket.write('x: y\r\n'), 200)
    await closed(socket)
    clearInterval(trickle)
    Object.assign(server, { headersTimeout, requestTimeout })
  })

  it('survives thousands of requests of random bytes', async () => {
    const random = repeatableRandom(7)
    const pieces = [
      'stores',
      'rows',
      'keys',
      'windows',
      '..',
      '%',
      '%2f',
      '?',
      '&',
      '=',
      'from',
      'format=bytes',
      '"',
      '[',
      'k1',
      '\\',
      '😀',
    ]
    for (let i = 0; i < 800; i++) {
      const path = Array.from({ length: random(9) }, () => encodeURI(pieces[random(pieces.length)]!)).join(
        random(2) ? '/' : '',
      )
      const { status } = await ask(`/${path}`)
      expect([200, 400, 404]).toContain(status)
    }
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const socket = await dial()
        socket.write(Buffer.from(Array.from({ length: 500 }, () => random(256))))
        socket.end()
        socket.resume()
        await closed(socket)
      }),
    )
  })

  it('is untouched by clients that leave in the middle of an answer', async () => {
    for (let i = 0; i < 50; i++) {
      const socket = await dial()
      socket.write('GET /stores/rows/keys HTTP/1.1\r\nHost: a\r\nAuthorization: let me in\r\n\r\n')
      await once(socket, 'data')
      socket.destroy()
    }
    await until(async () => (await ask('/stores/rows/keys/k1')).status === 200)
  })
})
