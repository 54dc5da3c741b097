import { type AddressInfo, createServer } from 'node:net'
import { logLevel, type KafkaConfig } from 'kafkajs'
import { createBackoff, sleep } from '../../../../../lib/kafka/kafkajs/connection/backoff'
import { parseBroker } from '../../../../../lib/kafka/kafkajs/connection/broker-address'
import { KafkaConnection } from '../../../../../lib/kafka/kafkajs/connection/connection'
import { metadataFrame } from '../../../../../lib/kafka/kafkajs/connection/metadata'
import { Outage } from '../../../../../lib/kafka/kafkajs/connection/outage'
import { ClientError } from '../../../../../lib/kafka/port'
import { errorLine } from '../../../../../lib/observe/error-text'
import type { Logger } from '../../../../../lib/observe/logger'
import { block } from '../../../../support/block'
import { API_VERSIONS, FIND_COORDINATOR, METADATA, TinyBroker } from '../tiny-broker'

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
    broker.held = undefined
    broker.requests.length = 0
    broker.asked.length = 0
    broker.garbage.clear()
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

  it('connections of one client tell of an outage once, and once that it is over', async () => {
    const log = (level: string) => (_: object, message: string) => void logged.push(`${level} ${message}`)
    const logger: Logger = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') }
    const kafka = { brokers: [`127.0.0.1:${broker.port}`] }
    const outage = new Outage(logger)
    const all = ['a', 'b', 'c'].map((role) => (connection = new KafkaConnection({ kafka, logger, role, outage })))
    const refreshed = (): Promise<unknown> => Promise.allSettled(all.map((one) => one.refreshMetadata()))
    await refreshed()
    await broker.stop()
    await refreshed()
    await refreshed()
    await broker.start()
    await refreshed()
    expect(logged).toEqual([
      'warn no Kafka broker can be reached; trying again until one answers',
      'info Kafka can be reached again',
    ])
    for (const one of all) one.close()
  })

  it('an attempt from before another connection got through is no new outage', () => {
    const outage = new Outage({
      debug: () => {},
      info: () => logged.push('reached'),
      warn: () => logged.push('unreachable'),
      error: () => {},
    })
    const attemptedAt = performance.now()
    outage.unreachable(attemptedAt, undefined)
    outage.reached('b:9092')
    outage.unreachable(attemptedAt, undefined)
    expect(logged).toEqual(['unreachable', 'reached'])
  })

  it.each([
    ['zero', 0],
    ['negative', -1],
    ['too short for a correlation id', 3],
    ['beyond all that was asked for, as "HTTP" read as a number', 0x48545450],
  ])('a response whose length is %s breaks the connection, and the request is tried again', async (_, length) => {
    connect()
    await connection.refreshMetadata()
    const garbage = Buffer.alloc(64)
    garbage.writeInt32BE(length)
    broker.garbage.set(METADATA, garbage)
    for (let i = 0; i < 3; i++) {
      await expect(connection.send(1, metadataFrame([]))).rejects.toMatchObject({
        kind: 'retriable',
        code: 'INVALID_RESPONSE',
        message: expect.stringContaining(`${length} can't be the length of a response`) as string,
      })
    }
    broker.garbage.clear()
    await connection.send(1, metadataFrame([]))
    expect(logged.filter((line) => !line.startsWith('debug'))).toEqual([
      'warn a broker answered with bytes that are no Kafka response: its connection was closed, and the requests are tried again',
    ])
  })

  it('so does one while it connects', async () => {
    broker.garbage.set(API_VERSIONS, Buffer.alloc(16))
    connect()
    await expect(connection.refreshMetadata()).rejects.toMatchObject({ kind: 'retriable', code: 'INVALID_RESPONSE' })
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

  it('waits for 24 days where it is told to wait for longer, as for the answer to a JoinGroup: no longer timer exists', async () => {
    connect()
    await connection.refreshMetadata()
    const held: (() => void)[] = (broker.held = [])
    const answered = connection.send(1, metadataFrame([]), 2 ** 31 + 5000)
    while (held.length === 0) await new Promise(setImmediate)
    setTimeout(held[0]!, 10)
    expect(await answered).toMatchObject({ brokers: [{ port: broker.port }] })
  })

  it('takes an answer that arrived while a callback kept the event loop busy for longer than the timeout', async () => {
    connect({ requestTimeout: 1000 })
    await connection.refreshMetadata()
    const held: (() => void)[] = (broker.held = [])
    const answered = connection.send(1, metadataFrame([]))
    while (held.length === 0) await new Promise(setImmediate)
    setImmediate(() => {
      held[0]!()
      block(1100)
    })
    expect(await answered).toMatchObject({ brokers: [{ port: broker.port }] })
  })

  describe('that is disconnected', () => {
    const cause = new ClientError('retriable', 'the lease has ended', 'LEASE_ENDED')

    it('reads answers that arrived while a callback kept the event loop busy, then drops its sockets', async () => {
      connect()
      await connection.refreshMetadata()
      const held: (() => void)[] = (broker.held = [])
      const answered = connection.send(1, metadataFrame([]))
      while (held.length === 0) await new Promise(setImmediate)
      const silent = connection.send(1, metadataFrame([]))
      setTimeout(() => {
        held[0]!()
        block(50)
        connection.disconnect(cause)
      })
      expect(await Promise.allSettled([answered, silent])).toMatchObject([
        { status: 'fulfilled' },
        { status: 'rejected', reason: cause },
      ])
      while (broker.connections > 0) await new Promise(setImmediate)
    })

    it('does not take that for an outage', async () => {
      connect()
      await connection.refreshMetadata()
      const held: (() => void)[] = (broker.held = [])
      const refreshed = connection.refreshMetadata()
      while (held.length === 0) await new Promise(setImmediate)
      connection.disconnect(cause)
      await expect(refreshed).rejects.toBe(cause)
      broker.held = undefined
      await connection.refreshMetadata()
      expect(logged.filter((line) => !line.startsWith('debug'))).toEqual([])
    })

    it('drops its sockets at once where a part of a request is still to be written', async () => {
      connect()
      await connection.refreshMetadata()
      broker.pause()
      const { decode, ...metadata } = metadataFrame([])
      const large = { ...metadata, decode, pieces: () => [Buffer.alloc(64 << 20)] }
      let failure: unknown
      const sent = connection.send(1, large).catch((error: unknown) => (failure = error))
      await new Promise(setImmediate)
      connection.disconnect(cause)
      await new Promise(process.nextTick)
      for (let i = 0; i < 20; i++) await Promise.resolve()
      expect(failure).toBe(cause)
      await sent
    })
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

  it('repeats for as long as it may, whatever happens to the wall clock', async () => {
    connect()
    const wallClock = jest.spyOn(Date, 'now')
    let attempts = 0
    const done = connection.retry('doing it', async () => {
      wallClock.mockReturnValue(++attempts * 7_200_000)
      if (attempts < 5) throw Object.assign(new Error('no'), { code: 'ECONNRESET' })
    })
    await done.finally(() => wallClock.mockRestore())
    expect(attempts).toBe(5)
  })

  it('asks a function for the brokers each time', async () => {
    let asked = 0
    connect({ brokers: () => (++asked === 1 ? ['127.0.0.1:1'] : [`127.0.0.1:${broker.port}`]) })
    await expect(connection.refreshMetadata()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await connection.refreshMetadata()
    expect(asked).toBe(2)
  })

  it('says once that no broker can be reached, why, and what to check', async () => {
    connect({ brokers: ['127.0.0.1:1'] })
    const error: unknown = await connection.refreshMetadata().catch((thrown: unknown) => thrown)
    expect(errorLine(error)).toBe(
      'ClientError [ECONNREFUSED]: no broker could be reached: connecting to broker 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1; ' +
        'check `kafka.brokers` and the network',
    )
  })

  it('says that TLS and SASL may not be those of the port, where the broker ends the connection', async () => {
    const closing = createServer((socket) => socket.resume().end())
    await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve))
    const { port } = closing.address() as AddressInfo
    try {
      for (const ssl of [undefined, true]) {
        connect({ brokers: [`127.0.0.1:${port}`], ...(ssl && { ssl }) })
        await expect(connection.refreshMetadata()).rejects.toMatchObject({
          kind: 'retriable',
          nextStep:
            'check `kafka.brokers` and the network, and that `kafka.ssl` and `kafka.sasl` are those of its port',
        })
      }
    } finally {
      await new Promise((resolve) => closing.close(resolve))
    }
  })

  it('names all brokers that it has tried', async () => {
    connect({ brokers: ['127.0.0.1:1', '127.0.0.1:2'] })
    await expect(connection.refreshMetadata()).rejects.toMatchObject({
      message: expect.stringMatching(
        /^no broker could be reached \(tried 127\.0\.0\.1:[12], 127\.0\.0\.1:[12]\): connecting to broker 127\.0\.0\.1:/,
      ) as string,
    })
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
    [' kafka:9094 ', 'kafka', 9094],
    ['10.0.0.1:1', '10.0.0.1', 1],
    ['[::1]:9094', '::1', 9094],
  ])('%s', (text, host, port) => {
    expect(parseBroker(text)).toEqual({ host, port })
  })

  it.each([
    ['', 'host:port'],
    [':9092', 'host:port'],
    ['a:b', 'host:port'],
    ['user@a:1', 'host:port'],
    ['a:1/', 'host:port'],
    ['kafka', "the port is missing: write 'kafka:9092'"],
    ['http://kafka:9092', "write 'kafka:9092', without http://"],
    ['a:1 b:2', "'a:1', 'b:2'"],
    ['a:0', 'port 0'],
  ])('%p is refused', (text, how) => {
    expect(() => parseBroker(text)).toThrow(how)
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
