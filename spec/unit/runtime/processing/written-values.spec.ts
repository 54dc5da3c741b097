import type { KTable } from '../../../../lib/dsl/ktable'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import type { Serde } from '../../../../lib/serdes/serde'
import { fetched, taskOf } from './processing-under-test'

const A = { topic: 'a', partition: 0 }
const text = { key: serdes.string(), value: serdes.string() }

interface Seen {
  readonly values: readonly string[]
}

/** What a commit sends of the lists of values by key, and how many of the lists it parses. */
const flushed = async (
  define: (lists: KTable<string, Seen>) => void,
  config: Parameters<typeof taskOf>[2] = {},
  value: Serde<Seen> = serdes.json<Seen>(),
): Promise<{ sent: string[]; parsed: number }> => {
  const builder = new StreamsBuilder()
  const lists = builder
    .stream('a', text)
    .groupByKey()
    .aggregate<Seen>(
      () => ({ values: [] }),
      ({ values }, line) => ({ values: [...values, line] }),
      { store: 'lists', value },
    )
  define(lists)
  const cache = { maxBytes: 1e6, usedBytes: 0 }
  const { task, run, sent } = await taskOf(builder.build(), [A], config, { cache })
  task.initialize(new Map())
  task.addRecords(
    fetched(A, [
      { offset: 0, key: 'k', value: 'größe' },
      { offset: 1, key: 'k', value: 'a\\b' },
      { offset: 2, key: 'l', value: '1' },
    ]),
  )
  run()
  const parse = jest.spyOn(JSON, 'parse')
  task.prepareCommit()
  const parsed = parse.mock.calls.length
  parse.mockRestore()
  return { sent: sent(), parsed }
}

const SENT = ['{"values":["größe","a\\\\b"]}', '{"values":["1"]}']

describe('the JSON of a store', () => {
  const json = serdes.json<Seen>()

  it('goes to a topic with the same serde as it is', async () => {
    expect(await flushed((lists) => lists.toStream().to('out', { value: json }))).toEqual({ sent: SENT, parsed: 0 })
  })

  it('is parsed for a callback', async () => {
    const twice = (lists: KTable<string, Seen>): void => {
      lists.toStream().to('out', { value: json })
      lists.toStream().foreach(() => {})
    }
    expect(await flushed(twice)).toEqual({ sent: SENT, parsed: 2 })
    const mapped = await flushed((lists) =>
      lists
        .toStream()
        .mapValues((list) => ({ values: [...list!.values].reverse() }))
        .to('out', { value: json }),
    )
    expect(mapped).toEqual({ sent: ['{"values":["a\\\\b","größe"]}', '{"values":["1"]}'], parsed: 2 })
  })

  it('is parsed for a partitioner, and where the topic is chosen by record', async () => {
    const partitioner = (_topic: string, _key: string, list: Seen | null): number => list!.values.length - 1
    const partitioned = await flushed((lists) => lists.toStream().to('out', { value: json, partitioner }))
    expect(partitioned).toEqual({ sent: SENT, parsed: 2 })
    const chosen = await flushed((lists) =>
      lists.toStream().to((list: Seen | null) => (list === null ? '' : 'out'), { value: json }),
    )
    expect(chosen.parsed).toBe(2)
  })

  it('is parsed for a topic with another serde', async () => {
    const own: Serde<Seen> = {
      serialize: (_topic, { values }) => Buffer.from(values.join()),
      deserialize: (topic, bytes, headers) => json.deserialize(topic, bytes, headers),
    }
    const sent = ['größe,a\\b', '1']
    expect(await flushed((lists) => lists.toStream().to('out', { value: own }))).toEqual({ sent, parsed: 2 })
  })

  it('is parsed where a validator may change it', async () => {
    const trimmed = serdes.json({
      '~standard': {
        version: 1,
        vendor: 'spec',
        validate: (value: unknown) => ({ value: { values: (value as Seen).values.slice(-1) } }),
      },
    }) as Serde<Seen>
    const { sent } = await flushed((lists) => lists.toStream().to('out', { value: trimmed }), {}, trimmed)
    expect(sent).toEqual(['{"values":["a\\\\b"]}', '{"values":["1"]}'])
  })

  it.each(['processingExceptionHandler', 'productionExceptionHandler'])('is parsed for a %s', async (handler) => {
    const config = { [handler]: () => 'continue' }
    const { parsed } = await flushed((lists) => lists.toStream().to('out', { value: json }), config)
    expect(parsed).toBe(2)
  })

  it('is a delete where it is null', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('a', text)
      .groupByKey()
      .aggregate<number>(
        () => 0,
        () => NaN,
        { store: 'numbers', value: serdes.json<number>() },
      )
      .toStream()
      .to('out', { value: serdes.json<number>() })
    const { task, run, collector } = await taskOf(builder.build(), [A], {}, { cache: { maxBytes: 1e6, usedBytes: 0 } })
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 0, key: 'k', value: '1' }]))
    run()
    task.prepareCommit()
    expect(collector.take().flatMap(({ topic, value }) => (topic === 'out' ? [value] : []))).toEqual([null])
  })
})
