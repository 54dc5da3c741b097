import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { EmbeddedKafka } from '../../../../lib/kafka/memory'
import { ClientError, type KafkaClient, type Producer } from '../../../../lib/kafka/port'
import { partitionFor } from '../../../../lib/bytes/murmur2'
import { MissingDependency } from '../../../../lib/serdes/missing-dependency'
import type { Serde } from '../../../../lib/serdes/serde'
import * as serdes from '../../../../lib/serdes'
import { KafkaProducer, type KafkaProducerConfig } from '../../../../lib/runtime/producer/kafka-producer'
import { EmbeddedApps } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const topics = { lines: text, counts: { value: serdes.long() } }

let kafka: EmbeddedKafka
/** The client's producers, in the order in which they were made. */
let ports: Producer[]
const open: KafkaProducer[] = []

beforeEach(() => {
  kafka = new EmbeddedKafka({ topics: { lines: 4, counts: 1 } })
  ports = []
  const client = kafka.client.bind(kafka)
  kafka.client = (): KafkaClient => {
    const made = client()
    const producer = made.producer.bind(made)
    made.producer = (config) => {
      const port = producer(config)
      ports.push(port)
      return port
    }
    return made
  }
})

afterEach(async () => {
  for (const producer of open.splice(0)) await producer.close()
  await kafka.close()
})

const create = (config: Partial<KafkaProducerConfig<typeof topics>> = {}): KafkaProducer<typeof topics> => {
  const producer = new KafkaProducer({ kafka, topics, logLevel: 'silent', ...config })
  open.push(producer as KafkaProducer)
  return producer
}

const valuesOf = async (topic: string): Promise<Array<string | null>> =>
  (await kafka.read(topic, text)).map(({ value }) => value)

/** Time passes only when it is told to, so that a slow machine runs into no limit. */
const fakingTimers = async (work: () => Promise<void>): Promise<void> => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'Date'] })
  try {
    await work()
  } finally {
    jest.useRealTimers()
  }
}

describe('send', () => {
  test('takes text in a list of headers, and refuses what is neither text nor bytes', async () => {
    const producer = create()
    await producer.send('lines', 'a', 'hello', {
      headers: [
        ['tag', 'web'],
        ['tag', Buffer.of(1)],
        ['none', null],
      ],
    })
    const [record] = await kafka.read('lines', text)
    expect(record!.headers).toEqual([
      ['tag', Buffer.from('web')],
      ['tag', Buffer.of(1)],
      ['none', null],
    ])
    for (const headers of [{ attempt: 3 }, [['attempt', 3]], ['web'], 'web']) {
      await expect(producer.send('lines', 'a', 'hello', { headers: headers as never })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(
          "send needs options.headers to be texts or bytes by their names, such as { source: 'web' }",
        ) as string,
      })
    }
  })

  test.each([[-1], [1.5], [NaN], [new Date(-1)]])('refuses the timestamp %p', async (timestamp) => {
    await expect(create().send('lines', 'a', 'hello', { timestamp })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('send needs options.timestamp to be a whole number of milliseconds') as string,
    })
    expect(await valuesOf('lines')).toEqual([])
  })

  test('tells where the record is, and writes it with headers and timestamp', async () => {
    const producer = create()
    const sent = await producer.send('lines', 'a', 'hello', {
      headers: { source: 'web', trace: Buffer.of(1) },
      timestamp: new Date(5),
    })
    const partition = partitionFor('a', 4)
    expect(sent).toEqual({ topic: 'lines', partition, offset: 0, timestamp: 5 })
    expect(await kafka.read('lines', text)).toEqual([
      {
        ...sent,
        key: 'a',
        value: 'hello',
        headers: [
          ['source', Buffer.from('web')],
          ['trace', Buffer.of(1)],
        ],
      },
    ])
  })

  test('has taken the bytes of a record that waits, which may be changed afterwards', async () => {
    const bytes = { key: serdes.bytes(), value: serdes.bytes() }
    const producer = new KafkaProducer({ kafka, topics: { lines: bytes }, logLevel: 'silent' })
    open.push(producer as unknown as KafkaProducer)
    const buffer = Buffer.alloc(5)
    const sent = ['first', 'again'].map((word) => {
      buffer.write(word)
      return producer.send('lines', buffer, buffer, { headers: { word: buffer }, partition: 0 })
    })
    buffer.write('later')
    await Promise.all(sent)
    const records = await kafka.read('lines', text)
    expect(records.map(({ key, value, headers }) => [key, value, headers[0]![1]!.toString()])).toEqual([
      ['first', 'first', 'first'],
      ['again', 'again', 'again'],
    ])
  })

  test('tells the offset of each of many records of one turn', async () => {
    const producer = create()
    const sent = await Promise.all(
      Array.from({ length: 500 }, (_, i) => producer.send('lines', null, `${i}`, { partition: 2 })),
    )
    expect(sent.map(({ offset }) => offset)).toEqual(Array.from({ length: 500 }, (_, i) => i))
    expect(await valuesOf('lines')).toEqual(sent.map((_, i) => `${i}`))
  })

  test('writes a tombstone for null, and refuses undefined', async () => {
    const producer = create()
    await producer.send('counts', 'a', null)
    expect(await kafka.read('counts', { value: serdes.long() })).toMatchObject([{ key: 'a', value: null }])
    await expect(producer.send('counts', 'a', undefined as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a value can be changed once the call has returned', async () => {
    const producer = new KafkaProducer({ kafka, topics: { lines: { value: serdes.json<{ n: number }>() } } })
    open.push(producer as KafkaProducer)
    const value = { n: 1 }
    const sent = producer.send('lines', 'a', value)
    value.n = 2
    await sent
    expect(await valuesOf('lines')).toEqual(['{"n":1}'])
  })

  test('a value that the serde can not write fails alone', async () => {
    const producer = create()
    const bad = producer.send('counts', 'a', 'five' as never)
    const good = producer.send('counts', 'b', 5)
    await expect(bad).rejects.toMatchObject({ code: 'SERIALIZATION_FAILED', location: { topic: 'counts' } })
    expect(await good).toMatchObject({ offset: 0 })
  })

  test('a record above maxRequestSize fails alone', async () => {
    const producer = create({ producer: { maxRequestSize: 1000 } })
    await producer.send('lines', 'a', 'first')
    await expect(producer.send('lines', 'a', 'x'.repeat(2000))).rejects.toMatchObject({ code: 'PRODUCTION_FAILED' })
    expect(await producer.send('lines', 'a', 'second')).toMatchObject({ offset: 1 })
  })

  test('a topic that is not named is refused with the nearest one', async () => {
    const sent = create().send('line' as 'lines', 'a', 'b')
    await expect(sent).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/"lines"/) })
  })

  test('a topic that does not exist fails its records, and not those of others', async () => {
    const producer = new KafkaProducer({ kafka, topics: { ...topics, absent: text } })
    open.push(producer as KafkaProducer)
    await fakingTimers(async () => {
      const missing = Promise.allSettled([producer.send('absent', 'a', '1'), producer.send('absent', 'a', '2')])
      expect(await producer.send('lines', 'a', 'there')).toMatchObject({ offset: 0 })
      await jest.advanceTimersByTimeAsync(11_000)
      const reason = { code: 'PRODUCTION_FAILED', location: { topic: 'absent' } }
      expect(await missing).toMatchObject([{ reason }, { reason }])
    })
  })

  test('a topic that is created soon takes the records that wait for it, in their order', async () => {
    const producer = new KafkaProducer({ kafka, topics: { late: text } })
    open.push(producer as KafkaProducer)
    const sent = ['1', '2', '3'].map((value) => producer.send('late', 'a', value))
    await kafka.createTopic('late')
    await Promise.all(sent)
    expect(await valuesOf('late')).toEqual(['1', '2', '3'])
  })

  test('a partition that the topic does not have is refused', async () => {
    await expect(create().send('lines', 'a', 'b', { partition: 4 })).rejects.toMatchObject({
      code: 'PRODUCTION_FAILED',
      location: { topic: 'lines', partition: 4 },
    })
  })

  test.each([4, 0.5, NaN])('a partitioner that chooses %p of four partitions fails the record', async (chosen) => {
    const producer = new KafkaProducer({ kafka, topics: { lines: { ...text, partitioner: () => chosen } } })
    open.push(producer as KafkaProducer)
    await expect(producer.send('lines', 'a', 'b')).rejects.toMatchObject({
      code: 'PRODUCTION_FAILED',
      message: `partition ${chosen} of topic "lines" was chosen, which has 4 partitions`,
      location: { topic: 'lines', partition: chosen },
    })
    expect(await valuesOf('lines')).toEqual([])
  })

  test('records behind one whose serde fetches something keep their order', async () => {
    let fetched = false
    const lazy: Serde<string> = {
      ...text.value,
      serialize(topic, value, headers) {
        if (!fetched) throw new MissingDependency('fetch', async () => void (fetched = true))
        return text.value.serialize(topic, value, headers)
      },
    }
    const producer = new KafkaProducer({ kafka, topics: { counts: { value: lazy } } })
    open.push(producer as KafkaProducer)
    await Promise.all(['1', '2', '3'].map((value) => producer.send('counts', 'a', value)))
    expect(await valuesOf('counts')).toEqual(['1', '2', '3'])
  })

  test('a failed fetch of a serde rejects send alone, also while the producer is still opened', async () => {
    const failing = (part: string): Serde<string> => ({
      ...text.value,
      serialize(topic, value, headers) {
        if (value === 'bad') throw new MissingDependency(part, () => Promise.reject(new Error('not found')))
        return text.value.serialize(topic, value, headers)
      },
    })
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    const client = kafka.client.bind(kafka)
    let connected = (): void => {}
    const opened = new Promise<void>((resolve) => (connected = resolve))
    kafka.client = (): KafkaClient => {
      const made = client()
      const producer = made.producer.bind(made)
      made.producer = (config) => {
        const port = producer(config)
        const init = port.init.bind(port)
        port.init = () => opened.then(init)
        return port
      }
      return made
    }
    const producer = new KafkaProducer({
      kafka,
      topics: { counts: { key: failing('fetch the key'), value: failing('fetch') } },
    })
    open.push(producer as KafkaProducer)
    process.on('unhandledRejection', note)
    try {
      const sent = Promise.allSettled([
        producer.send('counts', 'a', 'good'),
        producer.send('counts', 'a', 'bad'),
        producer.send('counts', 'bad', undefined as never),
      ])
      // Node tells what nobody handles after the microtasks
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
      connected()
      expect(await sent).toMatchObject([
        { value: { offset: 0 } },
        { reason: { code: 'SERIALIZATION_FAILED' } },
        { reason: { code: 'INVALID_ARGUMENT' } },
      ])
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  test('many records that wait are handed over in their order', async () => {
    const producer = create()
    const values = Array.from({ length: 1000 }, (_, i) => `${i}`)
    const sent = await Promise.all(values.map((value) => producer.send('lines', null, value, { partition: 1 })))
    expect(sent.map(({ offset }) => offset)).toEqual(values.map(Number))
    expect(await valuesOf('lines')).toEqual(values)
  })

  test('records wait for room, in their order, and drained tells when it is there', async () => {
    const producer = create({ producer: { bufferMemory: 2000 } })
    await producer.send('lines', 'a', 'first')
    const values = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(100))
    const sent = []
    let waits = 0
    for (const value of values) {
      sent.push(producer.send('lines', 'a', value))
      if (producer.writable) continue
      waits++
      await producer.drained()
      expect(producer.writable).toBe(true)
    }
    await Promise.all(sent)
    expect(waits).toBeGreaterThan(0)
    expect(await valuesOf('lines')).toEqual(['first', ...values])
  })

  test('what the broker refuses fails alone', async () => {
    await kafka.createTopic('small', 1, { 'max.message.bytes': '1000' })
    const producer = new KafkaProducer({ kafka, topics: { small: text } })
    open.push(producer as KafkaProducer)
    const refused = producer.send('small', 'a', 'x'.repeat(2000))
    const beside = producer.send('small', 'a', 'beside')
    await expect(refused).rejects.toMatchObject({
      code: 'PRODUCTION_FAILED',
      message: expect.stringMatching(/max\.message\.bytes/),
    })
    expect(await beside).toMatchObject({ offset: 0 })
    expect(await producer.send('small', 'a', 'y')).toMatchObject({ offset: 1 })
    expect(ports).toHaveLength(1)
  })

  test('a missing right is told with the ACL to add', async () => {
    const producer = create()
    await producer.send('lines', 'a', 'first')
    ports[0]!.append = (topic, partition, _key, _value, _timestamp, _headers, listener) =>
      listener!.failed(
        new ClientError('authorization', 'not allowed', 'TOPIC_AUTHORIZATION_FAILED', { topic, partition }),
      )
    await expect(producer.send('lines', 'a', 'b')).rejects.toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: expect.stringMatching(/Write on topic "lines"/),
    })
  })

  test('a producer that can not be opened says so, and tries again with the next record', async () => {
    const producer = create()
    const original = kafka.client
    let fails = true
    kafka.client = (): KafkaClient => {
      const made = original()
      const producerOf = made.producer.bind(made)
      made.producer = (config) => {
        const port = producerOf(config)
        const init = port.init.bind(port)
        port.init = () => (fails ? Promise.reject(new ClientError('retriable', 'nobody answers')) : init())
        return port
      }
      return made
    }
    await expect(producer.send('lines', 'a', '1')).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
    fails = false
    expect(await producer.send('lines', 'a', '2')).toMatchObject({ offset: 0 })
  })

  test('a record that is not taken within maxBlock is rejected', async () => {
    const producer = create({ maxBlock: '20s' })
    await fakingTimers(async () => {
      await producer.send('lines', 'a', '1')
      Object.defineProperty(ports[0]!, 'writable', { get: () => false })
      ports[0]!.drained = () => new Promise(() => {})
      const stuck = Promise.allSettled([producer.send('lines', 'a', '2')])
      await jest.advanceTimersByTimeAsync(20_000)
      const reason = { code: 'TIMEOUT', message: expect.stringMatching(/bufferMemory/) }
      expect(await stuck).toMatchObject([{ reason }])
    })
  })
})

describe('close', () => {
  test('delivers what was sent, and refuses more', async () => {
    const producer = create()
    const sent = ['1', '2'].map((value) => producer.send('counts', 'a', Number(value)))
    expect(await producer.close()).toBe(true)
    expect((await Promise.all(sent)).map(({ offset }) => offset)).toEqual([0, 1])
    await expect(producer.send('counts', 'a', 3)).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
    await expect(producer.transaction(async () => {})).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
  })

  test('rejects what can not be delivered in time, and says so', async () => {
    const producer = create()
    await producer.send('lines', 'a', '1')
    Object.defineProperty(ports[0]!, 'writable', { get: () => false })
    ports[0]!.drained = () => new Promise(() => {})
    const stuck = producer.send('lines', 'a', '2')
    const [closed, sent] = await Promise.allSettled([producer.close({ timeout: 10 }), stuck])
    expect(closed).toEqual({ status: 'fulfilled', value: false })
    expect(sent).toMatchObject({ status: 'rejected', reason: { code: 'ILLEGAL_STATE' } })
  })

  test('opens no connection for a record whose serde was still fetching', async () => {
    let fetched = (): void => {}
    const fetching = new Promise<void>((resolve) => (fetched = resolve))
    let known = false
    const slow: Serde<string> = {
      ...text.value,
      serialize(topic, value, headers) {
        if (!known) throw new MissingDependency('fetch', () => fetching)
        return text.value.serialize(topic, value, headers)
      },
    }
    const producer = new KafkaProducer({ kafka, topics: { lines: { value: slow } } })
    const sent = Promise.allSettled([producer.send('lines', 'a', '1')])
    expect(await producer.close({ timeout: 0 })).toBe(false)
    known = true
    fetched()
    expect(await sent).toMatchObject([{ reason: { code: 'ILLEGAL_STATE' } }])
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    expect(ports).toEqual([])
  })
})

describe('transaction', () => {
  test('writes all of its records, and returns what its callback returns', async () => {
    const producer = create()
    const result = await producer.transaction(async (tx) => {
      await tx.send('lines', 'a', 'one')
      expect(await valuesOf('lines')).toEqual([])
      void tx.send('counts', 'a', 1)
      return 'done'
    })
    expect(result).toBe('done')
    expect(await valuesOf('lines')).toEqual(['one'])
    expect(await kafka.read('counts', { value: serdes.long() })).toMatchObject([{ value: 1 }])
  })

  test('writes none of them if its callback rejects, and rejects with that', async () => {
    const producer = create()
    const failed = producer.transaction(async (tx) => {
      await tx.send('lines', 'a', 'one')
      void tx.send('lines', 'b', 'two')
      throw new Error('out of stock')
    })
    await expect(failed).rejects.toThrow('out of stock')
    await producer.transaction((tx) => tx.send('lines', 'a', 'three'))
    expect(await valuesOf('lines')).toEqual(['three'])
  })

  test('a record that can not be written aborts it, even if nobody awaits it', async () => {
    const producer = create()
    const failed = producer.transaction(async (tx) => {
      await tx.send('lines', 'a', 'one')
      void tx.send('counts', 'a', 'five' as never)
    })
    await expect(failed).rejects.toMatchObject({ code: 'SERIALIZATION_FAILED' })
    expect(await valuesOf('lines')).toEqual([])
  })

  test('a record that the broker refuses aborts it, and the next one commits', async () => {
    await kafka.createTopic('small', 1, { 'max.message.bytes': '1000' })
    const producer = new KafkaProducer({ kafka, topics: { ...topics, small: text } })
    open.push(producer as unknown as KafkaProducer)
    const failed = producer.transaction(async (tx) => {
      await tx.send('lines', 'a', 'one')
      void tx.send('small', 'a', 'x'.repeat(2000))
    })
    await expect(failed).rejects.toMatchObject({ code: 'PRODUCTION_FAILED' })
    await producer.transaction((tx) => tx.send('lines', 'a', 'two'))
    expect(await valuesOf('lines')).toEqual(['two'])
  })

  test('transactions run one after the other, beside records outside of them', async () => {
    const producer = create()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const order: string[] = []
    const first = producer.transaction(async (tx) => {
      await tx.send('lines', 'a', 'one')
      order.push('first')
      await held
    })
    const second = producer.transaction(async (tx) => {
      order.push('second')
      await tx.send('lines', 'a', 'two')
    })
    await producer.send('counts', 'a', 1)
    expect(await kafka.read('counts', { value: serdes.long() })).toHaveLength(1)
    release()
    await Promise.all([first, second])
    expect(order).toEqual(['first', 'second'])
    expect(await valuesOf('lines')).toEqual(['one', 'two'])
  })

  test('a record that is sent after its end is refused', async () => {
    const producer = create()
    const tx = await producer.transaction(async (open) => open)
    await expect(tx.send('lines', 'a', 'late')).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
  })

  test('a producer that has failed between two transactions is initialized for the one after', async () => {
    const producer = create()
    await producer.transaction((tx) => tx.send('lines', 'a', 'one'))
    const begin = ports[0]!.begin.bind(ports[0]!)
    let fails = true
    ports[0]!.begin = () => {
      if (fails) throw new ClientError('fatal', 'the connection was refused')
      begin()
    }
    await expect(producer.transaction(async () => {})).rejects.toMatchObject({ code: 'PRODUCTION_FAILED' })
    fails = false
    await producer.transaction((tx) => tx.send('lines', 'a', 'two'))
    expect(await valuesOf('lines')).toEqual(['one', 'two'])
  })

  test('a commit whose answer is lost is repeated', async () => {
    const producer = create()
    await producer.transaction((tx) => tx.send('lines', 'a', 'one'))
    const commit = ports[0]!.commit.bind(ports[0]!)
    let attempts = 0
    ports[0]!.commit = () =>
      ++attempts === 1 ? Promise.reject(new ClientError('retriable', 'the connection was cut')) : commit()
    await producer.transaction((tx) => tx.send('lines', 'a', 'two'))
    expect(await valuesOf('lines')).toEqual(['one', 'two'])
  })

  test('a producer with the same transactionalId fences the one before it, which recovers', async () => {
    const [before, after] = [create({ transactionalId: 'orders' }), create({ transactionalId: 'orders' })]
    await before.transaction((tx) => tx.send('lines', 'a', 'one'))
    await after.transaction((tx) => tx.send('lines', 'a', 'two'))
    await expect(before.transaction((tx) => tx.send('lines', 'a', 'three'))).rejects.toMatchObject({
      code: 'PRODUCTION_FAILED',
    })
    await before.transaction((tx) => tx.send('lines', 'a', 'four'))
    expect(await valuesOf('lines')).toEqual(['one', 'two', 'four'])
  })
})

describe('of an application', () => {
  let apps: EmbeddedApps
  beforeEach(() => (apps = new EmbeddedApps({ orders: 4, totals: 4, log: 1 })))
  afterEach(() => apps.close())

  const build = () => {
    const builder = new StreamsBuilder()
    builder
      .stream('orders', { key: serdes.string(), value: serdes.long() })
      .groupByKey()
      .reduce((sum, amount) => sum + amount, 'totals')
      .toStream()
      .to('totals', { key: serdes.string(), value: serdes.long() })
    builder.stream(/log.*/, { key: serdes.string(), value: serdes.string() }).to('totals-text', {
      value: serdes.string(),
      partitioner: () => 0,
    })
    return builder.build()
  }

  test('writes what the stream reads, with the serdes of the topology', async () => {
    const streams = apps.create(build())
    await streams.start()
    const producer = streams.producer()
    await producer.send('orders', 'a', 2)
    await producer.send('orders', 'a', 3)
    const totals: Array<number | null> = []
    for await (const { value } of apps.kafka.subscribe('totals', { value: serdes.long() })) {
      totals.push(value)
      if (value === 5) break
    }
    expect(totals.at(-1)).toBe(5)
    await producer.send('log', 'a', 'by pattern')
    expect(await apps.kafka.read('log', text)).toMatchObject([{ value: 'by pattern' }])
  })

  test('can be used before the start, and is closed with the instance', async () => {
    const streams = apps.create(build())
    const producer = streams.producer({ topics: { orders: { value: serdes.long() } } })
    expect(await producer.send('orders', 'a', 1)).toMatchObject({ offset: 0 })
    await streams.start()
    await streams.close()
    await expect(producer.send('orders', 'a', 1)).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
    expect(() => streams.producer()).toThrow(expect.objectContaining({ code: 'ILLEGAL_STATE' }))
  })

  test('is closed when the instance fails', async () => {
    const builder = new StreamsBuilder()
    builder.stream('orders', { value: serdes.long() }).foreach(() => {
      throw new Error('no')
    })
    const streams = apps.create(builder.build())
    const producer = streams.producer()
    const closed = streams.closed.catch((error: unknown) => error)
    await streams.start()
    await producer.send('orders', 'a', 1)
    expect(await closed).toMatchObject({ code: 'PROCESSING_FAILED' })
    await expect(producer.send('orders', 'a', 1)).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
  })

  test('does not write internal topics, and refuses options that it does not have', () => {
    const builder = new StreamsBuilder()
    builder.stream<string, string>('orders').repartition('by-key')
    const streams = apps.create(builder.build())
    expect(() => streams.producer({ topic: {} } as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
    return expect(streams.producer().send('by-key-repartition', 'a', 1)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})

test.each([
  [{}, 'INVALID_ARGUMENT'],
  [{ kafka: { brokers: [] }, topics: {} }, 'INVALID_CONFIG'],
  [{ kafka: { brokers: ['localhost:9092'] } }, 'INVALID_ARGUMENT'],
  [{ kafka: { brokers: ['localhost:9092'] }, topics: { lines: { key: 'string' } } }, 'INVALID_ARGUMENT'],
  [{ kafka: { brokers: ['localhost:9092'] }, topics: {}, producer: { lingr: 1 } }, 'INVALID_CONFIG'],
  [{ kafka: { brokers: ['localhost:9092'] }, topics: {}, transactionTimeout: '30d' }, 'INVALID_CONFIG'],
])('new KafkaProducer refuses %j', (config, code) => {
  expect(() => new KafkaProducer(config as never)).toThrow(expect.objectContaining({ code }))
})
