import { type BatchMeta, type Batched, serdes, StreamsBuilder, TimeWindows, untilWindowCloses } from '../../lib'
import { drive, text } from './drive'
import { driveRestarting } from './restarting'

type Called = [id: string, values: (string | null)[]]

describe('forEachBatch in the test driver', () => {
  const calls: Called[] = []
  const metas: BatchMeta[] = []
  /** Fails the call for each of these ids once. */
  const failing = new Set<string>()
  beforeEach(() => {
    for (const list of [calls, metas]) list.length = 0
    failing.clear()
  })

  const batching =
    (options: Batched<string, string> = {}) =>
    (builder: StreamsBuilder): void =>
      builder.stream('in', text).forEachBatch(
        async (records, meta) => {
          calls.push([meta.id, records.map(({ value }) => value)])
          metas.push(meta)
          if (failing.delete(meta.id)) throw new Error('the database is down')
        },
        { name: 'write', size: 3, ...options },
      )

  const pipe = async ({ input }: ReturnType<typeof drive>, ...values: string[]): Promise<void> => {
    for (const value of values) await input.pipe(value, value, 1000)
  }

  it('calls the action with full batches, one after another, each with an id of its offsets', async () => {
    await pipe(drive(batching()), 'a', 'b', 'c', 'd', 'e', 'f', 'g')
    expect(calls).toEqual([
      ['0_0:in-0@0-2#0', ['a', 'b', 'c']],
      ['0_0:in-0@3-5#3', ['d', 'e', 'f']],
    ])
    expect(metas[1]).toMatchObject({
      taskId: '0_0',
      attempt: 1,
      offsets: [{ topic: 'in', partition: 0, first: 3, last: 5 }],
    })
  })

  it('gives batches ids of their own where one input record has led to records of several', async () => {
    const ids = new Map<string, number[]>()
    const { input } = drive((builder) =>
      builder
        .stream('in', text)
        .groupByKey(text)
        .windowedBy(TimeWindows.of({ size: '10s', advance: '5s', grace: 0 }))
        .count()
        .suppress(untilWindowCloses())
        .toStream((_, { window }) => window.start)
        .forEachBatch(
          (records, { id }) => void ids.set(id, [...(ids.get(id) ?? []), ...records.map(({ key }) => key)]),
          {
            size: 1,
            pending: { key: serdes.double(), value: serdes.long() },
          },
        ),
    )
    // in the windows 0 and 5000, which close one after the other
    await input.pipe('k', 'v', 7000)
    await input.pipe('z', 'v', 12_000)
    await input.pipe('z', 'v', 15_000)
    expect([...ids.values()].slice(0, 2)).toEqual([[0], [5000]])
  })

  it('gives the records with their keys, timestamps, headers and origins', async () => {
    const records: unknown[] = []
    const { input } = drive((builder) =>
      builder.stream('in', text).forEachBatch((batch) => void records.push(...batch), { size: 1 }),
    )
    await input.pipe('k', 'v', 1234)
    expect(records).toEqual([
      { key: 'k', value: 'v', timestamp: 1234, headers: [], topic: 'in', partition: 0, offset: 0 },
    ])
  })

  it('calls it with fewer when the interval is over', async () => {
    const driven = drive(batching({ interval: '2s' }))
    await pipe(driven, 'a', 'b')
    expect(calls).toEqual([])
    await driven.driver.advanceWallClockTime('2s')
    expect(calls).toEqual([['0_0:in-0@0-1#0', ['a', 'b']]])
    await driven.driver.advanceWallClockTime('2s')
    expect(calls.length).toBe(1)
  })

  it('keeps together what one record has led to at once', async () => {
    const ids: Called[] = []
    const { input } = drive((builder) =>
      builder
        .stream('in', text)
        .flatMapValues((line) => line.split(' '))
        .forEachBatch((records, { id }) => void ids.push([id, records.map(({ value }) => value)]), {
          size: 3,
          pending: { value: serdes.string() },
        }),
    )
    for (const line of ['a b c d', 'e', 'f g', 'h']) await input.pipe('k', line, 1)
    expect(ids).toEqual([
      ['0_0:in-0@0-0#0', ['a', 'b', 'c', 'd']],
      ['0_0:in-0@1-2#4', ['e', 'f', 'g']],
    ])
  })

  it('repeats a failed call with the same batch', async () => {
    failing.add('0_0:in-0@0-2#0')
    await pipe(drive(batching({ retry: { attempts: 2 } })), 'a', 'b', 'c')
    expect(calls).toEqual([
      ['0_0:in-0@0-2#0', ['a', 'b', 'c']],
      ['0_0:in-0@0-2#0', ['a', 'b', 'c']],
    ])
    expect(metas.map(({ attempt }) => attempt)).toEqual([1, 2])
  })

  it('sends the records of a batch that fails for good to the dead letter topic, and continues', async () => {
    failing.add('0_0:in-0@0-2#0')
    const driven = drive(batching({ onError: { deadLetter: 'not-written' } }))
    await pipe(driven, 'a', 'b', 'c', 'd', 'e', 'f')
    expect(calls.map(([id]) => id)).toEqual(['0_0:in-0@0-2#0', '0_0:in-0@3-5#3'])
    expect(driven.out('not-written')).toHaveLength(3)
    expect(driven.driver.recordCounts()).toMatchObject({ dropped: 3, deadLetters: 3 })
  })

  it('by default fails, and names the operator and the record', async () => {
    failing.add('0_0:in-0@0-2#0')
    await expect(pipe(drive(batching()), 'a', 'b', 'c')).rejects.toMatchObject({
      code: 'CALL_FAILED',
      location: { operator: 'write', topic: 'in', partition: 0, offset: 0 },
    })
  })

  it('times out', async () => {
    const { input } = drive((builder) =>
      builder.stream('in', text).forEachBatch(
        (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))), // prettier-ignore
        { size: 1, timeout: 1 },
      ),
    )
    await expect(input.pipe('a', 'a')).rejects.toMatchObject({ code: 'CALL_TIMED_OUT' })
  })

  it('continues batches that had begun to fill when the application starts somewhere else', async () => {
    const piped = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((value) => ({ key: value, value, timestamp: 1 }))
    await driveRestarting(batching(), [piped.slice(0, 2), piped.slice(2, 5), piped.slice(5)], { topics: [] })
    expect(calls).toEqual([
      ['0_0:in-0@0-2#0', ['a', 'b', 'c']],
      ['0_0:in-0@3-5#3', ['d', 'e', 'f']],
    ])
  })

  it('repeats a batch that had not ended with the same id and records when the application starts somewhere else', async () => {
    failing.add('0_0:in-0@0-2#0')
    const driven = drive(batching())
    await expect(pipe(driven, 'a', 'b', 'c')).rejects.toThrow('the database is down')
    const changelogs = driven.driver.produced()
    // other sizes: the bounds are those that were committed
    const restarted = drive(batching({ size: 2 }), { changelogs, firstOffset: 3 })
    await pipe(restarted, 'd', 'e', 'f')
    expect(calls).toEqual([
      ['0_0:in-0@0-2#0', ['a', 'b', 'c']],
      ['0_0:in-0@0-2#0', ['a', 'b', 'c']],
      ['0_0:in-0@3-4#3', ['d', 'e']],
    ])
  })

  it('gives no tombstone to an action of a stream that is typed without null', async () => {
    const { input } = drive(batching({ size: 1 }))
    await expect(input.pipe('a', null)).rejects.toMatchObject({ code: 'UNEXPECTED_TOMBSTONE' })
  })

  it('names its store by the operator', () => {
    const builder = new StreamsBuilder()
    batching()(builder)
    expect(String(builder.build().describe())).toContain('write (stores: [write-pending])')
  })
})
