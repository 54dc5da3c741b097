import { deadLetterTopic, logAndContinue } from '../../../../lib/handlers'
import type { DeadLetterRecord } from '../../../../lib/handlers/error-handler'
import { InstanceSensors } from '../../../../lib/observe/metrics/instance-sensors'
import type { TaskSensors } from '../../../../lib/observe/metrics/task-sensors'
import { MapValuesOperator } from '../../../../lib/operators/map-values'
import { PassThroughOperator } from '../../../../lib/operators/pass-through'
import type { Processor, ProcessorContext } from '../../../../lib/operators/processor'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import type { Serde } from '../../../../lib/serdes/serde'
import { logAndSkipOnInvalidTimestamp } from '../../../../lib/topology/timestamp-extractors'
import { Topology } from '../../../../lib/topology/topology'
import { fetched, taskOf } from './processing-under-test'
import type { TopicPartition } from '../../../../lib/record/topic-partition'
import { StreamRecord } from '../../../../lib/record/stream-record'

const A: TopicPartition = { topic: 'a', partition: 0 }
const B: TopicPartition = { topic: 'b', partition: 0 }
const C: TopicPartition = { topic: 'c', partition: 0 }

const passing = (...topics: string[]): Topology =>
  new Topology()
    .addSource('source', topics)
    .addProcessor('pass', () => new PassThroughOperator<string, unknown>(), 'source')
    .addSink('sink', 'out', 'pass')

const tagging = (): Topology =>
  new Topology()
    .addSource('sources', ['a', 'b', 'c'])
    .addProcessor('tag', () => new Tag(), 'sources')
    .addSink('sink', 'out', 'tag')

class Tag implements Processor<string, string, string, string> {
  private context!: ProcessorContext<string, string>
  init(context: ProcessorContext<string, string>): void {
    this.context = context
  }
  process(record: StreamRecord<string, string>): void {
    this.context.forward(record.withValue(`${this.context.recordMetadata()!.topic}${record.value}`))
  }
}

describe('a flush of the caches that pauses', () => {
  const counting = async (sensors?: TaskSensors) => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('a', { key: serdes.string(), value: serdes.string() })
    const first = stream.groupByKey().count({ store: 'first' })
    first
      .toStream()
      .groupByKey()
      .count({ store: 'second' })
      .toStream()
      .to('out', { key: serdes.string(), value: serdes.long() })
    const cache = { maxBytes: 1 << 20, usedBytes: 0 }
    const under = await taskOf(builder.build(), [A], {}, { cache, sensors })
    under.task.initialize(new Map())
    const add = (offset: number, keys: string): void => {
      under.task.addRecords(
        fetched(
          A,
          [...keys].map((key, i) => ({ offset: offset + i, key, value: 'x' })),
        ),
      )
      while (under.task.process());
    }
    const logged = (): string[] =>
      under.collector.take().map(({ topic, key }) => `${topic.replace(/app-|-changelog/g, '')} ${key!.toString()}`)
    return { ...under, add, logged }
  }

  it('writes, logs and forwards in the order of one that does not', async () => {
    const [paused, whole] = [await counting(), await counting()]
    for (const { add } of [paused, whole]) add(0, 'abcabd')
    whole.task.flushCaches()
    let pauses = 0
    while (!paused.task.flushCaches(() => true)) pauses++
    expect(pauses).toBeGreaterThan(3)
    const expected = whole.logged()
    expect(expected.slice(0, 2)).toEqual(['first c', 'first a'])
    expect(paused.logged()).toEqual(expected)
  })

  it('may be followed by more records: the next commit has everything', async () => {
    const { task, add, logged } = await counting()
    add(0, 'abc')
    expect(task.flushCaches(() => true)).toBe(false)
    add(3, 'ad')
    expect(task.prepareCommit()).toBe(true)
    const all = logged()
    const first = all.filter((entry) => entry.startsWith('first'))
    expect(first).toEqual(['first a', 'first b', 'first c', 'first a', 'first d'])
    expect(new Set(all.filter((entry) => entry.startsWith('out')))).toEqual(
      new Set(['out a', 'out b', 'out c', 'out d']),
    )
    task.prepareCommit()
    expect(logged()).toEqual([])
  })

  it('is one flush of the store in its metrics', async () => {
    const sensors = new InstanceSensors('debug', () => 0).thread().task()
    const { task, add } = await counting(sensors)
    const stores = [...sensors.stores.values()]
    const flushes = (): number[] => stores.map((store) => store.of('flush').rate.total)
    add(0, 'abc')
    while (!task.flushCaches(() => true));
    task.flushCaches()
    expect(flushes()).toEqual([0, 0])
    task.prepareCommit()
    expect(flushes()).toEqual([1, 1])
    for (const store of stores) expect(store.of('flush').latency.total).toBe(1)
  })
})

describe('StreamTask: which record comes next', () => {
  it('is the one with the smallest timestamp at the head of a queue', async () => {
    const { task, run } = await taskOf(tagging(), [A, B])
    task.initialize(new Map())
    task.addRecords(
      fetched(A, [
        { offset: 0, timestamp: 10, value: '1' },
        { offset: 1, timestamp: 5, value: '2' },
      ]),
    )
    task.addRecords(
      fetched(B, [
        { offset: 0, timestamp: 7, value: '1' },
        { offset: 1, timestamp: 20, value: '2' },
      ]),
    )
    expect(run()).toEqual(['b1', 'a1', 'a2', 'b2'])
    expect(task.streamTime).toBe(20)
  })

  it('breaks ties as Kafka Streams does', async () => {
    const { task, run } = await taskOf(tagging(), [A, B, C], { maxTaskIdleMs: -1 })
    task.initialize(new Map())
    for (const tp of [A, B, C]) {
      task.addRecords(
        fetched(
          tp,
          [1, 2, 3].map((n, offset) => ({ offset, timestamp: 0, value: String(n) })),
        ),
      )
    }
    expect(
      run()
        .map((value) => value[0])
        .join(' '),
    ).toBe('a c a c a c b b b')
  })

  it('waits for records known to be on the broker, and no longer', async () => {
    const { task, run } = await taskOf(tagging(), [A, B])
    task.initialize(new Map())
    task.updateEndOffset('b', 0, 1)
    task.addRecords(fetched(A, [{ offset: 0, timestamp: 10, value: '1' }]))
    expect(run()).toEqual([])
    task.addRecords(fetched(B, [{ offset: 0, timestamp: 5, value: '1' }], 1, 2))
    expect(run()).toEqual(['b1'])
    task.addRecords(fetched(B, [], 2))
    expect(run()).toEqual(['a1'])
  })

  it('does not wait for a partition without such records', async () => {
    const { task, run } = await taskOf(tagging(), [A, B])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 0, value: '1' }]))
    expect(run()).toEqual(['a1'])
  })

  it('waits maxTaskIdle for an empty partition', async () => {
    const { task, run, clock } = await taskOf(tagging(), [A, B], { maxTaskIdleMs: 100 })
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 0, value: '1' }]))
    expect(run()).toEqual([])
    clock.time = 99
    expect(run()).toEqual([])
    clock.time = 100
    expect(run()).toEqual(['a1'])
  })

  it('waits for nothing when maxTaskIdle is -1', async () => {
    const { task, run } = await taskOf(tagging(), [A, B], { maxTaskIdleMs: -1 })
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 0, value: '1' }]))
    expect(run()).toEqual(['a1'])
  })

  it('takes in a topic that appears later', async () => {
    const { task, run } = await taskOf(tagging(), [A], { maxTaskIdleMs: -1 })
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 0, timestamp: 10, value: '1' }]))
    task.addInput(B)
    task.addRecords(fetched(B, [{ offset: 0, timestamp: 5, value: '1' }]))
    expect(run()).toEqual(['b1', 'a1'])
  })
})

describe('StreamTask: committable offsets', () => {
  it('are of the next unprocessed record, with the partition time', async () => {
    const { task } = await taskOf(passing('a'), [A])
    task.initialize(new Map())
    expect(task.committableOffsets()).toEqual([])
    expect(task.commitNeeded).toBe(false)
    task.addRecords(
      fetched(
        A,
        [
          { offset: 5, timestamp: 1234, value: 'x' },
          { offset: 9, timestamp: 1, value: 'y' },
        ],
        12,
      ),
    )
    expect(task.bufferedRecords('a', 0)).toBe(12)
    task.process()
    expect(task.commitNeeded).toBe(true)
    expect(task.committableOffsets()).toEqual([{ ...A, offset: 9, metadata: 'AgAAAAAAAATS' }])
    task.process()
    // past the control records at the end of the batch
    expect(task.committableOffsets()).toEqual([{ ...A, offset: 12, metadata: 'AgAAAAAAAATS' }])
    expect(task.hasBuffered).toBe(false)
    expect(task.prepareCommit()).toBe(true)
    expect(task.commitNeeded).toBe(false)
  })

  it('have the epoch of the leader that has written the next record, or what is before it', async () => {
    const { task } = await taskOf(passing('a'), [A])
    task.initialize(new Map([['a-0', { offset: 3, leaderEpoch: 2, metadata: '' }]]))
    task.startAt('a', 0, 3, 2)
    task.addRecords(fetched(A, [{ offset: 3, value: 'x' }], 4, 4, 2))
    task.addRecords(fetched(A, [{ offset: 6, value: 'y' }], 8, 8, 5))
    task.process()
    expect(task.committableOffsets()).toMatchObject([{ offset: 6, leaderEpoch: 5 }])
    task.process()
    expect(task.committableOffsets()).toMatchObject([{ offset: 8, leaderEpoch: 5 }])
    task.reposition('a', 0, 6)
    expect(task.committableOffsets()[0]).not.toHaveProperty('leaderEpoch')
  })

  it('restore partition and stream time', async () => {
    const { task, run } = await taskOf(passing('a', 'b'), [A, B], { maxTaskIdleMs: -1 })
    task.initialize(new Map([['a-0', { offset: 3, metadata: 'AgAAAAAAAATSAAAAAQAAAAJ3YwAAAAAAAAPy' }]]))
    expect(task.streamTime).toBe(1234)
    task.addRecords(fetched(A, [{ offset: 3, timestamp: 7, value: 'x' }]))
    task.addRecords(fetched(B, [{ offset: 0, timestamp: 1, value: 'y' }]))
    run()
    // what an emit-on-close aggregation had noted is kept, on all partitions
    expect(task.committableOffsets()).toEqual([
      { ...A, offset: 4, metadata: 'AgAAAAAAAATSAAAAAQAAAAJ3YwAAAAAAAAPy' },
      { ...B, offset: 1, metadata: 'AgAAAAAAAAABAAAAAQAAAAJ3YwAAAAAAAAPy' },
    ])
  })

  it('pass batches without records', async () => {
    const { task } = await taskOf(passing('a'), [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [], 40))
    expect(task.process()).toBe(false)
    expect(task.committableOffsets()).toEqual([{ ...A, offset: 40, metadata: 'Av//////////' }])
  })

  it('pass records that are skipped', async () => {
    const topology = new Topology()
      .addSource('source', 'a', { value: serdes.long(), timestampExtractor: logAndSkipOnInvalidTimestamp })
      .addSink('sink', 'out', 'source', { value: serdes.long() })
    const { task, collector } = await taskOf(topology, [A], { deserializationExceptionHandler: logAndContinue() })
    task.initialize(new Map())
    task.addRecords(
      fetched(A, [
        { offset: 0, value: 'short' },
        { offset: 1, timestamp: -1, value: Buffer.alloc(8) },
      ]),
    )
    expect(task.process()).toBe(false)
    expect(task.commitNeeded).toBe(true)
    expect(task.recordCounts.droppedTotal).toBe(2)
    expect(task.committableOffsets()).toEqual([{ ...A, offset: 2, metadata: 'Av//////////' }])
    expect(collector.take()).toEqual([])
  })
})

describe('StreamTask: failures', () => {
  it('names source, partition, offset and option of a record it cannot read', async () => {
    const topology = new Topology().addSource('source', 'a', { value: serdes.long() }).addSink('sink', 'out', 'source')
    const { task } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 7, value: 'short' }]))
    expect(() => task.process()).toThrow(
      /source "source" can't read the value at offset 7 of a-0 with its serde.*deserializationExceptionHandler/,
    )
    expect(() => task.process()).toThrow(
      expect.objectContaining({
        code: 'DESERIALIZATION_FAILED',
        location: expect.objectContaining({ operator: 'source', offset: 7 }),
      }),
    )
  })

  it('names operator, partition and offset of a record that a processor fails on, and the innermost operator', async () => {
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('outer', () => new PassThroughOperator<string, unknown>(), 'source')
      .addProcessor(
        'inner',
        () => ({
          process: () => {
            throw new Error('boom')
          },
        }),
        'outer',
      )
    const { task } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 3, value: 'x' }]))
    expect(() => task.process()).toThrow(
      /operator "inner" of task 0_0 failed at offset 3 of a-0: boom.*processingExceptionHandler/,
    )
    expect(() => task.prepareCommit()).toThrow('boom')
  })

  it('fails even if a processor catches what forward throws', async () => {
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('catching', () => new Catching(), 'source')
      .addProcessor(
        'inner',
        () => ({
          process: () => {
            throw new Error('boom')
          },
        }),
        'catching',
      )
    const { task } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 3, value: 'x' }]))
    expect(() => task.process()).toThrow('boom')
  })

  it('drops the record for the failing operator only, if the handler says so', async () => {
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('picky', () => new Picky(), 'source')
      .addProcessor('other', () => new PassThroughOperator<string, unknown>(), 'source')
      .addSink('sink', 'out', ['picky', 'other'])
    const { task, run, logger } = await taskOf(topology, [A], { processingExceptionHandler: logAndContinue() })
    task.initialize(new Map())
    task.addRecords(
      fetched(A, [
        { offset: 0, value: 'bad' },
        { offset: 1, value: 'good' },
      ]),
    )
    expect(run()).toEqual(['bad', 'good', 'good'])
    expect(task.recordCounts.droppedTotal).toBe(1)
    expect(logger.entries).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: 'operator "picky" failed on the record of a-0 at offset 0: dropped, as the exception handler says',
        fields: expect.objectContaining({ operator: 'picky', offset: 0, err: new Error('bad value') }),
      }),
    ])
  })

  it('says whether a record was read by the default serde or by one that the source names, even if that is the same', async () => {
    const failing = async (topology: Topology): Promise<unknown> => {
      const { task } = await taskOf(topology, [A], { defaultValueSerde: serdes.json() })
      task.initialize(new Map())
      task.addRecords(fetched(A, [{ offset: 0, value: '{' }]))
      return () => task.process()
    }
    expect(await failing(new Topology().addSource('source', 'a'))).toThrow(
      'with the default serde (defaultValueSerde): ',
    )
    const named = new Topology().addSource('source', 'a', { value: serdes.json() })
    expect(await failing(named)).toThrow('with its serde: ')
  })

  it('says whether a record was to be written by the default serde or by one that the sink names, even if that is the same', async () => {
    const failing = async (options: { value?: Serde<unknown> }): Promise<unknown> => {
      const topology = new Topology()
        .addSource('source', 'a')
        .addProcessor('big', () => new MapValuesOperator<string, string, unknown>(() => 1n), 'source')
        .addSink('sink', 'out', 'big', options)
      const { task } = await taskOf(topology, [A], { defaultValueSerde: serdes.json() })
      task.initialize(new Map())
      task.addRecords(fetched(A, [{ offset: 0, value: '1' }]))
      return () => task.process()
    }
    expect(await failing({})).toThrow('with the default serde (defaultValueSerde): ')
    expect(await failing({ value: serdes.json() })).toThrow('with its serde: ')
  })

  it('sends the dead letter also where the task is to fail', async () => {
    const topology = new Topology().addSource('source', 'a').addProcessor('picky', () => new Picky(), 'source')
    const { task, collector } = await taskOf(topology, [A], {
      processingExceptionHandler: deadLetterTopic('dead', { then: 'fail' }),
    })
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 4, key: 'k', value: 'bad', timestamp: 7 }]))
    expect(() => task.process()).toThrow('bad value')
    const letter = { topic: 'dead', key: Buffer.from('k'), value: Buffer.from('bad'), timestamp: 7 }
    expect(collector.take()).toEqual([expect.objectContaining(letter)])
    expect(task.recordCounts.droppedTotal).toBe(0)
  })

  it.each([
    ['topic', undefined],
    ['key', 'text'],
    ['value', undefined],
    ['timestamp', undefined],
    ['timestamp', 7.5],
    ['headers', [['source', 'web']]],
  ])('refuses a dead letter whose %s is %p', async (property, value) => {
    const letter = { topic: 'dead', key: null, value: Buffer.from('v'), timestamp: 7, headers: [], [property]: value }
    const topology = new Topology().addSource('source', 'a').addProcessor('picky', () => new Picky(), 'source')
    const { task, collector } = await taskOf(topology, [A], {
      processingExceptionHandler: () => ({ result: 'continue', deadLetters: [letter as DeadLetterRecord] }),
    })
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 4, value: 'bad' }]))
    expect(() => task.process()).toThrow(
      /returned an object that does not fit, for operator "picky".*a list of { topic, key, value, timestamp, headers }: key and value are bytes or null, timestamp a whole number of milliseconds/,
    )
    expect(collector.take()).toEqual([])
  })

  it.each([undefined, 'skip', { deadLetters: [] }])(
    'says that a handler returned %p, and what it was asked about',
    async (response) => {
      const topology = new Topology().addSource('source', 'a').addProcessor('picky', () => new Picky(), 'source')
      const { task } = await taskOf(topology, [A], { processingExceptionHandler: () => response as never })
      task.initialize(new Map())
      task.addRecords(fetched(A, [{ offset: 4, value: 'bad' }]))
      expect(() => task.process()).toThrow(
        expect.objectContaining({
          code: 'PROCESSING_FAILED',
          location: { operator: 'picky', taskId: '0_0', topic: 'a', partition: 0, offset: 4 },
          message: expect.stringMatching(/returned .* for operator "picky".*bad value.*'continue', 'fail'/),
        }),
      )
    },
  )

  it('names the sink, the topic and the option where a value does not fit the serde', async () => {
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('pass', () => new PassThroughOperator<string, unknown>(), 'source')
      .addSink('sink', 'out', 'pass', { value: serdes.long() as never })
    const { task } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 2, value: 'text' }]))
    expect(() => task.process()).toThrow(
      /sink "sink" can't write the value text \(string\) to topic "out" with its serde: .*\{ value: serdes/,
    )
    expect(() => task.process()).toThrow(
      expect.objectContaining({
        code: 'SERIALIZATION_FAILED',
        location: expect.objectContaining({ topic: 'a', offset: 2 }),
      }),
    )
  })

  it('asks the production handler about a value that does not fit, before the processing handler', async () => {
    const seen: unknown[] = []
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('pass', () => new PassThroughOperator<string, unknown>(), 'source')
      .addSink('sink', 'out', 'pass', { value: serdes.long() as never })
    const { task, run } = await taskOf(topology, [A], {
      productionExceptionHandler: (_error, context, record) => {
        seen.push([context.operator, context.offset, record.topic, record.value])
        return 'continue'
      },
      processingExceptionHandler: () => {
        throw new Error('not asked')
      },
    })
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 2, value: 'text' }]))
    expect(run()).toEqual([])
    expect(seen).toEqual([['sink', 2, 'out', 'text']])
    expect(task.recordCounts.droppedTotal).toBe(1)
  })

  it('tells a processor apart that asks for a store it is not connected to', async () => {
    const topology = new Topology().addSource('source', 'a').addProcessor('nosy', () => new Nosy(), 'source')
    const { task } = await taskOf(topology, [A])
    expect(() => task.initialize(new Map())).toThrow(
      /processor "nosy" asks for the store "secret", which is not connected/,
    )
  })

  it('rejects forwarding to a child that is not there, and out of turn', async () => {
    let context!: ProcessorContext<string, string>
    const topology = new Topology().addSource('source', 'a').addProcessor(
      'lost',
      () => ({
        init: (given: ProcessorContext<string, string>) => (context = given),
        process: (record: StreamRecord<string, string>) => context.forward(record, 'nowhere'),
      }),
      'source',
    )
    const { task } = await taskOf(topology, [A])
    task.initialize(new Map())
    expect(() => context.forward(new StreamRecord('k', 'v', 0))).toThrow('while it processes nothing')
    task.addRecords(fetched(A, [{ offset: 0, value: 'x' }]))
    expect(() => task.process()).toThrow('"nowhere"')
  })

  it('closes all processors, also when one fails', async () => {
    const closed: string[] = []
    const closing = (name: string, fails: boolean) => () => ({
      process: () => {},
      close: () => {
        closed.push(name)
        if (fails) throw new Error(`${name} does not close`)
      },
    })
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('first', closing('first', true), 'source')
      .addProcessor('second', closing('second', false), 'source')
    const { task } = await taskOf(topology, [A])
    task.initialize(new Map())
    await expect(task.close()).rejects.toThrow('first does not close')
    expect(closed).toEqual(['first', 'second'])
  })
})

class Catching implements Processor<string, unknown> {
  private context!: ProcessorContext<unknown, unknown>
  init(context: ProcessorContext<unknown, unknown>): void {
    this.context = context
  }
  process(record: StreamRecord<string, unknown>): void {
    try {
      this.context.forward(record)
    } catch {
      // hides it
    }
  }
}

class Picky implements Processor<string, unknown> {
  private context!: ProcessorContext<unknown, unknown>
  init(context: ProcessorContext<unknown, unknown>): void {
    this.context = context
  }
  process(record: StreamRecord<string, unknown>): void {
    if (record.value === 'bad') throw new Error('bad value')
    this.context.forward(record)
  }
}

class Nosy implements Processor<string, unknown> {
  init(context: ProcessorContext<unknown, unknown>): void {
    context.stateStore('secret')
  }
  process(): void {}
}
