import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { logLevel } from 'kafkajs'
import {
  connectionFor,
  createBroker,
  createKafkaJsLogger,
  destroyBroker,
  KAFKAJS_VERSION,
  kafkaJsLogLevels,
  sendFrame,
} from '../../../../lib/kafka/kafkajs/internals'
import { produceRequest } from '../../../../lib/kafka/kafkajs/producer/produce-request'
import { bulky, type Frame } from '../../../../lib/kafka/kafkajs/protocol/frame'
import { ResponseMemory } from '../../../../lib/kafka/kafkajs/protocol/response-memory'
import { metadataFrame } from '../../../../lib/kafka/kafkajs/connection/metadata'

const logger = createKafkaJsLogger(0, () => () => {})

describe('what millrace uses of kafkajs', () => {
  it('is of the version that it was written for', () => {
    const { version } = jest.requireActual<{ version: string }>('kafkajs/package.json')
    const { dependencies } = jest.requireActual<{ dependencies: Record<string, string> }>('../../../../package.json')
    expect(version).toBe(KAFKAJS_VERSION)
    expect(dependencies['kafkajs']).toBe(KAFKAJS_VERSION)
  })

  it('has the log levels that its users give', () => {
    const { ERROR, WARN, INFO } = logLevel
    expect(kafkaJsLogLevels()).toMatchObject({ ERROR, WARN, INFO })
  })

  it('has the shape that is relied on', () => {
    const broker = createBroker({
      host: '127.0.0.1',
      port: 1,
      kafka: { brokers: [] },
      connectionTimeoutMs: 1_000,
      authenticationTimeoutMs: 1_000,
      logger,
      memory: new ResponseMemory(),
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
      expect(connection.nextCorrelationId()).toBeLessThan(connection.nextCorrelationId())
      expect(connection.isAuthenticated).toBeInstanceOf(Function)
      expect([connection.clientId, connection.sasl]).toEqual(['kafkajs', null])
      expect(connection.requestQueue.push).toBeInstanceOf(Function)
      expect(connection.requestQueue.fulfillRequest).toBeInstanceOf(Function)
      expect(connection.authHandlers).toBeNull()
      expect(connection.requestQueue.pending).toEqual([])
      expect(connection.requestQueue.scheduleCheckPendingRequests).toBeInstanceOf(Function)
      expect(connection.requestQueue.sendSocketRequest).toBeInstanceOf(Function)
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
      memory: new ResponseMemory(),
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

  const open = (kafka: object = {}, mayProduce = (): boolean => true): ReturnType<typeof createBroker> =>
    createBroker({
      mayProduce,
      host: '127.0.0.1',
      port: (server.address() as { port: number }).port,
      kafka: { brokers: [], clientId: 'me', ...kafka },
      connectionTimeoutMs: 1_000,
      authenticationTimeoutMs: 1_000,
      logger,
      memory: new ResponseMemory(),
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

  it('sends large byte arrays as they are, behind the same header', async () => {
    const broker = open()
    await connectionFor(broker).connect()
    const bytes = Buffer.alloc(200_000, 'batch')
    const frame: Frame<number> = bulky(
      { key: 0, version: 7, name: 'Produce' },
      (writer) => writer.string('before').bytes(bytes).bytes(Buffer.from('small')).bytes(bytes).int32(7),
      (reader) => reader.int32(),
      0,
    )
    const body = frame.encode().buffer
    const sending = sendFrame(broker, frame)
    const request = [await received]
    const length = (): number => request.reduce((sum, part) => sum + part.length, 0)
    while (length() < request[0]!.readInt32BE(0) + 4) request.push(...((await once(sockets[0]!, 'data')) as [Buffer]))
    const sent = Buffer.concat(request)
    expect([sent.readInt16BE(4), sent.readInt16BE(6), sent.toString('utf8', 14, 16)]).toEqual([0, 7, 'me'])
    expect(sent.subarray(16).equals(body)).toBe(true)
    const answer = Buffer.alloc(12)
    answer.writeInt32BE(8, 0)
    sent.copy(answer, 4, 8, 12)
    answer.writeInt32BE(42, 8)
    sockets[0]!.write(answer)
    expect(await sending).toBe(42)
    destroyBroker(broker, new Error('end'))
  })

  it('fails a request in pieces whose response can not be read', async () => {
    const broker = open()
    await connectionFor(broker).connect()
    const sending = sendFrame(broker, produceRequest([], null, 1_000))
    const request = await received
    const answer = Buffer.alloc(8)
    answer.writeInt32BE(4, 0)
    request.copy(answer, 4, 8, 12)
    sockets[0]!.write(answer)
    await expect(sending).rejects.toMatchObject({ name: 'RangeError' })
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

  it('resets its sockets when told to: the operating system drops what it has not sent', async () => {
    const broker = open()
    const sending = sendFrame(broker, metadataFrame([]))
    await received
    const failed = once(sockets[0]!, 'error')
    sockets[0]!.resume()
    destroyBroker(broker, new Error('the reason'), { reset: true })
    await expect(sending).rejects.toThrow('the reason')
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }])
  })

  it.each([
    ['open', () => {}],
    ['ended already', (socket: Socket) => void socket.end()],
    ['full of what is still to be written', (socket: Socket) => void socket.write(Buffer.alloc(64 * 1024 * 1024))],
  ])('lets go of the handle of a socket that it resets while it is %s', async (_, prepare) => {
    const handles = (): number => process.getActiveResourcesInfo().filter((type) => type === 'TCPSocketWrap').length
    const broker = open()
    const sending = sendFrame(broker, metadataFrame([]))
    await received
    const { socket } = connectionFor(broker)
    const [before, errors] = [handles(), [] as Error[]]
    socket!.on('error', (error) => errors.push(error))
    prepare(socket!)
    const closed = once(socket!, 'close')
    destroyBroker(broker, new Error('the reason'), { reset: true })
    await expect(sending).rejects.toThrow('the reason')
    await closed
    expect([handles(), errors]).toEqual([before - 1, []])
  })

  it('asks before each Produce request, and sends the others', async () => {
    const asked: boolean[] = []
    const broker = open({}, () => {
      asked.push(false)
      return false
    })
    await expect(sendFrame(broker, produceRequest([], null, 1_000))).rejects.toMatchObject({
      kind: 'retriable',
      code: 'LEASE_ENDED',
    })
    expect(asked).toEqual([false])
    const sending = sendFrame(broker, metadataFrame([]))
    expect((await received).readInt16BE(4)).toBe(3)
    destroyBroker(broker, new Error('end'))
    await expect(sending).rejects.toThrow('end')
  })

  it('asks again before a Produce request that had to wait in the queue', async () => {
    let mayProduce = true
    const broker = open({}, () => mayProduce)
    await broker.connectionPool.pool[0]!.connect()
    const queue = connectionFor(broker).requestQueue as unknown as {
      pending: unknown[]
      throttledUntil: number
      checkPendingRequests(): void
    }
    queue.throttledUntil = Date.now() + 60_000
    const sending = sendFrame(broker, produceRequest([], null, 1_000))
    const refused = expect(sending).rejects.toMatchObject({ code: 'LEASE_ENDED' })
    while (queue.pending.length === 0) await new Promise(setImmediate)
    mayProduce = false
    queue.throttledUntil = -1
    queue.checkPendingRequests()
    await refused
    destroyBroker(broker, new Error('end'))
  })

  it('has no timer running while it is idle', () => {
    const queue = connectionFor(open()).requestQueue as unknown as {
      throttleCheckTimeoutId: unknown
      checkPendingRequests(): void
    }
    queue.checkPendingRequests() // as after each response
    expect(queue.throttleCheckTimeoutId).toBeNull()
  })
})
