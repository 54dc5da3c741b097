import type { KStream } from '../../lib/dsl/kstream'
import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { JoinWindows } from '../../lib/dsl/windows/join-windows'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { SlidingWindows } from '../../lib/dsl/windows/sliding-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import { deadLetterTopic, logAndContinue } from '../../lib/handlers'
import { silentLogger } from '../../lib/observe/logger'
import * as serdes from '../../lib/serdes'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import type { TestDriverConfig, TopologyTestDriver } from '../../lib/testing'
import { driveInMemory, text } from './drive'

type Texts = KStream<string, string>
type Piped = readonly (readonly [key: string | null, value: string | null, timestamp: number])[]

const pair = (left: unknown, right: unknown): string => `${String(left)}+${String(right)}`
const rows = versionedKeyValueStore('rows', { ...text, historyRetention: 1000 })

/** `operator reason` or `operator dead letters`, with the count. */
const counters = (driver: TopologyTestDriver): Record<string, number> =>
  Object.fromEntries(
    driver
      .metrics()
      .filter(({ group }) => group === 'stream-processor-node-metrics')
      .filter(({ name }) => name === 'dropped-records-total' || name === 'dead-letters-total')
      .map(({ tags, value }) => [`${tags['processor-node-id']} ${tags['reason'] ?? 'dead letters'}`, value as number]),
  )

const occurred = (counts: Record<string, number>): string[] => Object.keys(counts).filter((name) => counts[name]! > 0)

const NULL_KEY: Piped = [[null, 'x', 0]]
const NULL_VALUE: Piped = [['a', null, 0]]
const LATE: Piped = [
  ['a', 'x', 100_000],
  ['a', 'y', 0],
]

const fromIn =
  (use: (stream: Texts, builder: StreamsBuilder) => unknown) =>
  (builder: StreamsBuilder): unknown =>
    use(builder.stream('in', text), builder)

describe('the counter of dropped records is there before the first one', () => {
  it.each<[what: string, build: (builder: StreamsBuilder) => unknown, records: Piped]>([
    ['a count', fromIn((s) => s.groupByKey().count()), NULL_KEY],
    ['a reduce', fromIn((s) => s.groupByKey().reduce(pair)), NULL_KEY],
    ['topN', fromIn((s) => s.groupByKey().topN(1, { by: Number })), NULL_KEY],
    [
      'a count of windows',
      fromIn((s) =>
        s
          .groupByKey()
          .windowedBy(TimeWindows.of({ size: 10 }))
          .count(),
      ),
      NULL_KEY,
    ],
    [
      'a window that has closed',
      fromIn((s) =>
        s
          .groupByKey()
          .windowedBy(TimeWindows.of({ size: 10 }))
          .count(),
      ),
      LATE,
    ],
    [
      'a sliding window that has closed',
      fromIn((s) =>
        s
          .groupByKey()
          .windowedBy(SlidingWindows.of({ timeDifference: 10, grace: 0 }))
          .count(),
      ),
      LATE,
    ],
    [
      'a session that has closed',
      fromIn((s) =>
        s
          .groupByKey()
          .windowedBy(SessionWindows.of({ inactivityGap: 10 }))
          .count(),
      ),
      LATE,
    ],
    ['deduplicate', fromIn((s) => s.deduplicate({ within: 10 })), LATE],
    ['throttle', fromIn((s) => s.throttle({ limit: 1, per: 10 })), NULL_KEY],
    ['throttle of late records', fromIn((s) => s.throttle({ limit: 1, per: 10 })), LATE],
    ['sample', fromIn((s) => s.sample({ every: 2 })), NULL_KEY],
    ['a table', (b) => b.table('in', text), NULL_KEY],
    ['a table whose rows expire', (b) => b.table('in', text, { store: 'rows', ttl: 10 }), NULL_KEY],
    ['a count whose rows expire', fromIn((s) => s.groupByKey().count({ ttl: 10 })), NULL_KEY],
    ['a stream as a table', fromIn((s) => s.toTable()), NULL_KEY],
    [
      'a join of streams',
      fromIn((s, b) => s.join(b.stream('other', text), pair, JoinWindows.of({ timeDifference: 10, grace: 0 }))),
      NULL_VALUE,
    ],
    [
      'a join of a stream with itself',
      fromIn((s) => s.join(s, pair, JoinWindows.of({ timeDifference: 10, grace: 0 }))),
      NULL_VALUE,
    ],
    ['a join with a table', fromIn((s, b) => s.join(b.table('other', text), pair)), NULL_KEY],
    [
      'a join with a global table',
      fromIn((s, b) => s.join(b.globalTable('other', text), (value) => value, pair)),
      NULL_VALUE,
    ],
    [
      'a foreign key that is null',
      (b) => b.table('in', text).join(b.table('other', text), () => null as unknown as string, pair),
      [['a', 'x', 0]],
    ],
    [
      'an older row of a versioned table that is joined',
      (b) => b.table('in', text, rows).join(b.table('other', text), pair),
      [
        ['a', 'x', 100],
        ['a', 'y', 50],
      ],
    ],
    ['an older row than a versioned store keeps', (b) => b.table('in', text, rows), LATE],
    ['a negative timestamp', (b) => b.stream('in', { ...text, timestampExtractor: () => -1 }), [['a', 'x', 0]]],
    [
      'a record for no partition',
      fromIn((s) => s.to('out', { ...text, partitioner: () => [] as unknown as number })),
      [['a', 'x', 0]],
    ],
  ])('of %s', async (_what, build, records) => {
    const { driver, input } = driveInMemory(build)
    await driver.start()
    const before = counters(driver)
    expect(occurred(before)).toEqual([])
    for (const [key, value, timestamp] of records) await input.pipe(key, value, timestamp)
    const after = counters(driver)
    expect(occurred(after)).not.toEqual([])
    expect(Object.keys(after)).toEqual(Object.keys(before))
  })
})

describe('a record without what an operator needs is dropped, and count and log say what that is:', () => {
  const window = JoinWindows.of({ timeDifference: 10, grace: 0 })

  it.each<[reason: string, what: string, record: Piped[number], build: (builder: StreamsBuilder) => unknown]>([
    ['null-key', 'a count', [null, 'x', 0], fromIn((s) => s.groupByKey().count())],
    ['null-value', 'a count', ['a', null, 0], fromIn((s) => s.groupByKey().count())],
    ['null-value', 'a reduce', ['a', null, 0], fromIn((s) => s.groupByKey().reduce(pair))],
    ['null-value', 'topN', ['a', null, 0], fromIn((s) => s.groupByKey().topN(1, { by: Number }))],
    [
      'null-value',
      'a count of sliding windows',
      ['a', null, 0],
      fromIn((s) =>
        s
          .groupByKey()
          .windowedBy(SlidingWindows.of({ timeDifference: 10, grace: 0 }))
          .count(),
      ),
    ],
    ['null-key', 'a join with a table', [null, 'x', 0], fromIn((s, b) => s.join(b.table('t', text), pair))],
    ['null-value', 'a join with a table', ['a', null, 0], fromIn((s, b) => s.join(b.table('t', text), pair))],
    ['null-value', 'a left join with a table', [null, null, 0], fromIn((s, b) => s.leftJoin(b.table('t', text), pair))],
    ['null-key', 'a join of streams', [null, 'x', 0], fromIn((s, b) => s.join(b.stream('o', text), pair, window))],
    ['null-value', 'a join of streams', ['a', null, 0], fromIn((s, b) => s.join(b.stream('o', text), pair, window))],
    [
      'null-foreign-key',
      'a join with a global table',
      ['a', 'x', 0],
      fromIn((s, b) => s.join(b.globalTable('t', text), () => null as unknown as string, pair)),
    ],
    [
      'null-foreign-key',
      'a foreign-key join',
      ['a', 'x', 0],
      (b) => b.table('in', text).join(b.table('other', text), () => null as unknown as string, pair),
    ],
  ])('%s, in %s of %j', async (reason, _what, [key, value, timestamp], build) => {
    const lines: { fields: object; message: string }[] = []
    const warn = (fields: object, message: string): void => void lines.push({ fields, message })
    const { driver, input } = driveInMemory(build, { logger: { ...silentLogger, warn } })
    await input.pipe(key, value, timestamp)
    expect(driver.recordCounts().operators).toMatchObject([{ dropped: 1, droppedBy: { [reason]: 1 } }])
    expect(lines).toMatchObject([
      {
        fields: { reason, topic: 'in', partition: 0, offset: 0 },
        message: expect.stringMatching(
          reason === 'null-foreign-key' ? /: null (foreign )?key/ : `: ${reason.replace('-', ' ')} \\(`,
        ),
      },
    ])
  })
})

describe('the counters of errors and dead letters are there before the first one', () => {
  const fails = (builder: StreamsBuilder): unknown =>
    builder
      .stream('in', { ...text, name: 'read' })
      .mapValues(
        (value) => {
          if (value === 'bad') throw new Error('bad')
          return value === 'odd' ? (1 as unknown as string) : value
        },
        { name: 'parse' },
      )
      .to('out', { ...text, name: 'write' })

  const HANDLERS: readonly [operator: string, config: TestDriverConfig, value: string][] = [
    ['parse', { processingExceptionHandler: deadLetterTopic('letters') }, 'bad'],
    ['write', { productionExceptionHandler: deadLetterTopic('letters') }, 'odd'],
  ]

  it.each(HANDLERS)('of %s', async (operator, config, value) => {
    const { driver, input } = driveInMemory(fails, config)
    await driver.start()
    expect(counters(driver)).toEqual({ [`${operator} error`]: 0, [`${operator} dead letters`]: 0 })
    await input.pipe('a', value)
    expect(counters(driver)).toEqual({ [`${operator} error`]: 1, [`${operator} dead letters`]: 1 })
  })

  it('of a source whose records can’t be read', async () => {
    const numbers = { key: serdes.string(), value: serdes.long(), name: 'read' }
    const { driver, input } = driveInMemory((b) => b.stream('in', numbers), {
      deserializationExceptionHandler: logAndContinue(),
    })
    await driver.start()
    expect(counters(driver)).toEqual({ 'read error': 0, 'read dead letters': 0 })
    await input.pipe('a', 'no long')
    expect(counters(driver)).toEqual({ 'read error': 1, 'read dead letters': 0 })
  })

  it('of an async operator that skips failed calls', async () => {
    const { driver, input } = driveInMemory((b) =>
      b
        .stream('in', text)
        .mapValuesAsync(() => Promise.reject(new Error('no answer')), { name: 'call', onError: 'skip' }),
    )
    await driver.start()
    expect(counters(driver)).toEqual({ 'call error': 0, 'call dead letters': 0 })
    await input.pipe('a', 'x')
    expect(counters(driver)).toEqual({ 'call error': 1, 'call dead letters': 0 })
  })

  it('and are not there where an error ends the task', async () => {
    const { driver } = driveInMemory(fails)
    await driver.start()
    expect(counters(driver)).toEqual({})
  })

  it('and no count of an instance mentions what has not occurred', async () => {
    const { driver, input } = driveInMemory(fails, { processingExceptionHandler: deadLetterTopic('letters') })
    await driver.start()
    expect(driver.recordCounts()).toEqual({ dropped: 0, deadLetters: 0, operators: [] })
    await input.pipe('a', 'bad')
    expect(driver.recordCounts().operators).toEqual([
      { taskId: '0_0', operator: 'parse', dropped: 1, droppedBy: { error: 1 }, deadLetters: 1 },
    ])
  })
})
