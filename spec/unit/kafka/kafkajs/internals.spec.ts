import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import {
  connectionFor,
  createBroker,
  createKafkaJsLogger,
  destroyBroker,
  KAFKAJS_VERSION,
  sendFrame,
} from '../../../../lib/kafka/kafkajs/internals'
import { metadataFrame } from '../../../../lib/kafka/kafkajs/connection/metadata'

const logger = createKafkaJsLogger(0, () => () => {})

describe('what millrace uses of kafkajs', () => {
  it('is of the version that it was written for', () => {
    const { version } = jest.requireActual<{ version: string }>('kafkajs/package.json')
    const { dependencies } = jest.requireActual<{ dependencies: Record<string, string> }>('../../../../package.json')
    expect(version).toBe(KAFKAJS_VERSION)
    expect(dependencies['kafkajs']).toBe(KAFKAJS_VERSION)
  })

  it('has the shape that is relied on', () => {
    const broker = createBroker({
      host: '127.0.0.1',
      port: 1,
      kafka: { brokers: [] },
      connectionTimeoutMs: 1_000,
      authenticationTimeoutMs: 1_000,
      logger,
    })
    expect(broker.versions).toBeNull()
    expect(broker.connect).toBeInstanceOf(Function)
    expect(broker.connectionPool.pool).toHaveLength(2)
    expect(broker.connectionPool.send).toBeInstanceOf(Function)
    for (const connection of broker.connectionPool.pool) {
      expect(connection.isConnected()).toBe(false)
      expect(connection.connect).toBeInstanceOf(Function)
      expect(connection.disconnect).toBeInstanceOf(Function)
      expect(connection.rejectRequests).toBeInstanceOf(Function)
      expect(connection.requestQueue.pending).toEqual([])
      expect(connection.requestQueue.scheduleCheckPendingRequests).toBeInstanceOf(Function)
    }
    const FETCH = 1
    expect(connectionFor(broker, FETCH)).not.toBe(connectionFor(broker))
  })

  it('does not change kafkajs for others in the process', () => {
    const RequestQueue = jest.requireActual<{ prototype: object }>('kafkajs/src/network/requestQueue')
    const schedule = Object.getOwnPropertyDescriptor(RequestQueue.prototype, 'scheduleCheckPendingRequests')!
      .value as unknown
    const broker = createBroker({
      host: '127.0.0.1',
      port: 1,
      kafka: { brokers: [], sasl: undefined },
      connectionTimeoutMs: 1_000,
      authenticationTimeoutMs: 1_000,
      logger,
    })
    expect(connectionFor(broker).requestQueue.scheduleCheckPendingRequests).not.toBe(schedule)
    expect(Object.getOwnPropertyDescriptor(RequestQueue.prototype, 'scheduleCheckPendingRequests')!.value).toBe(
      schedule,
    )
  })
})

describe('a broker connection', () => {
  let server: Server
  const sockets: Socket[] = []
  let received: Promise<Buffer>

  beforeEach(async () => {
    sockets.length = 0
    server = createServer((socket) => sockets.push(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    received = once(server, 'connection').then(
      async ([socket]) => ((await once(socket as Socket, 'data')) as [Buffer])[0],
    )
  })
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  const open = (kafka: object = {}): ReturnType<typeof createBroker> =>
    createBroker({
      host: '127.0.0.1',
      port: (server.address() as { port: number }).port,
      kafka: { brokers: [], clientId: 'me', ...kafka },
      connectionTimeoutMs: 1_000,
      authenticationTimeoutMs: 1_000,
      logger,
    })

  it('sends a frame behind its header and hands the body of the response to it', async () => {
    const broker = open()
    const sending = sendFrame(broker, metadataFrame(['t']))
    const request = await received
    expect(request.readInt32BE(0)).toBe(request.length - 4)
    expect([request.readInt16BE(4), request.readInt16BE(6)]).toEqual([3, 7])
    expect(request.toString('utf8', 14, 16)).toBe('me')
    const body = Buffer.alloc(4 + 4 + 2 + 4 + 4) // throttle time, brokers, cluster id, controller, topics
    body.writeInt16BE(-1, 8)
    body.writeInt32BE(7, 10)
    const head = Buffer.alloc(8)
    head.writeInt32BE(body.length + 4, 0)
    request.copy(head, 4, 8, 12)
    sockets[0]!.write(Buffer.concat([head, body]))
    expect(await sending).toEqual({ brokers: [], controllerId: 7, topics: new Map() })
    destroyBroker(broker, new Error('end'))
  })

  it('fails what is pending when the broker closes the connection', async () => {
    const broker = open()
    const sending = sendFrame(broker, metadataFrame([]))
    await received
    sockets[0]!.end()
    await expect(sending).rejects.toThrow('Closed connection')
    destroyBroker(broker, new Error('end'))
  })

  it('fails what is pending when the socket goes away without a word', async () => {
    let socket!: Socket
    const broker = open({
      socketFactory: ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }) =>
        (socket = connect({ host, port }, onConnect)),
    })
    const sending = sendFrame(broker, metadataFrame([]))
    await received
    socket.destroy()
    await expect(sending).rejects.toThrow('Closed connection')
  })

  it('fails what is pending with the reason given when it is destroyed, and closes its socket', async () => {
    const broker = open()
    const sending = sendFrame(broker, metadataFrame([]))
    await received
    const closed = once(sockets[0]!, 'close')
    sockets[0]!.on('error', () => {})
    sockets[0]!.resume()
    destroyBroker(broker, new Error('the reason'))
    await expect(sending).rejects.toThrow('the reason')
    await closed
  })

  it('has no timer running while it is idle', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
    const before = timers()
    const broker = open()
    const sending = sendFrame(broker, metadataFrame([]))
    await received
    expect(timers()).toBeLessThanOrEqual(before)
    destroyBroker(broker, new Error('end'))
    await expect(sending).rejects.toThrow('end')
  })
})
