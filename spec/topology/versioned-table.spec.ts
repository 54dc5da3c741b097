import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { untilTimeLimit } from '../../lib/dsl/suppressed'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import { counted, drive, text } from './drive'
import * as serdes from '../../lib/serdes'

const rows = versionedKeyValueStore('rows', { ...text, historyRetention: 100 })
const pair = (left: string | null, right: string | null): string => `${left}+${right}`

describe('a versioned table', () => {
  it('sorts late updates in by their timestamps, and drops those beyond its history', async () => {
    const { driver, input, out } = drive((b) => b.table('in', text, rows).toStream().to('out', text))
    await input.pipe('k', 'b', 200)
    await input.pipe('k', 'a', 150)
    await input.pipe('k', 'late', 99)
    expect(out()).toEqual(['k=b@200', 'k=a@150'])
    expect(driver.store(rows).get('k')?.value).toBe('b')
    expect(driver.store(rows).get('k', 160)?.value).toBe('a')
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('joins and is grouped by its latest values only', async () => {
    const { driver, input, out } = drive((b) => {
      const table = b.table('in', text, rows)
      table.leftJoin(b.table('other', text), pair).toStream().to('joined', text)
      table
        .groupBy((value, key) => [value, key], text)
        .count()
        .toStream()
        .to('out', counted)
    })
    await input.pipe('k', 'b', 200)
    await input.pipe('k', 'a', 150)
    await input.pipe('k', 'c', 250)
    expect(out('joined')).toEqual(['k=b+null@200', 'k=c+null@250'])
    expect(out('out', serdes.long() as never)).toEqual(['b=1@200', 'b=0@250', 'c=1@250'])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('is what its views are, unless they have a store of another kind', async () => {
    const { input, out } = drive((b) => {
      const table = b.table('in', text, rows)
      const mapped = table.mapValues((value) => `${value}!`)
      mapped.leftJoin(b.table('other', text), pair).toStream().to('views', text)
      table
        .mapValues((value) => `${value}?`, { store: 'plain', value: serdes.string() })
        .leftJoin(b.table('another', text), pair)
        .toStream()
        .to('plain', text)
    })
    await input.pipe('k', 'b', 200)
    await input.pipe('k', 'a', 150)
    expect(out('views')).toEqual(['k=b!+null@200'])
    expect(out('plain')).toEqual(['k=b?+null@200', 'k=a?+null@150'])
  })

  it('keeps aggregations, too', async () => {
    const totals = versionedKeyValueStore('totals', { ...counted, historyRetention: '1m' })
    const { driver, input } = drive((b) => b.stream('in', text).groupByKey().count(totals))
    await input.pipe('k', 'x', 10)
    await input.pipe('k', 'x', 20)
    expect(driver.store(totals).versions('k')).toEqual([
      { value: 1, timestamp: 10, validTo: 20 },
      { value: 2, timestamp: 20, validTo: Infinity },
    ])
  })

  describe('suppressed', () => {
    const refused = expect.objectContaining({ code: 'INVALID_TOPOLOGY', message: expect.stringContaining('versioned') })

    it('is refused by the call', () => {
      const table = new StreamsBuilder().table('in', text, rows)
      expect(() => table.suppress(untilTimeLimit(1))).toThrow(refused)
    })

    it('is refused by build() where a table without a store is between', () => {
      const builder = new StreamsBuilder()
      builder
        .table('in', text, rows)
        .filter(() => true)
        .suppress(untilTimeLimit(1))
      expect(() => builder.build()).toThrow(refused)
    })

    it('is accepted behind a store without versions', () => {
      const builder = new StreamsBuilder()
      builder
        .table('in', text, rows)
        .mapValues((value) => value, 'plain')
        .suppress(untilTimeLimit(1))
      expect(() => builder.build()).not.toThrow()
    })
  })

  it.each([
    { historyRetention: -1 },
    { historyRetention: 'soon' as never },
    { historyRetention: 5, segmentInterval: 0 },
  ])('is refused with %j', (options) => {
    expect(() => versionedKeyValueStore('v', options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
