import type * as BufferText from '../../../../lib/bytes/buffer-text'
import { utf8Text } from '../../../../lib/bytes/buffer-text'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { KStream } from '../../../../lib/dsl/kstream'
import * as serdes from '../../../../lib/serdes'
import { fetched, taskOf } from './processing-under-test'

jest.mock('../../../../lib/bytes/buffer-text', () => {
  const actual = jest.requireActual<typeof BufferText>('../../../../lib/bytes/buffer-text')
  return { ...actual, utf8Text: jest.fn(actual.utf8Text) }
})

const A = { topic: 'a', partition: 0 }
const text = { key: serdes.string(), value: serdes.string() }
const LONG = 'a value too long for the cache of short texts'

const valuesRead = async (
  define: (lines: KStream<string, string>) => void,
  config: Parameters<typeof taskOf>[2] = {},
): Promise<number> => {
  const builder = new StreamsBuilder()
  define(builder.stream('a', text))
  const { task, run } = await taskOf(builder.build(), [A], config)
  task.initialize(new Map())
  const read = jest.mocked(utf8Text).mockClear()
  task.addRecords(fetched(A, [{ offset: 0, key: 'k', value: LONG }]))
  run()
  return read.mock.results.filter(({ value }) => value === LONG).length
}

describe('a value', () => {
  it('that is only counted is not read', async () => {
    expect(await valuesRead((lines) => lines.groupByKey().count())).toBe(0)
    expect(await valuesRead((lines) => lines.merge(lines).groupByKey().count())).toBe(0)
  })

  it('is read where anything else looks at it, too', async () => {
    expect(
      await valuesRead((lines) =>
        lines
          .filter(() => true)
          .groupByKey()
          .count(),
      ),
    ).toBe(1)
    expect(await valuesRead((lines) => (lines.groupByKey().count(), lines.foreach(() => {})))).toBe(1)
    expect(
      await valuesRead((lines) =>
        lines.groupByKey().aggregate(
          () => 0,
          (n) => n + 1,
          { value: serdes.long() },
        ),
      ),
    ).toBe(1)
  })

  it('is read for an exception handler, which gets the record', async () => {
    const processingExceptionHandler = () => 'continue' as const
    expect(await valuesRead((lines) => lines.groupByKey().count(), { processingExceptionHandler })).toBe(1)
  })

  it('that is null is not counted, read or not', async () => {
    const counts = new StreamsBuilder()
    counts.stream('a', text).groupByKey().count().toStream().mapValues(String).to('out', text)
    const { task, run } = await taskOf(counts.build(), [A])
    task.initialize(new Map())
    task.addRecords(
      fetched(A, [
        { offset: 0, key: 'k', value: LONG },
        { offset: 1, key: 'k', value: null },
        { offset: 2, key: 'k', value: Buffer.from([0xff, 0xc0]) },
      ]),
    )
    expect(run()).toEqual(['1', '2'])
    expect(task.recordCounts.droppedTotal).toBe(1)
  })

  it('that is damaged goes to the deserialization handler, although it is only counted', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('a', { key: serdes.string(), value: serdes.long() })
      .groupByKey()
      .count()
      .toStream()
      .mapValues(String)
      .to('out', text)
    const damaged: number[] = []
    const { task, run } = await taskOf(builder.build(), [A], {
      deserializationExceptionHandler: (_error, { offset }) => (damaged.push(offset), 'continue'),
    })
    task.initialize(new Map())
    task.addRecords(
      fetched(A, [
        { offset: 0, key: 'k', value: Buffer.alloc(8) },
        { offset: 1, key: 'k', value: 'no long' },
        { offset: 2, key: 'k', value: Buffer.alloc(8) },
      ]),
    )
    expect([run(), damaged]).toEqual([['1', '2'], [1]])
  })
})
