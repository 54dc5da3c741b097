import { type AcknowledgedRun, ClientError, type Payload, type Producer } from '../../../../lib/kafka/port'
import { RecordCollector } from '../../../../lib/runtime/output/record-collector'
import type { Processor, ProcessorContext } from '../../../../lib/operators/processor'
import { partitionFor } from '../../../../lib/bytes/murmur2'
import * as serdes from '../../../../lib/serdes'
import type { Serde } from '../../../../lib/serdes/serde'
import type { StreamPartitioner } from '../../../../lib/topology/definition'
import { Topology } from '../../../../lib/topology/topology'
import { deferred, fetched, taskOf, type TaskUnderTest } from '../processing/processing-under-test'
import type { RecordHeaders } from '../../../../lib/record/headers'
import type { StreamRecord } from '../../../../lib/record/stream-record'

const A = { topic: 'a', partition: 0 }

interface Appended {
  topic: string
  partition: number
  key: string | undefined
  value: string | undefined
  timestamp: number
  headers: RecordHeaders
}

class FakeProducer implements Producer {
  readonly appended: Appended[] = []
  readonly partitions = new Map([['out', 4]])
  writable = true
  failure: ClientError | undefined
  refuses: (record: Appended) => ClientError | undefined = () => undefined
  loading: (topics: readonly string[]) => Promise<void> = async () => {}

  async init(): Promise<void> {}
  loadTopics(topics: readonly string[]): Promise<void> {
    return this.loading(topics)
  }
  partitionCount(topic: string): number | undefined {
    return this.partitions.get(topic)
  }
  append(
    topic: string,
    partition: number,
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: RecordHeaders,
  ): void {
    if (this.failure) throw this.failure
    const text = (payload: Payload): string | undefined =>
      payload === null ? undefined : Buffer.from(payload as string).toString()
    const record = { topic, partition, key: text(key), value: text(value), timestamp, headers }
    const refused = this.refuses(record)
    if (refused) throw refused
    this.appended.push(record)
  }
  idle(): void {}
  async drained(): Promise<void> {}
  async flush(): Promise<ReadonlyMap<string, number>> {
    return new Map()
  }
  acknowledged(): ReadonlyMap<string, AcknowledgedRun> {
    return new Map()
  }
  begin(): void {}
  async sendOffsets(): Promise<void> {}
  async commit(): Promise<void> {}
  async abort(): Promise<void> {}
  async close(): Promise<void> {}
}

const sending = async (
  producer: FakeProducer,
  topic: string | (() => string) = 'out',
  partitioner?: StreamPartitioner<unknown, unknown>,
  config: Parameters<typeof taskOf>[2] = {},
): Promise<TaskUnderTest & { collector: RecordingOf }> => {
  const topology = new Topology().addSource('source', 'a').addSink('sink', topic, 'source', { partitioner })
  const collector = new RecordCollector(producer)
  const under = await taskOf(topology, [A], config, { collector })
  under.task.initialize(new Map())
  return Object.assign(under, { collector: collector as RecordingOf })
}
type RecordingOf = RecordCollector & TaskUnderTest['collector']

describe('RecordCollector', () => {
  it('sends bytes, timestamp and headers as they are, to the partition of the key', async () => {
    const producer = new FakeProducer()
    const { task } = await sending(producer)
    const headers: RecordHeaders = [['h', Buffer.from('1')]]
    task.addRecords(
      fetched(A, [
        { offset: 0, key: 'kafka', value: 'v', timestamp: 7, headers },
        { offset: 1, key: 'abc', value: null },
      ]),
    )
    while (task.process());
    expect(producer.appended).toEqual([
      {
        topic: 'out',
        partition: partitionFor(Buffer.from('kafka'), 4),
        key: 'kafka',
        value: 'v',
        timestamp: 7,
        headers,
      },
      {
        topic: 'out',
        partition: partitionFor(Buffer.from('abc'), 4),
        key: 'abc',
        value: undefined,
        timestamp: 0,
        headers: [],
      },
    ])
  })

  it('keeps records without a key together for a while', async () => {
    const producer = new FakeProducer()
    const { task } = await sending(producer)
    task.addRecords(
      fetched(
        A,
        Array.from({ length: 2000 }, (_, offset) => ({ offset, value: 'x'.repeat(1000) })),
      ),
    )
    while (task.process());
    const changes = producer.appended.filter(
      ({ partition }, i) => i > 0 && partition !== producer.appended[i - 1]!.partition,
    )
    expect(changes.length).toBeGreaterThan(10)
    expect(changes.length).toBeLessThan(200)
    expect(new Set(producer.appended.map(({ partition }) => partition)).size).toBe(4)
  })

  it('follows a partitioner: one, several, none, or the default', async () => {
    const producer = new FakeProducer()
    const choices: Record<string, number | number[] | undefined> = {
      one: 3,
      several: [0, 2, 0],
      none: [],
      default: undefined,
    }
    const asked: unknown[] = []
    const { task } = await sending(producer, 'out', (topic, key, value, partitions) => {
      asked.push([topic, key, partitions])
      return choices[value as string]
    })
    task.addRecords(
      fetched(
        A,
        Object.keys(choices).map((value, offset) => ({ offset, key: 'abc', value })),
      ),
    )
    while (task.process());
    expect(producer.appended.map(({ value, partition }) => `${value} ${partition}`)).toEqual([
      'one 3',
      'several 0',
      'several 2',
      `default ${partitionFor(Buffer.from('abc'), 4)}`,
    ])
    expect(task.recordCounts.droppedTotal).toBe(1)
    expect(asked[0]).toEqual(['out', 'abc', 4])
  })

  it.each([[4], [-1], [0.5], [NaN], [[0, 4]]])(
    'refuses a partition that the topic does not have: %p',
    async (choice) => {
      const producer = new FakeProducer()
      const { task } = await sending(producer, 'out', () => choice)
      task.addRecords(fetched(A, [{ offset: 0, value: 'x' }]))
      const [wrong] = [choice].flat().slice(-1)
      expect(() => task.process()).toThrow(
        expect.objectContaining({
          code: 'PRODUCTION_FAILED',
          message: `partition ${wrong} of topic "out" was chosen, which has 4 partitions: correct the partitioner`,
          location: { operator: 'sink', topic: 'out', partition: wrong },
        }),
      )
      expect(producer.appended).toEqual([])
    },
  )

  it.each([
    ['a promise', Promise.resolve(1), /\(Promise\)/],
    ['text', '12', /returned 12 \(string\)/],
    ['null', null, /returned null/],
  ])('refuses what is no choice of partitions: %s', async (_, choice, shown) => {
    const producer = new FakeProducer()
    const { task } = await sending(producer, 'out', () => choice as unknown as number)
    task.addRecords(fetched(A, [{ offset: 0, value: 'x' }]))
    let thrown: unknown
    try {
      task.process()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({
      code: 'PROCESSING_FAILED',
      location: { operator: 'sink', taskId: '0_0', topic: 'a', partition: 0, offset: 0 },
    })
    expect((thrown as Error).message).toMatch(
      /^the partitioner of sink "sink" returned .* for a record to topic "out": return a partition/,
    )
    expect((thrown as Error).message).toMatch(shown)
    expect(producer.appended).toEqual([])
  })

  it('says which partitioner has thrown', async () => {
    const partitioner = (): number => {
      throw new Error('no such region')
    }
    const { task } = await sending(new FakeProducer(), 'out', partitioner)
    task.addRecords(fetched(A, [{ offset: 0, value: 'x' }]))
    expect(() => task.process()).toThrow(
      expect.objectContaining({
        code: 'PROCESSING_FAILED',
        message:
          'the partitioner of sink "sink" failed for a record to topic "out": no such region: correct the partitioner',
        location: { operator: 'sink', taskId: '0_0', topic: 'a', partition: 0, offset: 0 },
      }),
    )
  })

  it.each([
    [
      'failed: no route',
      () => {
        throw new Error('no route')
      },
    ],
    ['returned undefined', () => undefined as never],
    ['returned ""', () => ''],
    ['returned a promise, which is not awaited', () => Promise.resolve('out') as never],
  ])('says which sink has no topic for a record: its function %s', async (what, choose) => {
    const { task } = await sending(new FakeProducer(), choose)
    task.addRecords(fetched(A, [{ offset: 0, value: 'x' }]))
    expect(() => task.process()).toThrow(
      expect.objectContaining({
        code: 'PROCESSING_FAILED',
        message: `the function that chooses the topic of sink "sink" ${what}: return the name of a topic for each record`,
        location: { operator: 'sink', taskId: '0_0', topic: 'a', partition: 0, offset: 0 },
      }),
    )
  })

  it('holds what is for a topic not seen before until it is known, in order', async () => {
    const producer = new FakeProducer()
    const loaded = deferred()
    producer.loading = () => loaded.promise
    const { task, collector } = await sending(producer, () => 'later')
    task.addRecords(
      fetched(A, [
        { offset: 0, value: '1' },
        { offset: 1, value: '2' },
      ]),
    )
    while (task.process());
    expect(producer.appended).toEqual([])
    expect(collector.writable).toBe(false)
    const settled = collector.settled()
    producer.partitions.set('later', 1)
    loaded.resolve()
    await settled
    expect(collector.writable).toBe(true)
    expect(producer.appended.map(({ topic, value }) => `${topic} ${value}`)).toEqual(['later 1', 'later 2'])
    await task.drained()
  })

  it('writes what is for such a topic as it is when it is sent: a processor may use its objects again', async () => {
    const producer = new FakeProducer()
    producer.loading = async () => void producer.partitions.set('later', 1)
    const words = { last: '' }
    const lastWord = (): Processor<string, string, string, typeof words> => {
      let context: ProcessorContext<string, typeof words>
      return {
        init: (given) => void (context = given),
        process: (record) => {
          words.last = record.value
          context.forward(record.withValue(words))
        },
      }
    }
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('last-word', lastWord, 'source')
      .addSink('sink', () => 'later', 'last-word', { value: serdes.json() })
    const { task } = await taskOf(topology, [A], {}, { collector: new RecordCollector(producer) as RecordingOf })
    task.initialize(new Map())
    task.addRecords(
      fetched(
        A,
        ['one', 'two', 'three'].map((value, offset) => ({ offset, value })),
      ),
    )
    while (task.process());
    await task.drained()
    expect(producer.appended.map(({ value }) => value)).toEqual([
      '{"last":"one"}',
      '{"last":"two"}',
      '{"last":"three"}',
    ])
  })

  it('asks a partitioner only when the topic is known', async () => {
    const producer = new FakeProducer()
    producer.loading = async () => void producer.partitions.set('later', 9)
    const { task } = await sending(
      producer,
      () => 'later',
      (_topic, _key, _value, partitions) => partitions - 1,
    )
    task.addRecords(fetched(A, [{ offset: 0, value: '1' }]))
    task.process()
    await task.drained()
    expect(producer.appended.map(({ partition }) => partition)).toEqual([8])
  })

  it.each([['a partitioner', (): number => 0] as const, ['the default partitioner', undefined] as const])(
    'keeps the bytes of a record that waits for its topic while the next one is written, with %s',
    async (_name, partitioner) => {
      const producer = new FakeProducer()
      producer.loading = async () => void producer.partitions.set('later', 4)
      const topics = ['later', 'out']
      const defaultValueSerde = serdes.avroBytes('string') as Serde<unknown>
      const { task } = await sending(producer, () => topics.shift()!, partitioner, { defaultValueSerde })
      task.addRecords(
        fetched(A, [
          { offset: 0, key: 'k', value: '\u0006one' },
          { offset: 1, key: 'k', value: '\u0006two' },
        ]),
      )
      while (task.process());
      await task.drained()
      expect(producer.appended.map(({ topic, value }) => `${topic} ${value}`)).toEqual([
        'out \u0006two',
        'later \u0006one',
      ])
    },
  )

  describe('asks about a record that has waited for its topic', () => {
    const partitioner: StreamPartitioner<unknown, unknown> = (_topic, _key, value) => {
      if (value === 'bad!') throw new TypeError('no such region')
      return 0
    }
    const shouting = new Topology()
      .addSource('source', 'a')
      .addProcessor(
        'shout',
        () => {
          let forward: (record: StreamRecord<unknown, unknown>) => void
          return {
            init: (context) => void (forward = (record) => context.forward(record)),
            process: (record) => forward(record.withValue(`${record.value as string}!`)),
          }
        },
        'source',
      )
      .addSink('sink', () => 'later', 'shout', { partitioner })

    const waiting = async (config: Parameters<typeof taskOf>[2], topology = shouting) => {
      const producer = new FakeProducer()
      const loaded = deferred()
      producer.loading = () => loaded.promise
      const collector = new RecordCollector(producer)
      const { task } = await taskOf(topology, [A], config, { collector })
      task.initialize(new Map())
      task.addRecords(
        fetched(A, [
          { offset: 0, value: 'first' },
          { offset: 1, key: 'k', value: 'bad' },
          { offset: 2, value: 'last' },
        ]),
      )
      while (task.process());
      producer.partitions.set('later', 1)
      return { producer, collector, task, loaded }
    }

    it('the handler of the operator before the sink, where its partitioner throws, and the others are sent', async () => {
      const asked: unknown[] = []
      const { producer, collector, task, loaded } = await waiting({
        processingExceptionHandler: (
          error,
          { operator, code, topic, offset, sourceRawKey, sourceRawValue },
          record,
        ) => {
          asked.push([error, operator, code, topic, offset, `${sourceRawKey}=${sourceRawValue}`, record?.value])
          return 'continue'
        },
      })
      loaded.resolve()
      await collector.settled()
      expect(asked).toEqual([[new TypeError('no such region'), 'shout', 'PROCESSING_FAILED', 'a', 1, 'k=bad', 'bad!']])
      expect(producer.appended.map(({ value }) => value)).toEqual(['first!', 'last!'])
      expect(task.recordCounts.droppedTotal).toBe(1)
    })

    it.each([
      ['the handler says so', { processingExceptionHandler: () => 'fail' as const }, shouting],
      ['there is no handler', {}, shouting],
      [
        'a source is before the sink',
        { processingExceptionHandler: () => 'continue' as const },
        new Topology().addSource('source', 'a').addSink('sink', () => 'later', 'source', {
          partitioner: (topic, key, value, partitions) => partitioner(topic, key, `${value as string}!`, partitions),
        }),
      ],
    ])('and fails where %s', async (_, config, topology) => {
      const { collector, loaded } = await waiting(config, topology)
      loaded.resolve()
      await expect(collector.settled()).rejects.toMatchObject({
        code: 'PROCESSING_FAILED',
        location: { operator: 'sink', offset: 1 },
        cause: new TypeError('no such region'),
      })
    })

    it('nobody where its task has closed: the next one processes it again', async () => {
      const processingExceptionHandler = (): never => {
        throw new Error('not asked')
      }
      const { producer, collector, task, loaded } = await waiting({ processingExceptionHandler })
      await task.close()
      loaded.resolve()
      await collector.settled()
      expect(producer.appended).toEqual([])
    })

    it('the production handler, where it is too large', async () => {
      const asked: unknown[] = []
      const { producer, collector, task, loaded } = await waiting(
        {
          productionExceptionHandler: (error, { operator, code }, { value }) => {
            asked.push([error, operator, code, value])
            return 'continue'
          },
        },
        new Topology().addSource('source', 'a').addSink('sink', () => 'later', 'source'),
      )
      const tooLarge = new ClientError('invalid', 'above producer.maxRequestSize', 'MESSAGE_TOO_LARGE')
      producer.refuses = ({ value }) => (value === 'bad' ? tooLarge : undefined)
      loaded.resolve()
      await collector.settled()
      expect(asked).toEqual([[tooLarge, 'sink', 'PRODUCTION_FAILED', 'bad']])
      expect(producer.appended.map(({ value }) => value)).toEqual(['first', 'last'])
      expect(task.recordCounts.droppedTotal).toBe(1)
    })
  })

  it.each([
    ['one that has waited for its topic', undefined],
    ['one that has waited for its topic, and a partitioner', (): number => 0],
  ])(
    'names the sink and the source of a record that is too large, without a handler: %s',
    async (_name, partitioner) => {
      const producer = new FakeProducer()
      producer.loading = async () => void producer.partitions.set('later', 1)
      const tooLarge = new ClientError('invalid', 'above producer.maxRequestSize', 'MESSAGE_TOO_LARGE')
      producer.refuses = ({ value }) => (value === 'large' ? tooLarge : undefined)
      const { task } = await sending(producer, () => 'later', partitioner)
      task.addRecords(
        fetched(A, [
          { offset: 3, value: 'large' },
          { offset: 4, value: 'small' },
        ]),
      )
      while (task.process());
      await expect(task.drained()).rejects.toMatchObject({
        code: 'PRODUCTION_FAILED',
        message: expect.stringMatching(
          /^sink "sink" can't send a record to topic "later": above producer\.maxRequestSize/,
        ),
        location: { operator: 'sink', taskId: '0_0', topic: 'a', partition: 0, offset: 3 },
        cause: tooLarge,
      })
    },
  )

  it.each([
    ['the first', ['large']],
    ['one that waits behind another', ['small', 'large']],
  ])('names the sink of a record of the next transaction that is too large: %s', async (_name, values) => {
    const producer = new FakeProducer()
    const tooLarge = new ClientError('invalid', 'above producer.maxRequestSize', 'MESSAGE_TOO_LARGE')
    producer.refuses = ({ value }) => (value === 'large' ? tooLarge : undefined)
    const { task, collector } = await sending(producer)
    const release = collector.withhold()
    task.addRecords(
      fetched(
        A,
        values.map((value, offset) => ({ offset, value })),
      ),
    )
    while (task.process());
    release()
    await expect(task.drained()).rejects.toMatchObject({
      code: 'PRODUCTION_FAILED',
      location: { operator: 'sink', topic: 'a', offset: values.length - 1 },
      cause: tooLarge,
    })
  })

  it('fails, saying so, if the topic does not exist', async () => {
    const producer = new FakeProducer()
    producer.loading = async () => {
      throw new ClientError('unknownTopic', 'no such topic')
    }
    const { task } = await sending(producer, () => 'nowhere')
    task.addRecords(
      fetched(A, [
        { offset: 0, value: '1' },
        { offset: 1, value: '2' },
      ]),
    )
    task.process()
    await expect(task.drained()).rejects.toThrow(
      /records for topic "nowhere" can't be sent: no such topic.*create it first/,
    )
    expect(() => task.process()).toThrow('nowhere')
  })

  it('asks for another name, not for a topic, where a topic can not have the name', async () => {
    const producer = new FakeProducer()
    producer.loading = async () => {
      throw new ClientError('invalid', 'an invalid topic', 'INVALID_TOPIC_EXCEPTION')
    }
    const { task } = await sending(producer, () => 'no where')
    task.addRecords(fetched(A, [{ offset: 0, value: '1' }]))
    task.process()
    await expect(task.drained()).rejects.toThrow(
      /^records for topic "no where" can't be sent: an invalid topic\. Correct the topic's name: [^.]*'\.', '_' and '-'$/,
    )
  })

  it('says which right is missing where the topic may not be described, and not that it does not exist', async () => {
    const producer = new FakeProducer()
    producer.loading = async () => {
      throw new ClientError('authorization', 'loading topic: refused', 'TOPIC_AUTHORIZATION_FAILED')
    }
    const { task } = await sending(producer, () => 'secret')
    task.addRecords(fetched(A, [{ offset: 0, value: '1' }]))
    task.process()
    await expect(task.drained()).rejects.toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: expect.stringMatching(/the operation Write on topic "secret"$/),
      location: { topic: 'secret' },
    })
  })

  it('has no failures once its producer is discarded, as that of a topic that is then no longer waited for', async () => {
    const producer = new FakeProducer()
    const loading = deferred()
    producer.loading = () => loading.promise
    const { task, collector } = await sending(producer, () => 'later')
    task.addRecords(fetched(A, [{ offset: 0, value: '1' }]))
    task.process()
    collector.abandon()
    loading.reject(new ClientError('fatal', 'this Kafka client has been closed', 'CLIENT_CLOSED'))
    await collector.settled()
  })

  it('asks the production handler about a record that is too large', async () => {
    const producer = new FakeProducer()
    producer.failure = new ClientError(
      'invalid',
      'record of 2 MB is above producer.maxRequestSize',
      'MESSAGE_TOO_LARGE',
    )
    const failing = await sending(producer)
    failing.task.addRecords(fetched(A, [{ offset: 4, value: 'x' }]))
    expect(() => failing.task.process()).toThrow(
      /sink "sink" can't send a record to topic "out": record of 2 MB.*productionExceptionHandler/,
    )

    const asked: unknown[] = []
    const lenient = await sending(producer, 'out', undefined, {
      productionExceptionHandler: (error, { code }) => {
        asked.push(error, code)
        return 'continue'
      },
    })
    lenient.task.addRecords(fetched(A, [{ offset: 4, value: 'x' }]))
    expect(lenient.task.process()).toBe(true)
    expect(lenient.task.recordCounts.droppedTotal).toBe(1)
    expect(asked).toEqual([producer.failure, 'PRODUCTION_FAILED'])
    expect(asked[0]).toBe(producer.failure)
  })

  it('lets no handler touch a producer that has failed or is fenced', async () => {
    const producer = new FakeProducer()
    producer.failure = new ClientError('fenced', 'a newer producer exists')
    const ask = () => {
      throw new Error('not asked')
    }
    const { task } = await sending(producer, 'out', undefined, {
      productionExceptionHandler: ask,
      processingExceptionHandler: ask,
    })
    task.addRecords(fetched(A, [{ offset: 4, value: 'x' }]))
    expect(() => task.process()).toThrow(producer.failure)
  })

  it('writes with the serde of the topic it goes to', async () => {
    const topics: string[] = []
    const serde = {
      ...serdes.string(),
      serialize: (topic: string, value: string) => (topics.push(topic), Buffer.from(value)),
    }
    const topology = new Topology()
      .addSource('source', 'a')
      .addSink('sink', (value) => `to-${value}`, 'source', { value: serde })
    const { task } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 0, value: 'x' }]))
    task.process()
    expect(topics).toEqual(['to-x'])
  })
})
