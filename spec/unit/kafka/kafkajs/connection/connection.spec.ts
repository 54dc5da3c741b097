import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { logLevel, type KafkaConfig } from 'kafkajs'
import { createBackoff, sleep } from '../../../../../lib/kafka/kafkajs/connection/backoff'
import { parseBroker } from '../../../../../lib/kafka/kafkajs/connection/broker-address'
import { KafkaConnection } from '../../../../../lib/kafka/kafkajs/connection/connection'
import { metadataFrame } from '../../../../../lib/kafka/kafkajs/connection/metadata'
import { WireReader, WireWriter } from '../../../../../lib/kafka/kafkajs/protocol/wire'
import type { Logger } from '../../../../../lib/observe/logger'

const API_VERSIONS = 18
const METADATA = 3
const FIND_COORDINATOR = 10

/** Answers the requests of a connection as a broker with one node would. */
class TinyBroker {
  readonly requests: number[] = []
  versions: Array<readonly [key: number, min: number, max: number]> = [
    [METADATA, 0, 12],
    [FIND_COORDINATOR, 0, 4],
  ]
  coordinatorError = 0
  silent = false
  /** names of the topics asked for, by Metadata request */
  readonly asked: string[][] = []
  private readonly sockets = new Set<Socket>()
  private server: Server | undefined
  port = 0

  async start(): Promise<void> {
    this.server = createServer((socket) => this.accept(socket)).listen(this.port, '127.0.0.1')
    await once(this.server, 'listening')
    this.port = (this.server.address() as { port: number }).port
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server?.close()
    if (this.server) await once(this.server, 'close')
    this.server = undefined
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.sockets.delete(socket))
    // requests this small come in one piece
    socket.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += 4 + data.readInt32BE(at)) this.answer(socket, data.subarray(at))
    })
  }

  get connections(): number {
    return this.sockets.size
  }

  private answer(socket: Socket, request: Buffer): void {
    const apiKey = request.readInt16BE(4)
    this.requests.push(apiKey)
    if (this.silent) return
    const w = new WireWriter().raw(request.subarray(8, 12))
    if (apiKey === API_VERSIONS) {
      w.int16(0).array([...this.versions, [API_VERSIONS, 0, 3] as const], ([key, min, max]) =>
        w.int16(key).int16(min).int16(max),
      )
      w.int32(0)
    } else if (apiKey === METADATA) {
      w.int32(0).array([1], (id) => w.int32(id).string('127.0.0.1').int32(this.port).string(null))
      // the client id lies between the head and the topics
      const body = new WireReader(request.subarray(14 + Math.max(0, request.readInt16BE(12))))
      const topics = body.array(() => body.string())
      this.asked.push(topics)
      w.string(null)
        .int32(1)
        .array(topics, (topic) =>
          w
            .int16(0)
            .string(topic)
            .boolean(false)
            .array([0], () =>
              w
                .int16(0)
                .int32(0)
                .int32(1)
                .int32(0)
                .array([], () => {})
                .array([], () => {})
                .array([], () => {}),
            ),
        )
    } else {
      w.int32(0).int16(this.coordinatorError).string(null).int32(1).string('127.0.0.1').int32(this.port)
    }
    const size = Buffer.alloc(4)
    size.writeInt32BE(w.buffer.length)
    socket.write(Buffer.concat([size, w.buffer]))
  }
}

describe('a connection', () => {
  const broker = new TinyBroker()
  let connection: KafkaConnection
  let logged: string[]

  const connect = (kafka: Partial<KafkaConfig> = {}): KafkaConnection => {
    const log = (level: string) => (_: object, message: string) => void logged.push(`${level} ${message}`)
    const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
    const config = { brokers: [`127.0.0.1:${broker.port}`], retry: { initialRetryTime: 1, maxRetryTime: 5 }, ...kafka }
    return (connection = new KafkaConnection({ kafka: config, logger, role: 'test' }))
  }

  beforeEach(async () => {
    logged = []
    broker.silent = false
    broker.requests.length = 0
    broker.asked.length = 0
    await broker.start()
  })
  afterEach(async () => {
    connection.close()
    await broker.stop()
  })

  it('refuses a request whose version the broker does not offer, and says which it does', async () => {
    connect()
    await connection.refreshMetadata()
    broker.versions = [
      [METADATA, 8, 12],
      [FIND_COORDINATOR, 0, 4],
    ]
    await broker.stop()
    await broker.start()
    const refused = {
      kind: 'fatal',
      code: 'UNSUPPORTED_VERSION',
      message: expect.stringMatching(/speaks version 7 of Metadata.*offers versions 8 to 12/) as string,
    }
    await expect(connection.retry('x', () => connection.send(1, metadataFrame([])))).rejects.toMatchObject(refused)
    broker.versions = [
      [METADATA, 0, 12],
      [FIND_COORDINATOR, 0, 4],
    ]
  })

  it('connects anew after the broker has been away, and logs the outage once', async () => {
    connect()
    await connection.refreshMetadata()
    await broker.stop()
    for (let i = 0; i < 3; i++) {
      await expect(connection.refreshMetadata()).rejects.toMatchObject({ kind: 'retriable' })
    }
    await broker.start()
    await connection.refreshMetadata()
    expect(logged.filter((line) => !line.startsWith('debug'))).toEqual([
      'warn no Kafka broker can be reached; trying again until one answers',
      'info Kafka can be reached again',
    ])
  })

  describe('refreshing its metadata', () => {
    it('begins anew for a caller whose topics a refresh under way does not have', async () => {
      connect()
      connection.watch(['first'])
      const first = connection.refreshMetadata()
      connection.watch(['second'])
      await connection.refreshMetadata()
      expect(connection.topic('second')?.partitions).toHaveLength(1)
      await first
      expect(broker.asked).toEqual([['first'], ['first', 'second']])
    })

    it('is shared by all who call while another is under way', async () => {
      connect()
      const first = connection.refreshMetadata()
      connection.watch(['a', 'b'])
      await Promise.all([first, connection.refreshMetadata(), connection.refreshMetadata()])
      expect(broker.asked).toEqual([[], ['a', 'b']])
    })

    it('is not failed by the one before', async () => {
      connect({ requestTimeout: 500 })
      await connection.refreshMetadata()
      connection.watch(['a'])
      broker.silent = true
      const lost = connection.refreshMetadata()
      const next = connection.refreshMetadata()
      await expect(lost.finally(() => (broker.silent = false))).rejects.toMatchObject({ code: 'REQUEST_TIMED_OUT' })
      await next
      expect(connection.leader('a', 0)).toEqual({ leader: 1, leaderEpoch: 0 })
    })
  })

  it('gives up on an answer that does not come, and drops the socket', async () => {
    connect({ requestTimeout: 500 })
    await connection.refreshMetadata()
    broker.silent = true
    broker.requests.length = 0
    await expect(connection.send(1, metadataFrame([]))).rejects.toMatchObject({
      kind: 'retriable',
      code: 'REQUEST_TIMED_OUT',
      message: expect.stringContaining('no answer within 500 ms') as string,
    })
    while (broker.requests.length === 0) await new Promise(setImmediate)
    broker.silent = false
    broker.requests.length = 0
    await connection.send(1, metadataFrame([]))
    expect(broker.requests).toEqual([API_VERSIONS, METADATA])
  })

  it('fails what is pending at once when it is closed', async () => {
    connect()
    await connection.refreshMetadata()
    broker.silent = true
    const pending = [
      connection.send(1, metadataFrame([])),
      connection.refreshMetadata(),
      connection.retry('trying', () => connection.send(1, metadataFrame([]))),
      connection.coordinator('group', 'g'),
    ]
    connection.close()
    for (const result of await Promise.allSettled(pending)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { kind: 'fatal', code: 'CLIENT_CLOSED' } })
    }
    await expect(connection.send(1, metadataFrame([]))).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
  })

  it('leaves no socket behind when it is closed in the turn in which it connects', async () => {
    connect()
    const pending = connection.refreshMetadata()
    connection.close()
    await expect(pending).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    while (broker.connections > 0) await new Promise(setImmediate)
  })

  it('looks a coordinator up once, and again when it is told that it has moved', async () => {
    connect()
    const lookups = (): number => broker.requests.filter((apiKey) => apiKey === FIND_COORDINATOR).length
    expect([await connection.coordinator('group', 'g'), await connection.coordinator('group', 'g')]).toEqual([1, 1])
    expect(lookups()).toBe(1)
    await connection.coordinator('transaction', 'g')
    expect(lookups()).toBe(2)
    connection.forgetCoordinator('group', 'g')
    await connection.coordinator('group', 'g')
    expect(lookups()).toBe(3)
    broker.coordinatorError = 15
    await expect(connection.coordinator('group', 'other')).rejects.toMatchObject({
      kind: 'retriable',
      code: 'COORDINATOR_NOT_AVAILABLE',
      message: expect.stringContaining("group 'other'") as string,
    })
    broker.coordinatorError = 0
  })

  it('repeats what is retriable as often as told, and nothing else', async () => {
    connect({ retry: { initialRetryTime: 1, maxRetryTime: 1, retries: 3 } })
    let attempts = 0
    const failWith = (code: string) => async (): Promise<void> => {
      attempts++
      throw Object.assign(new Error('no'), { code })
    }
    await expect(connection.retry('doing it', failWith('ECONNRESET'))).rejects.toMatchObject({
      message: 'doing it: no',
    })
    expect(attempts).toBe(4)
    attempts = 0
    await expect(connection.retry('doing it', failWith('EACCES'))).rejects.toMatchObject({ kind: 'fatal' })
    expect(attempts).toBe(1)
  })

  it('asks a function for the brokers each time', async () => {
    let asked = 0
    connect({ brokers: () => (++asked === 1 ? ['127.0.0.1:1'] : [`127.0.0.1:${broker.port}`]) })
    await expect(connection.refreshMetadata()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await connection.refreshMetadata()
    expect(asked).toBe(2)
  })

  describe('keeps kafkajs’s log', () => {
    const fail = async (kafka: Partial<KafkaConfig>): Promise<void> => {
      connect({ brokers: ['127.0.0.1:1'], ...kafka })
      await connection.refreshMetadata().catch(() => {})
    }
    const ours = 'warn no Kafka broker can be reached; trying again until one answers'

    it('to debug by default', async () => {
      await fail({})
      expect(logged).toEqual(['debug Connection error: connect ECONNREFUSED 127.0.0.1:1', ours])
    })

    it('at its own level where one is asked for', async () => {
      await fail({ logLevel: logLevel.ERROR })
      expect(logged).toEqual(['error Connection error: connect ECONNREFUSED 127.0.0.1:1', ours])
    })

    it('to the user’s own log where there is one', async () => {
      const theirs: string[] = []
      await fail({
        logCreator:
          () =>
          ({ log }) =>
            void theirs.push(log.message),
      })
      expect(theirs.join()).toContain('ECONNREFUSED')
      expect(logged).toEqual([ours])
    })
  })
})

describe('broker addresses', () => {
  it.each([
    ['kafka:9093', 'kafka', 9093],
    ['kafka', 'kafka', 9092],
    ['10.0.0.1:1', '10.0.0.1', 1],
    ['[::1]:9094', '::1', 9094],
  ])('%s', (text, host, port) => {
    expect(parseBroker(text)).toEqual({ host, port })
  })

  it.each(['', ':9092', 'a:b', 'http://kafka:9092'])('%p is refused', (text) => {
    expect(() => parseBroker(text)).toThrow('host:port')
  })
})

describe('backoff', () => {
  it('doubles up to its bound, with jitter', () => {
    const backoff = createBackoff()
    const around = (attempt: number, expected: number): void => {
      expect(backoff.delay(attempt)).toBeGreaterThanOrEqual(expected * 0.8 - 1)
      expect(backoff.delay(attempt)).toBeLessThanOrEqual(expected * 1.2 + 1)
    }
    for (const [attempt, expected] of [
      [0, 100],
      [1, 200],
      [3, 800],
      [4, 1_000],
      [5_000, 1_000],
    ] as const)
      around(attempt, expected)
  })

  it('is cut short by its signal', async () => {
    const closing = new AbortController()
    const sleeping = sleep(600_000, closing.signal)
    closing.abort()
    await sleeping
    await sleep(600_000, closing.signal)
  })
})
