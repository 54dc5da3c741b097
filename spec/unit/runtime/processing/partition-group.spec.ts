import { MissingDependency } from '../../../../lib/serdes/missing-dependency'
import * as serdes from '../../../../lib/serdes'
import type { Serde } from '../../../../lib/serdes/serde'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { TopicPartition } from '../../../../lib/record/topic-partition'
import { deferred, fetched, settled, taskOf, type TaskUnderTest } from './processing-under-test'

const A: TopicPartition = { topic: 'a', partition: 0 }
const B: TopicPartition = { topic: 'b', partition: 0 }
const C: TopicPartition = { topic: 'c', partition: 0 }

const copyOf = (inputs: readonly TopicPartition[], value: Serde<string> = serdes.string()): Promise<TaskUnderTest> => {
  const builder = new StreamsBuilder()
  const topics = inputs.map(({ topic }) => topic)
  builder.stream(topics, { key: serdes.string(), value }).to('out', { value: serdes.string() })
  return taskOf(builder.build(), inputs)
}

const records = (from: number, ...values: string[]) =>
  values.map((value, i) => ({ offset: from + i, timestamp: Number(value.slice(1)), value }))

const offsetsOf = ({ task }: TaskUnderTest): Record<string, number> =>
  Object.fromEntries(task.committableOffsets().map(({ topic, offset }) => [topic, offset]))

describe('an input that is read from another offset', () => {
  it('further back drops what is buffered, and commits what is read there', async () => {
    const app = await copyOf([A])
    app.task.initialize(new Map())
    app.task.addRecords(fetched(A, records(100, 'a1', 'a2')))
    app.task.process()
    app.task.reposition('a', 0, 0)
    expect(app.task.bufferedRecords('a', 0)).toBe(0)
    expect([app.run(), offsetsOf(app)]).toEqual([['a1'], { a: 0 }])
    app.task.addRecords(fetched(A, records(0, 'a3')))
    expect([app.run(), offsetsOf(app)]).toEqual([['a3'], { a: 1 }])
  })

  it('further ahead has what is buffered processed first: it is nowhere else any more', async () => {
    const app = await copyOf([A, B])
    app.task.initialize(new Map())
    app.task.addRecords(fetched(A, records(100, 'a1', 'a2', 'a4')))
    app.task.addRecords(fetched(B, records(0, 'b3')))
    app.task.process()
    app.task.reposition('a', 0, 5_000)
    expect([app.run(), offsetsOf(app)]).toEqual([['a1', 'a2', 'b3', 'a4'], { a: 5_000, b: 1 }])
    expect(app.task.bufferedRecords('a', 0)).toBe(0)
    app.task.addRecords(fetched(A, records(5_000, 'a5')))
    expect([app.run(), offsetsOf(app)]).toEqual([['a5'], { a: 5_001, b: 1 }])
  })

  it('is to be committed even where nothing is processed from there', async () => {
    const app = await copyOf([A])
    app.task.initialize(new Map())
    expect(app.task.commitNeeded).toBe(false)
    app.task.reposition('a', 0, 7)
    expect([app.task.commitNeeded, offsetsOf(app)]).toEqual([true, { a: 7 }])
  })

  it('while its head awaits its turn leaves the order of the other inputs as it is', async () => {
    const app = await copyOf([A, B, C])
    app.task.initialize(new Map())
    app.task.addRecords(fetched(A, records(50, 'a1', 'a4')))
    app.task.addRecords(fetched(B, records(0, 'b2', 'b6')))
    app.task.addRecords(fetched(C, records(0, 'c3', 'c5')))
    // the heads of all inputs are decoded and in order from here on
    app.task.process()
    app.task.process()
    expect(app.sent()).toEqual(['a1', 'b2'])
    app.task.reposition('a', 0, 0)
    expect(app.run()).toEqual(['c3', 'c5', 'b6'])
    app.task.addRecords(fetched(A, records(0, 'a7')))
    expect([app.run(), offsetsOf(app)]).toEqual([['a7'], { a: 1, b: 2, c: 2 }])
  })

  it('is no longer waited for up to its former end', async () => {
    const app = await copyOf([A, B])
    app.task.initialize(new Map())
    app.task.updateEndOffset('a', 0, 100)
    app.task.addRecords(fetched(B, records(0, 'b1')))
    expect(app.run()).toEqual([])
    app.task.reposition('a', 0, 0)
    expect(app.run()).toEqual(['b1'])
  })

  it('while the schema of its next record is being fetched neither waits for it nor is stopped by its failure', async () => {
    const fetching = deferred()
    const text = serdes.string()
    const lacking: Serde<string> = {
      ...text,
      serialize: (...args) => text.serialize(...args),
      deserialize: (topic, bytes, headers) => {
        const value = text.deserialize(topic, bytes, headers)
        if (value === 'a1') throw new MissingDependency('fetch a schema', () => fetching.promise)
        return value
      },
    }
    const app = await copyOf([A, B], lacking)
    app.task.initialize(new Map())
    app.task.addRecords(fetched(A, records(100, 'a1')))
    app.task.addRecords(fetched(B, records(0, 'b2')))
    expect(app.run()).toEqual([])
    app.task.reposition('a', 0, 0)
    app.task.addRecords(fetched(A, records(0, 'a3')))
    expect(app.run()).toEqual(['b2', 'a3'])
    fetching.reject(new Error('no such schema'))
    await settled()
    app.task.addRecords(fetched(A, records(1, 'a4')))
    expect([app.run(), offsetsOf(app)]).toEqual([['a4'], { a: 2, b: 1 }])
  })
})

describe('records of equal timestamps', () => {
  it('come from the input first that had any first', async () => {
    const app = await copyOf([A, B])
    app.task.initialize(new Map())
    app.task.addRecords(fetched(B, records(0, 'b1')))
    app.task.process()
    app.task.addRecords(fetched(A, records(0, 'a2')))
    app.task.addRecords(fetched(B, records(1, 'b2')))
    expect([...app.sent(), ...app.run()]).toEqual(['b1', 'a2', 'b2'])
  })

  it('come from an input that still has some before one that had none', async () => {
    const app = await copyOf([A, B])
    app.task.initialize(new Map())
    app.task.addRecords(fetched(B, records(0, 'b1', 'b2')))
    app.task.process()
    app.task.addRecords(fetched(A, records(0, 'a2')))
    expect([...app.sent(), ...app.run()]).toEqual(['b1', 'b2', 'a2'])
  })
})

describe('an empty input', () => {
  it('is waited for no longer than the idleAfter of its source, whatever maxTaskIdle says', async () => {
    const builder = new StreamsBuilder()
    const busy = builder.stream('a', { key: serdes.string(), value: serdes.string() })
    const quiet = builder.stream('b', { key: serdes.string(), value: serdes.string(), idleAfter: '30s' })
    busy.merge(quiet).to('out', { value: serdes.string() })
    const { task, clock, run } = await taskOf(builder.build(), [A, B], { maxTaskIdleMs: 600_000 })
    task.initialize(new Map())
    task.addRecords(fetched(A, records(0, 'a1')))
    expect(run()).toEqual([])
    clock.time += 29_999
    expect(run()).toEqual([])
    clock.time += 1
    expect(run()).toEqual(['a1'])
  })
})
