import type { StreamsConfig } from '../../../../lib/config/config'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { untilWindowCloses } from '../../../../lib/dsl/suppressed'
import { JoinWindows } from '../../../../lib/dsl/windows/join-windows'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import type { RunSummary } from '../../../../lib/runtime/bounded/run-options'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const counted = { key: serdes.string(), value: serdes.long() }

const wordCount = (onLine: (line: string) => void = () => {}): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', text)
    .peek((line) => void onLine(line))
    .flatMapValues((line) => line.split(' '))
    .groupBy((word) => word, text)
    .count({ store: 'counts' })
    .toStream()
    .to('out', counted)
  return builder.build()
}

const copying = (): Topology => {
  const builder = new StreamsBuilder()
  builder.stream('lines', text).to('out', text)
  return builder.build()
}

const LINES = Array.from({ length: 40 }, (_, i) => `word${i % 7} word${i % 3} line`)
const COUNTS = new Map<string, number>()
for (const word of LINES.join(' ').split(' ')) COUNTS.set(word, (COUNTS.get(word) ?? 0) + 1)

describe.each(['at_least_once', 'exactly_once'] as const)('a bounded run with %s', (processingGuarantee) => {
  let apps: EmbeddedApps
  /** Where the guarantee makes no difference, it need not be tested twice. */
  const itOnce = (name: string, test: () => Promise<void>): void => {
    if (processingGuarantee === 'exactly_once') it(name, test)
  }

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 3, other: 3, out: 2 })
  })
  afterEach(() => apps.close())

  const create = (topology: Topology, name = 'a', config: Partial<StreamsConfig> = {}) =>
    apps.create(topology, { processingGuarantee, stateDir: apps.stateDir(name), ...config })

  const produceLines = (lines: readonly string[] = LINES): Promise<void> =>
    apps.kafka.produce(
      'lines',
      lines.map((value, i) => ({ value, partition: i % 3, timestamp: 1000 + i })),
    )

  const lastCounts = async (): Promise<Map<string, number>> => {
    const counts = new Map<string, number>()
    for (const { key, value } of await apps.kafka.read('out', counted)) counts.set(key!, value!)
    return counts
  }

  const counts = ({ topics }: RunSummary): Record<string, [number, number]> =>
    Object.fromEntries(topics.map(({ topic, read, written }) => [topic, [read, written]]))

  it('reads its inputs to their ends, through repartition topics, and says what it did', async () => {
    await produceLines()
    // longer than the test takes: the run does not wait for it
    const streams = create(wordCount(), 'a', { statestoreCacheMaxBytes: 0, commitInterval: 5_000 })
    const summary = await streams.run()
    expect(await lastCounts()).toEqual(COUNTS)
    expect(counts(summary)).toEqual({
      lines: [40, 0],
      'app-counts-repartition': [120, 120],
      out: [0, 120],
    })
    expect(summary).toMatchObject({ read: 160, written: 240, dropped: 0, deadLetters: 0, operators: [] })
    expect(summary.ends).toEqual([14, 13, 13].map((offset, partition) => ({ topic: 'lines', partition, offset })))
    expect(streams.state).toBe('NOT_RUNNING')
    await streams.closed
    expect(await apps.kafka.client().admin().groupMembers('app')).toBe(0)
  })

  it('does not read what is written after its start, which another run reads', async () => {
    await produceLines(['first'])
    const later = new Set<Promise<void>>()
    const late = (): unknown => later.add(apps.kafka.produce('lines', [{ value: 'second', partition: 0 }]))
    await create(wordCount((line) => line === 'first' && late())).run()
    await Promise.all(later)
    expect(await lastCounts()).toEqual(new Map([['first', 1]]))
    const { ends } = await create(wordCount(), 'b').run()
    expect(await lastCounts()).toEqual(
      new Map([
        ['first', 1],
        ['second', 1],
      ]),
    )
    expect(ends[0]).toEqual({ topic: 'lines', partition: 0, offset: 2 })
  })

  itOnce('ends at once where there is nothing to read, or nothing since the last run', async () => {
    expect(await create(wordCount()).run()).toMatchObject({ read: 0, written: 0 })
    await produceLines(['a'])
    expect(await create(wordCount(), 'b').run()).toMatchObject({ read: 2, written: 2 })
    expect(await create(wordCount(), 'c').run()).toMatchObject({ read: 0, written: 0 })
  })

  itOnce('commits where it starts, so that a later start with autoOffsetReset latest misses nothing', async () => {
    await create(copying(), 'a', { autoOffsetReset: 'latest' }).run()
    await produceLines(['a', 'b', 'c'])
    await create(copying(), 'b', { autoOffsetReset: 'latest' }).run()
    expect(await apps.valuesIn('out')).toEqual(['a', 'b', 'c'])
  })

  it('reads partitions that end with transaction markers, or have nothing else', async () => {
    const producer = apps.kafka.client().producer({ transactionalId: 'writer' })
    await producer.init()
    await producer.loadTopics(['lines'])
    const write = async (value: string, end: 'commit' | 'abort', partition: number): Promise<void> => {
      producer.begin()
      producer.append('lines', partition, null, Buffer.from(value), 1000, [])
      await producer.flush()
      await producer[end]()
    }
    await write('committed', 'commit', 0)
    await write('aborted', 'abort', 0)
    await write('aborted', 'abort', 1)
    await create(copying()).run()
    expect(await apps.valuesIn('out')).toEqual(
      processingGuarantee === 'exactly_once' ? ['committed'] : expect.anything(),
    )
    expect(await apps.committed('lines', 0)).toBe(4)
    expect(await apps.committed('lines', 1)).toBe(2)
  })

  itOnce('reads compacted partitions, whose last offsets have no record', async () => {
    await apps.kafka.produce('lines', [
      { key: 'a', value: 'a1', partition: 0 },
      { key: 'b', value: 'b1', partition: 0 },
      { key: 'a', value: 'a2', partition: 0 },
      { key: 'a', value: null, partition: 0 },
    ])
    await apps.kafka.compact('lines', { removeTombstones: true })
    await create(copying()).run()
    expect(await apps.committed('lines', 0)).toBe(4)
  })

  itOnce('ends at a timestamp, in each partition where the first record has it', async () => {
    await produceLines()
    await create(copying()).run({ until: { timestamp: new Date(1010) } })
    expect(await apps.valuesIn('out')).toEqual(LINES.slice(0, 10).sort())
    await create(copying(), 'b').run()
    expect(await apps.valuesIn('out')).toEqual([...LINES].sort())
  })

  itOnce('ends at offsets, also within a batch, and at the ends of partitions that are not named', async () => {
    await produceLines()
    const offsets = [
      { topic: 'lines', partition: 0, offset: 2 },
      { topic: 'lines', partition: 1, offset: 0 },
    ]
    const { ends } = await create(copying()).run({ until: { offsets } })
    const expected = LINES.filter((_, i) => i === 0 || i === 3 || i % 3 === 2)
    expect(await apps.valuesIn('out')).toEqual(expected.sort())
    expect(ends.map(({ offset }) => offset)).toEqual([2, 0, 13])
  })

  itOnce('with a signal, reads until it is aborted, and then to the ends', async () => {
    await produceLines()
    const stop = new AbortController()
    const streams = create(copying())
    const run = streams.run({ until: stop.signal })
    for await (const { value } of apps.kafka.subscribe('out')) if (value === LINES[39]) break
    await apps.kafka.produce('lines', [{ value: 'one more' }])
    stop.abort()
    await run
    expect(await apps.valuesIn('out')).toEqual([...LINES, 'one more'].sort())
  })

  itOnce('reads topics that it also writes to the last record', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('lines', text)
      .mapValues((line) => `${line}!`)
      .to('other', text)
    builder.stream('other', text).to('out', text)
    await produceLines()
    await create(builder.build()).run()
    expect(await apps.valuesIn('out')).toEqual(LINES.map((line) => `${line}!`).sort())
  })

  it('ends with a foreign-key join, whose sides write to each other', async () => {
    const builder = new StreamsBuilder()
    const left = builder.table('lines', text)
    const right = builder.table('other', text)
    left
      .join(
        right,
        (value) => value.split(' ')[0]!,
        (a, b) => `${a}:${b}`,
      )
      .toStream()
      .to('out', text)
    await apps.kafka.produce('lines', [
      { key: 'k1', value: 'x 1' },
      { key: 'k2', value: 'y 2' },
      { key: 'k3', value: 'x 3' },
    ])
    await apps.kafka.produce('other', [
      { key: 'x', value: 'X' },
      { key: 'y', value: 'Y' },
    ])
    await create(builder.build()).run()
    expect([...new Set(await apps.valuesIn('out'))]).toEqual(['x 1:X', 'x 3:X', 'y 2:Y'])
  })

  it('waits for calls of async operators, and for what their results lead to', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('lines', text)
      .mapValuesAsync(async (line) => {
        // longer than it takes to commit and to look for the end
        await new Promise((resolve) => setTimeout(resolve, 100))
        return line.toUpperCase()
      })
      .selectKey((line) => line)
      .repartition({ ...text, name: 'upper' })
      .to('out', text)
    await produceLines()
    await create(builder.build()).run()
    expect(await apps.valuesIn('out')).toEqual(LINES.map((line) => line.toUpperCase()).sort())
  })

  it('on two instances ends when the tasks of both are done', async () => {
    await produceLines()
    const [a, b] = [
      create(wordCount(), 'a', { statestoreCacheMaxBytes: 0 }),
      create(wordCount(), 'b', { statestoreCacheMaxBytes: 0 }),
    ]
    const summaries = await Promise.all([a.run(), b.run()])
    expect(await lastCounts()).toEqual(COUNTS)
    if (processingGuarantee === 'exactly_once') {
      expect(summaries[0].written + summaries[1].written).toBe(240)
    }
    expect(await apps.kafka.client().admin().groupMembers('app')).toBe(0)
  })

  it('continues on one instance when another one is closed in the middle', async () => {
    await produceLines()
    let closing: Promise<boolean> | undefined
    const b = create(
      wordCount(() => void (closing ??= b.close())),
      'b',
    )
    const [closed, completed] = [b.run().catch((error: unknown) => error), create(wordCount(), 'a').run()]
    if (closing !== undefined) expect(await closed).toMatchObject({ code: 'RUN_INCOMPLETE' })
    await completed
    expect(await lastCounts()).toEqual(COUNTS)
  })

  it('that fails rejects with the error, and ends with the same result when it is repeated', async () => {
    await produceLines()
    let lines = 0
    const failing = wordCount(() => {
      if (++lines === 25) throw new Error('line 25')
    })
    const streams = create(failing, 'a', { commitInterval: 1 })
    await expect(streams.run()).rejects.toMatchObject({
      code: 'PROCESSING_FAILED',
      message: expect.stringContaining('line 25'),
    })
    expect(streams.state).toBe('ERROR')
    await create(wordCount()).run()
    const counts = await lastCounts()
    if (processingGuarantee === 'exactly_once') expect(counts).toEqual(COUNTS)
    else for (const [word, count] of COUNTS) expect(counts.get(word)).toBeGreaterThanOrEqual(count)
  })

  describe('that is final', () => {
    const windowed = (): Topology => {
      const builder = new StreamsBuilder()
      const perSecond = builder
        .stream('lines', text)
        .groupBy((line) => line.split(' ')[0]!, text)
        .windowedBy(TimeWindows.of({ size: '1s', grace: '1h' }))
      perSecond
        .count({ store: 'suppressed' })
        .suppress(untilWindowCloses())
        .toStream((_, { key, window }) => `${key}@${window.start}`)
        // a stage of its own, which closes after the one above it
        .repartition({ ...counted, name: 'again' })
        .groupByKey(counted)
        .windowedBy(TimeWindows.of({ size: '1s', grace: '1h' }))
        .emitStrategy('onWindowClose')
        .reduce((a, b) => a! + b!, { store: 'on-close' })
        .toStream((_, { key }) => key)
        .to('out', counted)
      return builder.build()
    }
    const events = [
      { value: 'a', timestamp: 100, partition: 0 },
      { value: 'b', timestamp: 1200, partition: 1 },
      { value: 'a', timestamp: 700, partition: 0 },
      { value: 'c', timestamp: 5000, partition: 2 },
    ]
    const results = async (): Promise<string[]> =>
      (await apps.kafka.read('out', counted)).map(({ key, value }) => `${key}=${value}`).sort()

    it('closes windows, one stage after the other', async () => {
      await apps.kafka.produce('lines', events)
      await create(windowed(), 'a').run({ final: true })
      expect(await results()).toEqual(['a@0=2', 'b@1000=1', 'c@5000=1'])
    })

    it('on two instances closes all windows once', async () => {
      await apps.kafka.produce('lines', events)
      await Promise.all([create(windowed(), 'a').run({ final: true }), create(windowed(), 'b').run({ final: true })])
      expect(await results()).toEqual(['a@0=2', 'b@1000=1', 'c@5000=1'])
      await create(windowed(), 'c').run({ final: true })
      expect(await results()).toEqual(['a@0=2', 'b@1000=1', 'c@5000=1'])
    })

    itOnce('closes what a run before has left open', async () => {
      await apps.kafka.produce('lines', events)
      await create(windowed(), 'a').run()
      expect(await results()).toEqual([])
      await create(windowed(), 'b').run({ final: true })
      expect(await results()).toEqual(['a@0=2', 'b@1000=1', 'c@5000=1'])
    })

    itOnce('leaves windows closed for a later run, which opens new ones', async () => {
      await apps.kafka.produce('lines', events)
      await create(windowed(), 'a').run({ final: true })
      await apps.kafka.produce('lines', [
        { value: 'c', timestamp: 5500, partition: 2 },
        { value: 'c', timestamp: 7500, partition: 2 },
      ])
      const { dropped } = await create(windowed(), 'b').run({ final: true })
      expect(dropped).toBe(1)
      expect(await results()).toEqual(['a@0=2', 'b@1000=1', 'c@5000=1', 'c@7000=1'])
    })

    itOnce('forwards the unmatched records of an outer join', async () => {
      const builder = new StreamsBuilder()
      builder
        .stream('lines', text)
        .leftJoin(builder.stream('other', text), (a, b) => `${a}+${b}`, JoinWindows.of({ timeDifference: '1s' }), text)
        .to('out', text)
      await apps.kafka.produce('lines', [{ key: 'k', value: 'alone', timestamp: 1000 }])
      await create(builder.build()).run({ final: true })
      expect(await apps.valuesIn('out')).toEqual(['alone+null'])
    })
  })

  itOnce('tells how far it is', async () => {
    await produceLines()
    const streams = create(copying())
    const told: [number, number][] = []
    streams.on('runProgress', ({ done, total }) => told.push([done, total]))
    await streams.run()
    expect(told.at(-1)).toEqual([40, 40])
    expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).sort((a, b) => a - b))
  })
})

describe('run()', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 1, out: 1 })
  })
  afterEach(() => apps.close())

  it('rejects where the start fails', async () => {
    const builder = new StreamsBuilder()
    builder.stream('nowhere', text).to('out', text)
    const streams = apps.create(builder.build(), { missingSourceTopics: 'fail' })
    await expect(streams.run()).rejects.toMatchObject({ code: 'MISSING_SOURCE_TOPIC' })
    await expect(streams.run()).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
  })

  it('fails where an input was created again, and does not have its end any more', async () => {
    const VALUES = Array.from({ length: 20 }, (_, i) => String(i))
    // a batch each: the last ones are not fetched when the topic goes
    for (const value of VALUES) await apps.produceTo('lines', 0, value)
    const admin = apps.kafka.client().admin()
    let recreated: Promise<unknown> | undefined
    const builder = new StreamsBuilder()
    builder
      .stream('lines', text)
      .mapValuesAsync(
        async (value) => {
          recreated ??= admin.deleteTopics(['lines']).then(() => apps.kafka.createTopic('lines', 1))
          await recreated
          return value
        },
        { concurrency: 1 },
      )
      .to('out', text)
    const streams = apps.create(builder.build(), { consumer: { maxPartitionFetchBytes: 1 } })
    await expect(streams.run()).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      message: expect.stringMatching(/lines partition 0 up to offset 20, and it ends at 0 now/),
    })
  })

  it('that is called twice rejects the second call, and the first one ends', async () => {
    await apps.produceTo('lines', 0, 'a')
    const streams = apps.create(copying())
    const first = streams.run()
    await expect(streams.run()).rejects.toMatchObject({
      code: 'ILLEGAL_STATE',
      message: expect.stringContaining('run() was called in state'),
    })
    expect(await first).toMatchObject({ read: 1, written: 1 })
  })

  it.each([
    [{ topic: 'linse', partition: 0, offset: 1 }, 'the topology does not read the topic; did you mean "lines"?'],
    [{ topic: 'lines', partition: 1, offset: 1 }, 'until.offsets names lines partition 1: the topic has 1 partitions'],
  ])('refuses the end %j, which no input has', async (end, message) => {
    const run = apps.create(copying()).run({ until: { offsets: [end] } })
    await expect(run).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  it.each([
    [
      { until: 'ends' },
      "run() needs options.until to be 'end', { timestamp }, { offsets } or an AbortSignal, and got 'ends'",
    ],
    [
      { until: { timestamp: 'today' } },
      'run() needs options.until.timestamp to be a whole number of milliseconds since 1970',
    ],
    [
      { until: { offsets: [{ topic: 'a', partition: 0, offset: -1 }] } },
      'options.until.offsets[0].offset to be a whole number',
    ],
    [{ untill: 'end' }, 'did you mean until?'],
  ])('refuses %j', async (options, message) => {
    await expect(apps.create(copying()).run(options as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })
})
