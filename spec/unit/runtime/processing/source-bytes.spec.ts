import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { untilTimeLimit } from '../../../../lib/dsl/suppressed'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import { deadLetterTopic } from '../../../../lib/handlers'
import type { ProcessorContext } from '../../../../lib/operators/processor'
import { StreamRecord } from '../../../../lib/record/stream-record'
import * as serdes from '../../../../lib/serdes'
import { versionedKeyValueStore } from '../../../../lib/state/versioned/versioned-key-value-store'
import { deferred, fetched, settled, taskOf, type TaskUnderTest } from './processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }
const IN = { topic: 'in', partition: 0 }
const TABLE = { topic: 'table', partition: 0 }
const OFFSET = '__streams.errors.offset'

const handlers = { processingExceptionHandler: deadLetterTopic('dead') }

/** As `offset key=value`. */
const letters = ({ collector }: TaskUnderTest): string[] =>
  collector
    .take()
    .filter(({ topic }) => topic === 'dead')
    .map(({ key, value, headers }) => {
      const offset = headers.find(([name]) => name === OFFSET)![1]
      return `${offset?.toString()} ${key?.toString()}=${value?.toString()}`
    })

const unlessBad = (value: string): string => {
  if (value.startsWith('bad')) throw new Error('bad')
  return value
}

describe('the source bytes of a dead letter', () => {
  it('are those of its own record', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', text).mapValues(unlessBad).to('out', text)
    const under = await taskOf(builder.build(), [IN], handlers)
    under.task.initialize(new Map())
    under.task.addRecords(
      fetched(IN, [
        { offset: 0, key: 'a', value: 'bad' },
        { offset: 1, key: 'b', value: 'good' },
        { offset: 2, key: 'c', value: 'bad too' },
      ]),
    )
    under.task.processUpTo(10)
    expect(letters(under)).toEqual(['0 a=bad', '2 c=bad too'])
  })

  it('come with its own timestamp and headers, when what it has become can not be sent', async () => {
    const builder = new StreamsBuilder()
    const changed = builder.stream('in', text).process<string, string>(() => {
      let context: ProcessorContext<string, string>
      return {
        init: (given) => void (context = given),
        process: ({ key, value }) => context.forward(new StreamRecord(key, value, 99, [['added', null]])),
      }
    })
    changed.to(() => {
      throw new Error('no topic')
    }, text)
    const under = await taskOf(builder.build(), [IN], handlers)
    under.task.initialize(new Map())
    under.task.addRecords(fetched(IN, [{ offset: 0, timestamp: 5, key: 'a', value: 'x' }]))
    under.task.processUpTo(10)
    const [letter] = under.collector.take()
    expect(letter).toMatchObject({ topic: 'dead', timestamp: 5, key: Buffer.from('a') })
    expect(letter!.headers.map(([name]) => name)).not.toContain('added')
  })

  it('are its own, when a cache forwards what it has held', async () => {
    const builder = new StreamsBuilder()
    builder.table('in', text, 'rows').mapValues(unlessBad).toStream().to('out', text)
    const cache = { maxBytes: 1 << 20, usedBytes: 0 }
    const under = await taskOf(builder.build(), [IN], handlers, { cache })
    under.task.initialize(new Map())
    under.task.addRecords(
      fetched(IN, [
        { offset: 0, key: 'a', value: 'good' },
        { offset: 1, key: 'a', value: 'bad' },
        { offset: 2, key: 'b', value: 'good' },
      ]),
    )
    under.task.processUpTo(10)
    under.task.prepareCommit()
    expect(letters(under)).toEqual(['1 a=bad'])
  })

  it('are its own, when a window that a cache has held is forwarded with the timestamp of its newest record', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .groupByKey(text)
      .windowedBy(TimeWindows.of({ size: 100 }))
      .reduce((_, value) => value, 'windows')
      .toStream((_, { key }) => key)
      .mapValues((value) => unlessBad(value!))
      .to('out', text)
    const cache = { maxBytes: 1 << 20, usedBytes: 0 }
    const under = await taskOf(builder.build(), [IN], handlers, { cache })
    under.task.initialize(new Map())
    under.task.addRecords(
      fetched(IN, [
        { offset: 0, timestamp: 20, key: 'a', value: 'good' },
        { offset: 1, timestamp: 10, key: 'a', value: 'bad' },
        { offset: 2, timestamp: 15, key: 'b', value: 'good' },
      ]),
    )
    under.task.processUpTo(10)
    under.task.prepareCommit()
    expect(letters(under)).toEqual(['1 a=bad'])
  })

  it('are its own, when a suppression has held it back', async () => {
    const builder = new StreamsBuilder()
    builder
      .table('in', text, 'rows')
      .suppress(untilTimeLimit(5))
      .toStream()
      .mapValues((value) => unlessBad(value!))
      .to('out', text)
    const under = await taskOf(builder.build(), [IN], handlers)
    under.task.initialize(new Map())
    under.task.addRecords(
      fetched(IN, [
        { offset: 0, timestamp: 10, key: 'a', value: 'good' },
        { offset: 1, timestamp: 11, key: 'a', value: 'bad' },
        { offset: 2, timestamp: 20, key: 'b', value: 'good' },
      ]),
    )
    under.task.processUpTo(10)
    expect(letters(under)).toEqual(['1 a=bad'])
  })

  it('are never those of the record that released one from a join with grace', async () => {
    const builder = new StreamsBuilder()
    const rows = builder.table('table', text, versionedKeyValueStore('rows', { ...text, historyRetention: 100 }))
    builder
      .stream('in', text)
      .leftJoin(rows, (value) => unlessBad(value), { name: 'joined', grace: 5 })
      .to('out', text)
    const under = await taskOf(builder.build(), [IN, TABLE], handlers)
    under.task.initialize(new Map())
    under.task.addRecords(
      fetched(IN, [
        { offset: 0, timestamp: 10, key: 'a', value: 'bad' },
        { offset: 1, timestamp: 20, key: 'b', value: 'good' },
      ]),
    )
    under.task.processUpTo(10)
    expect(letters(under)).toEqual(['0 undefined=undefined'])
  })

  it('are those of the record whose callback is awaited, when others were processed since', async () => {
    const builder = new StreamsBuilder()
    const { promise, resolve } = deferred()
    const stream = builder.stream('in', text)
    stream
      .process<string, string>(() => {
        let forward: (record: never) => void
        return {
          init: (context) => void (forward = (record) => context.forward(record)),
          process: async (record) => {
            if (record.value === 'other') return
            await promise
            forward(record as never)
          },
        }
      })
      .mapValues((value) => unlessBad(value as string))
      .to('out', text)
    const under = await taskOf(builder.build(), [IN], handlers)
    under.task.initialize(new Map())
    under.task.addRecords(
      fetched(IN, [
        { offset: 0, key: 'a', value: 'bad' },
        { offset: 1, key: 'b', value: 'other' },
      ]),
    )
    under.task.processUpTo(10)
    resolve()
    await settled()
    expect(letters(under)).toEqual(['0 a=bad'])
  })
})
