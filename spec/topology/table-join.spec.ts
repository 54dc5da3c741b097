import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { TimestampedKeyValueStore } from '../../lib/state/store'
import { drive, headers, text } from './drive'

const pair = (left: string | null, right: string | null): string => `${left}+${right}`

const driveTables = (build: (builder: StreamsBuilder) => void, config = {}) => {
  const driven = drive(build, config)
  const [a, b] = ['a', 'b'].map((topic) => driven.driver.inputTopic(topic, text))
  return { ...driven, a: a!, b: b! }
}

describe('a join of two tables', () => {
  const changes = async ({ a, b }: ReturnType<typeof driveTables>) => {
    await a.pipe('k', 'a1', { timestamp: 10, headers: headers('h') })
    await b.pipe('k', 'b1', 5)
    await b.pipe('k', null, 20)
    await a.pipe('k', null, 30)
    await a.pipe('k', null, 31)
    await b.pipe('k', 'b2', 32)
  }

  it('inner: has a row where both have one', async () => {
    const driven = driveTables((s) => s.table('a', text).join(s.table('b', text), pair).toStream().to('out', text))
    await changes(driven)
    expect(driven.out()).toEqual(['k=a1+b1@10', 'k=null@20'])
  })

  it('left: has a row for each of the left table', async () => {
    const driven = driveTables((s) => s.table('a', text).leftJoin(s.table('b', text), pair).toStream().to('out', text))
    await changes(driven)
    expect(driven.out()).toEqual(['k=a1+null@10 h', 'k=a1+b1@10', 'k=a1+null@20', 'k=null@30'])
  })

  it('outer: has a row for each key of either', async () => {
    const driven = driveTables((s) => s.table('a', text).outerJoin(s.table('b', text), pair).toStream().to('out', text))
    await changes(driven)
    expect(driven.out()).toEqual(['k=a1+null@10 h', 'k=a1+b1@10', 'k=a1+null@20', 'k=null@30', 'k=null+b2@32'])
  })

  it.each([
    ['join', false, null],
    ['join', true, 'v+v!'],
    ['leftJoin', true, null],
    ['outerJoin', true, null],
  ] as const)(
    'as %s (record cache: %s), of a key deleted on both sides in one commit, has %s',
    async (join, caching, left) => {
      const { input, driver } = drive(
        (s) => {
          const stream = s.stream('in', { ...text, nullable: true })
          const a = stream.toTable({ store: 'a', caching })
          const b = stream.mapValues((value) => (value === null ? null : `${value}!`)).toTable({ store: 'b', caching })
          if (join === 'join') a.join(b, pair, 'joined')
          else if (join === 'leftJoin') a.leftJoin(b, pair, 'joined')
          else a.outerJoin(b, pair, 'joined')
        },
        { statestoreCacheMaxBytes: 1_000_000 },
      )
      await input.pipe('k', 'v', 1)
      await input.pipe('k', null as never, 2)
      expect(driver.store<TimestampedKeyValueStore<string, string>>('joined').get('k')?.value ?? null).toBe(left)
    },
  )

  it('drops records without a key', async () => {
    const { a, out, driver } = driveTables((s) =>
      s.table('a', text).join(s.table('b', text), pair).toStream().to('out', text),
    )
    await a.pipe(null, 'x', 1)
    expect(out()).toEqual([])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('with a store can be queried; the joiner gets the key, and null deletes', async () => {
    const { a, b, driver } = driveTables((s) =>
      s
        .table('a', text)
        .join(s.table('b', text), (left, right, key) => (right === 'no' ? null : key + left + right), 'joined'),
    )
    await a.pipe('k', '1', 1)
    await b.pipe('k', '2', 2)
    const store = driver.store<TimestampedKeyValueStore<string, string>>('joined')
    expect(store.get('k')).toEqual({ value: 'k12', timestamp: 2 })
    await b.pipe('k', 'no', 3)
    expect(store.get('k')).toBeNull()
  })

  it('of joined and derived tables without stores looks through them', async () => {
    const { a, b, out, driver } = driveTables((s) => {
      const inner = s
        .table('a', text)
        .leftJoin(s.table('b', text), pair)
        .mapValues((value) => `<${value}>`)
      s.table('c', text).join(inner, pair).toStream().to('out', text)
    })
    const c = driver.inputTopic('c', text)
    await a.pipe('k', 'a1', 1)
    await b.pipe('k', 'b1', 9)
    await c.pipe('k', 'c1', 2)
    expect(out()).toEqual(['k=c1+<a1+b1>@9'])
  })

  it('feeds aggregations with what to take back', async () => {
    const { a, b, out } = driveTables((s) =>
      s
        .table('a', text)
        .leftJoin(s.table('b', text), pair)
        .groupBy((value) => ['all', value], text)
        .aggregate(
          () => '',
          (sum, value) => `${sum}+${value}`,
          (sum, value) => `${sum}-${value}`,
          text,
        )
        .toStream()
        .to('out', text),
    )
    await a.pipe('k', '1', 1)
    await b.pipe('k', '2', 2)
    await a.pipe('k', null, 3)
    expect(out()).toEqual(['all=+1+null@1', 'all=+1+null-1+null+1+2@2', 'all=+1+null-1+null+1+2-1+2@3'])
  })

  it('is refused with what is no table, with tables of other builders, and without a joiner', () => {
    const table = new StreamsBuilder().table('a', text)
    const other = new StreamsBuilder().table('b', text)
    const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    expect(() => table.join({} as never, pair)).toThrow(invalid)
    expect(() => table.join(other, pair)).toThrow(invalid)
    expect(() => table.leftJoin(table, undefined as never)).toThrow(invalid)
    expect(() => table.outerJoin(table, 'joiner' as never)).toThrow(invalid)
  })
})
