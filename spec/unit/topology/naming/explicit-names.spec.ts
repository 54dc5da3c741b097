import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { untilTimeLimit } from '../../../../lib/dsl/suppressed'
import { JoinWindows } from '../../../../lib/dsl/windows/join-windows'
import * as serdes from '../../../../lib/serdes'

const text = { key: serdes.string(), value: serdes.string() }
const window = JoinWindows.of({ timeDifference: 1 })
const pair = (left: string | null, right: string | null): string => `${left}${right}`

const build = (describe: (builder: StreamsBuilder) => void): (() => void) => {
  const builder = new StreamsBuilder({ ensureExplicitInternalResourceNaming: true })
  describe(builder)
  return () => void builder.build()
}
const stream = (builder: StreamsBuilder, topic = 'in') => builder.stream(topic, text)

describe('ensureExplicitInternalResourceNaming', () => {
  test.each<[string, (builder: StreamsBuilder) => void]>([
    ['a table', (b) => b.table('t', text)],
    ['a count', (b) => stream(b).groupByKey().count()],
    ['toTable', (b) => stream(b).toTable()],
    [
      'a join of tables that is given a serde',
      (b) => b.table('t', text, 't').join(b.table('u', text, 'u'), pair, text),
    ],
    [
      'a foreign-key join',
      (b) => b.table('t', text, 't').join(b.table('u', text, 'u'), (v) => v, pair, { name: 'fk' }),
    ],
    ['a suppression', (b) => b.table('t', text, 't').suppress(untilTimeLimit(1))],
    [
      'a grouping by another key',
      (b) =>
        stream(b)
          .groupBy((v) => v)
          .count(),
    ],
    ['repartition', (b) => stream(b).repartition()],
    [
      'a join of a stream with another key',
      (b) =>
        stream(b)
          .selectKey((v) => v, 'keyed')
          .join(b.table('t', text, 't'), pair),
    ],
    ['a join of streams', (b) => stream(b).join(stream(b, 'other'), pair, window, { name: 'joined' })],
    ['a global table', (b) => b.globalTable('t', text)],
  ])('refuses %s without a name', (_what, describe) => {
    expect(build(describe)).toThrow(
      expect.objectContaining({
        code: 'UNNAMED_RESOURCES',
        message: expect.stringMatching(/\d{10}|-repartition|-store/),
      }),
    )
  })

  const named = { name: 'joined' }
  test.each<[string, (builder: StreamsBuilder) => void]>([
    ['a left join', (b) => stream(b).leftJoin(stream(b, 'other'), pair, window, named)],
    ['an outer join', (b) => stream(b).outerJoin(stream(b, 'other'), pair, window, named)],
  ])('lists the store of records without a match of %s', (_kind, describe) => {
    expect(build(describe)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/KSTREAM-OUTERSHARED-\d{10}-store/) }),
    )
  })

  test('lists no store of records without a match for an inner join, which has none', () => {
    expect(build((b) => stream(b).join(stream(b, 'other'), pair, window, named))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('OUTERSHARED') }),
    )
  })

  test('says where a suppression gets its name', () => {
    expect(build((b) => b.table('t', text, 't').suppress(untilTimeLimit(1)))).toThrow(
      "untilWindowCloses({ name: '…' })",
    )
  })

  test('lets through what is named, and what keeps nothing', () => {
    expect(
      build((b) => {
        const table = b.table('t', text, 't')
        stream(b)
          .groupBy((v) => v)
          .count('counts')
        stream(b, 'a')
          .groupBy((v) => v, 'grouped')
          .count('more-counts')
        stream(b, 'b')
          .selectKey((v) => v)
          .join(table, pair, { name: 'joined' })
        stream(b, 'c').join(stream(b, 'd'), pair, window, { store: 'windows' })
        table
          .filter(() => true)
          .mapValues((v) => v)
          .suppress(untilTimeLimit(1, { name: 'limit' }))
        table.join(b.table('u', text, 'u'), pair)
        table.suppress(untilTimeLimit(1, { logging: false }))
        stream(b, 'e')
          .selectKey((v) => v)
          .repartition('again')
          .to('out', text)
      }),
    ).not.toThrow()
  })

  test('is off by default', () => {
    const builder = new StreamsBuilder()
    builder.table('t', text)
    expect(() => builder.build()).not.toThrow()
  })
})
