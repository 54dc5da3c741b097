import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { TcpProxy } from './tcp-proxy'

const FETCH = 1
const METADATA = 3

const request = (apiKey: number, correlationId: number): Buffer => {
  const frame = Buffer.alloc(14)
  frame.writeInt32BE(10, 0)
  frame.writeInt16BE(apiKey, 4)
  frame.writeInt32BE(correlationId, 8)
  return frame
}

/** Answers every request with its correlation id and a body. */
const fakeBroker = async (): Promise<{ server: Server; port: number; received: number[] }> => {
  const received: number[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (let at = 0; at < chunk.length; at += 14) {
        const correlationId = chunk.readInt32BE(at + 8)
        received.push(correlationId)
        const response = Buffer.alloc(12)
        response.writeInt32BE(8, 0)
        response.writeInt32BE(correlationId, 4)
        socket.write(response)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as { port: number }).port, received }
}

describe('TcpProxy', () => {
  let broker: Awaited<ReturnType<typeof fakeBroker>>
  let proxy: TcpProxy
  const clients: Socket[] = []

  const connected = async (): Promise<Socket> => {
    const client = connect(proxy.port, '127.0.0.1')
    client.on('error', () => {})
    clients.push(client)
    await once(client, 'connect')
    return client
  }

  /** The correlation id of the next response. */
  const response = async (client: Socket): Promise<number> => {
    const [chunk] = (await once(client, 'data')) as [Buffer]
    expect(chunk).toHaveLength(12)
    return chunk.readInt32BE(4)
  }

  beforeEach(async () => {
    broker = await fakeBroker()
    proxy = await TcpProxy.listen({ port: 0, target: { host: '127.0.0.1', port: broker.port } })
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    await proxy.close()
    await new Promise((resolve) => broker.server.close(resolve))
  })

  it('forwards', async () => {
    const client = await connected()
    client.write(request(METADATA, 1))
    expect(await response(client)).toBe(1)
  })

  it('forwards frames that come in pieces', async () => {
    const client = await connected()
    const frame = request(METADATA, 1)
    client.write(frame.subarray(0, 5))
    await new Promise((resolve) => setImmediate(resolve))
    client.write(frame.subarray(5))
    expect(await response(client)).toBe(1)
  })

  it('cuts connections and accepts new ones', async () => {
    const client = await connected()
    client.write(request(METADATA, 1))
    await response(client)
    proxy.cut()
    await once(client, 'close')
    const next = await connected()
    next.write(request(METADATA, 2))
    expect(await response(next)).toBe(2)
  })

  it('refuses connections until it is healed', async () => {
    proxy.refuse()
    const told = proxy.refused()
    const refused = connect(proxy.port, '127.0.0.1')
    refused.on('error', () => {})
    await once(refused, 'close')
    await told
    proxy.heal()
    const client = await connected()
    client.write(request(METADATA, 1))
    expect(await response(client)).toBe(1)
  })

  it('holds back while stalled, and forwards then', async () => {
    const client = await connected()
    client.write(request(METADATA, 1))
    await response(client)
    proxy.stall()
    client.write(request(METADATA, 2))
    const bystander = connect(broker.port, '127.0.0.1')
    clients.push(bystander)
    bystander.write(request(METADATA, 3))
    await response(bystander)
    expect(broker.received).toEqual([1, 3])
    proxy.heal()
    expect(await response(client)).toBe(2)
  })

  it('drops the responses to one kind of request', async () => {
    proxy.dropResponses(FETCH, 1)
    const client = await connected()
    client.write(Buffer.concat([request(FETCH, 1), request(METADATA, 2)]))
    expect(await response(client)).toBe(2)
    expect(broker.received).toEqual([1, 2])
    client.write(request(FETCH, 3))
    expect(await response(client)).toBe(3)
  })

  it('cuts a connection in place of a response that the broker has given', async () => {
    proxy.dropResponses(FETCH, 1, 'cut')
    const client = await connected()
    client.write(request(FETCH, 1))
    await once(client, 'close')
    expect(broker.received).toEqual([1])
  })

  it('keeps a request from the broker', async () => {
    proxy.onRequest(({ apiKey }) => (apiKey === FETCH ? 'cut' : 'forward'))
    const client = await connected()
    client.write(request(FETCH, 1))
    await once(client, 'close')
    expect(broker.received).toEqual([])
  })
})
