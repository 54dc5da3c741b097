import { KafkaJsProducer } from '../../../../../lib/kafka/kafkajs/producer/producer'
import { PartitionBuffer, sequenceAfter } from '../../../../../lib/kafka/kafkajs/producer/partition-buffer'
import { NO_IDENTITY } from '../../../../../lib/kafka/kafkajs/producer/transaction-requests'
import { ClientError, type Lease, type Producer, type ProducerConfig } from '../../../../../lib/kafka/port'
import { ScriptedBroker } from '../scripted-broker'
import { NO_HEADERS } from '../../../../../lib/record/headers'

const UNKNOWN_TOPIC = 3
const NOT_LEADER = 6
const NOT_ENOUGH_REPLICAS = 19
const TOPIC_AUTHORIZATION_FAILED = 29
const OUT_OF_ORDER = 45
const DUPLICATE = 46
const UNKNOWN_PRODUCER_ID = 59
const INVALID_RECORD = 87

const value = Buffer.from('value')

describe('sequences', () => {
  it('wrap modulo 2^31', () => {
    expect(sequenceAfter(2_147_483_647, 1)).toBe(0)
    expect(sequenceAfter(2_147_483_646, 1)).toBe(2_147_483_647)
    expect(sequenceAfter(2_147_483_640, 20)).toBe(12)
  })

  it('begin where a partition is told to', () => {
    const buffer = new PartitionBuffer('t', 0, NO_IDENTITY)
    buffer.clear(2_147_483_647)
    expect(buffer.nextSequence).toBe(2_147_483_647)
  })
})

describe('the kafkajs producer, answered by a script', () => {
  let broker: ScriptedBroker
  let producer: Producer

  const start = async (config: ProducerConfig = {}): Promise<void> => {
    broker = new ScriptedBroker()
    producer = new KafkaJsProducer(broker.connection, config)
    await producer.init()
  }

  afterEach(() => producer.close())

  const append = (partition = 0): void => producer.append('t', partition, null, value, 0, NO_HEADERS)
  const send = (): Promise<ReadonlyMap<string, number>> => {
    append()
    return producer.flush()
  }
  const sequences = (): number[] => broker.sent.map(({ baseSequence }) => baseSequence)

  it('says which operation on which topic it lacks the right for', async () => {
    await start()
    broker.answer = () => ({ errorCode: TOPIC_AUTHORIZATION_FAILED })
    await expect(send()).rejects.toMatchObject({
      kind: 'authorization',
      operation: 'Write',
      partition: { topic: 't', partition: 0 },
    })
  })

  /** Fails the nth batch that comes. */
  const failNth = (nth: number, errorCode: number): void => {
    let count = 0
    broker.answer = () => (++count === nth ? { errorCode } : broker.append())
  }

  it('sends one batch to a partition where the broker does not know it yet, then up to five', async () => {
    await start()
    const sent: number[] = []
    broker.answer = () => {
      sent.push(broker.sent.length)
      return broker.append()
    }
    const flushed = Array.from({ length: 4 }, send)
    expect(broker.sent).toHaveLength(1)
    await Promise.all(flushed)
    expect(sequences()).toEqual([0, 1, 2, 3])
    const more = Array.from({ length: 7 }, send)
    expect(broker.sent).toHaveLength(9)
    await Promise.all(more)
    expect(sequences()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('sends everything behind a failed batch again, in order and with the same sequences', async () => {
    await start()
    await send()
    broker.sent.length = 0
    // those behind it are out of order until it is in the log
    let failed = false
    broker.answer = ({ baseSequence }) => {
      if (baseSequence === 1 && !failed) {
        failed = true
        return { errorCode: NOT_LEADER }
      }
      return failed && broker.sent.length <= 4 ? { errorCode: OUT_OF_ORDER } : broker.append()
    }
    const flushed = Array.from({ length: 4 }, send)
    expect((await Promise.all(flushed)).map((offsets) => offsets.get('t-0'))).toEqual([1, 2, 3, 4])
    expect(sequences()).toEqual([1, 2, 3, 4, 1, 2, 3, 4])
    expect(broker.sent.every(({ producerEpoch }) => producerEpoch === 0)).toBe(true)
  })

  it.each([
    [UNKNOWN_TOPIC, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [NOT_ENOUGH_REPLICAS, 'NOT_ENOUGH_REPLICAS'],
  ])(
    'says once that the broker refuses records for longer than a leader takes to move: %i',
    async (errorCode, code) => {
      await start()
      let refusals = 0
      broker.answer = () => (refusals++ < 3 ? { errorCode: NOT_LEADER } : broker.append())
      await send()
      expect(broker.warnings).toEqual([])
      refusals = 0
      broker.answer = () => (refusals++ < 20 ? { errorCode } : broker.append())
      await send()
      expect(broker.warnings).toEqual([expect.objectContaining({ topic: 't', partition: 0, code })])
    },
  )

  describe('a refused record that may be dropped', () => {
    const told: string[] = []
    const mayBeRefused = {
      delivered: () => {},
      failed: ({ code }: ClientError) => void told.push(`failed ${code}`),
      refused: ({ code }: ClientError) => void told.push(`refused ${code}`),
    }
    const sendAnd = (): Promise<ReadonlyMap<string, number>> => {
      producer.append('t', 0, null, value, 0, NO_HEADERS, mayBeRefused)
      return producer.flush()
    }
    beforeEach(() => void (told.length = 0))

    it('gives its sequence to the batches behind it, which the broker has not taken', async () => {
      await start()
      await send()
      broker.sent.length = 0
      let refused = false
      let expected = 1
      broker.answer = ({ baseSequence }) => {
        if (baseSequence === 1 && !refused) {
          refused = true
          return { errorCode: INVALID_RECORD }
        }
        return baseSequence === expected ? (expected++, broker.append()) : { errorCode: OUT_OF_ORDER }
      }
      const flushed = [sendAnd(), send(), send(), send()]
      expect((await Promise.all(flushed)).at(-1)).toEqual(new Map([['t-0', 3]]))
      expect(sequences()).toEqual([1, 2, 3, 4, 1, 2, 3])
      expect(told).toEqual(['refused INVALID_RECORD'])
      expect(await send()).toEqual(new Map([['t-0', 4]]))
      expect(broker.sent.at(-1)).toMatchObject({ baseSequence: 4, producerEpoch: 0 })
    })

    it.each([
      [undefined, 'retriable'],
      ['tx', 'abortable'],
    ])('is not where an earlier attempt may have been written, as its sequence is then taken', async (id, kind) => {
      await start(id === undefined ? {} : { transactionalId: id })
      if (id !== undefined) producer.begin()
      await send()
      let attempts = 0
      broker.answer = () =>
        ++attempts === 1 ? new ClientError('retriable', 'the connection was cut') : { errorCode: INVALID_RECORD }
      await expect(sendAnd()).rejects.toMatchObject({ kind, code: 'INVALID_RECORD' })
      expect(told).toEqual(['failed INVALID_RECORD'])
    })
  })

  it('takes a duplicate for a success', async () => {
    await start()
    failNth(1, DUPLICATE)
    expect(await send()).toEqual(new Map())
    expect(await send()).toEqual(new Map([['t-0', 0]]))
  })

  it.each([1, 2, 3, 4])(
    'a restarted broker remembers only the last of %i batches: none is written twice',
    async (written) => {
      await start()
      await send()
      broker.answer = () => new ClientError('retriable', 'the broker went away')
      const flushed = Promise.all(Array.from({ length: 4 }, send))
      let last = written
      broker.answer = ({ baseSequence }) => {
        if (baseSequence === last + 1) last++
        return baseSequence === last ? { errorCode: 0, baseOffset: last } : { errorCode: OUT_OF_ORDER }
      }
      expect((await flushed).at(-1)).toEqual(new Map([['t-0', 4]]))
      expect(await send()).toEqual(new Map([['t-0', 5]]))
      expect(broker.sent.every(({ producerEpoch }) => producerEpoch === 0)).toBe(true)
    },
  )

  it.each([OUT_OF_ORDER, UNKNOWN_PRODUCER_ID])(
    'error %i of the oldest batch: goes on under a new epoch',
    async (errorCode) => {
      await start()
      await send()
      await send()
      broker.sent.length = 0
      broker.answer = ({ producerEpoch }) => (producerEpoch === 0 ? { errorCode } : broker.append())
      await Promise.all([send(), send()])
      broker.answer = () => broker.append()
      expect(broker.sent.slice(-2)).toMatchObject([
        { baseSequence: 0, producerEpoch: 1 },
        { baseSequence: 1, producerEpoch: 1 },
      ])
      // other partitions keep their epoch
      append(1)
      await producer.flush()
      expect(broker.sent.at(-1)).toMatchObject({ partition: 1, baseSequence: 0, producerEpoch: 0 })
    },
  )

  it('does not where the batch may be in the log and the broker has forgotten the producer', async () => {
    await start()
    await send()
    let attempts = 0
    broker.answer = () =>
      ++attempts === 1 ? new ClientError('retriable', 'the connection was cut') : { errorCode: UNKNOWN_PRODUCER_ID }
    await expect(send()).rejects.toMatchObject({ code: 'UNKNOWN_PRODUCER_ID' })
    expect(() => append()).toThrow(expect.objectContaining({ code: 'UNKNOWN_PRODUCER_ID' }))
  })

  it('one partition that fails does not hold up the others', async () => {
    await start({ lingerMs: 60_000 })
    let refusals = 0
    broker.answer = ({ partition }) => (partition === 0 && refusals++ < 3 ? { errorCode: NOT_LEADER } : broker.append())
    append(0)
    append(1)
    append(2)
    const offsets = await producer.flush()
    expect([...offsets.keys()].sort()).toEqual(['t-0', 't-1', 't-2'])
    expect(broker.sent.map(({ partition }) => partition)).toEqual([0, 1, 2, 0, 0, 0])
  })

  it('one request carries every partition that is due', async () => {
    await start()
    let frames = 0
    const { connection } = broker
    const original = connection.send.bind(connection)
    producer = new KafkaJsProducer(
      Object.assign(connection, {
        send: (...args: Parameters<typeof original>) => {
          frames++
          return original(...args)
        },
      }),
      {},
    )
    await producer.init()
    for (let partition = 0; partition < 50; partition++) append(partition)
    await producer.flush()
    expect(frames).toBe(1)
    expect(broker.sent).toHaveLength(50)
  })

  it('fills larger batches while the broker is busy', async () => {
    await start({ batchBytes: 1_000, lingerMs: 60_000 })
    await send()
    broker.sent.length = 0
    for (let i = 0; i < 2_000; i++) append()
    await producer.flush()
    const sizes = broker.sent.map(({ records }) => records)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(2_000)
    expect(sizes.length).toBeLessThan(8)
  })

  describe('that hears when nothing more comes', () => {
    let now: number

    beforeEach(() => {
      now = performance.now()
      jest.spyOn(performance, 'now').mockImplementation(() => now)
    })
    afterEach(() => jest.restoreAllMocks())

    const answered = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await new Promise(setImmediate)
    }
    const LINGER_MS = 100_000

    it('sends what is open at once, in one request, and lets later records linger', async () => {
      await start({ lingerMs: LINGER_MS })
      append(0)
      append(1)
      expect(broker.sent).toEqual([])
      producer.idle()
      expect(broker.sent.map(({ partition }) => partition)).toEqual([0, 1])
      await answered()
      now += LINGER_MS / 2
      append(0)
      await answered()
      expect(broker.sent).toHaveLength(2)
    })

    it('makes at most twenty requests in a linger time', async () => {
      await start({ lingerMs: LINGER_MS })
      for (let i = 0; i < 100; i++) {
        append()
        producer.idle()
        await answered()
        now += LINGER_MS / 100
      }
      expect(broker.sent.length).toBeGreaterThanOrEqual(15)
      expect(broker.sent.length).toBeLessThanOrEqual(20)
      expect(broker.sent.reduce((sum, { records }) => sum + records, 0)).toBeGreaterThan(90)
    })

    it('waits for the answer before', async () => {
      await start({ lingerMs: LINGER_MS })
      append()
      producer.idle()
      now += LINGER_MS / 2
      append()
      producer.idle()
      expect(broker.sent).toHaveLength(1)
      await answered()
      expect(broker.sent).toHaveLength(2)
    })
  })

  describe('with a lease', () => {
    let held: boolean
    let tell: (held: boolean) => void

    const startLeased = async (config: ProducerConfig = {}): Promise<void> => {
      held = true
      const lease: Lease = {
        answeredAt: 0,
        holds: () => held,
        subscribe: (listener) => {
          tell = (now) => {
            held = now
            listener(now)
          }
          return () => {}
        },
      }
      await start({ ...config, lease })
      await send()
      broker.sent.length = 0
    }

    it('sends nothing once it has ended, though nobody was told yet', async () => {
      await startLeased({ lingerMs: 0 })
      held = false
      const flushed = send()
      await new Promise(setImmediate)
      expect(broker.sent).toEqual([])
      tell(true)
      await flushed
      expect(sequences()).toEqual([1])
    })

    it('drops its connections when it ends, and repeats what was under way when it is held again', async () => {
      await startLeased()
      broker.silent = true
      const flushed = Promise.all([send(), send()])
      expect(sequences()).toEqual([1, 2])
      tell(false)
      await new Promise(setImmediate)
      broker.silent = false
      expect(sequences()).toEqual([1, 2])
      tell(true)
      await flushed
      expect(new Set(sequences())).toEqual(new Set([1, 2]))
      expect(sequences().length).toBeGreaterThan(2)
    })

    it('fails after the delivery timeout when it is not held again', async () => {
      await startLeased({ deliveryTimeoutMs: 30 })
      held = false
      await expect(send()).rejects.toMatchObject({ kind: 'retriable', partition: { topic: 't', partition: 0 } })
      expect(broker.sent).toEqual([])
    })
  })

  it('an unexpected error is told, with the partition', async () => {
    await start()
    failNth(1, 29)
    await expect(send()).rejects.toMatchObject({
      kind: 'authorization',
      code: 'TOPIC_AUTHORIZATION_FAILED',
      partition: { topic: 't', partition: 0 },
    })
  })
})
