import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import * as serdes from '../../lib/serdes'
import type { Serde } from '../../lib/serdes/serde'
import { timestampedKeyValueStore } from '../../lib/state/stores'
import type { ProducedRecord } from '../../lib/testing'
import { repeatableRandom } from '../support/input'
import { drive, headers, text } from './drive'
import { driveRestarting, inParts, type Piped } from './restarting'

/** Values such as `7x`: a rank, and anything else. */
const rankOf = (value: string): number => parseInt(value)
const lists = { key: serdes.string(), value: serdes.list(serdes.string()) }
const joined = (list: readonly string[] | null): string => (list === null ? 'none' : list.join(' '))

describe('topN of a grouped stream', () => {
  const best =
    (n: number) =>
    (b: StreamsBuilder): void =>
      b
        .stream('in', text)
        .groupByKey()
        .topN(n, { by: rankOf, store: 'best' })
        .toStream()
        .mapValues(joined)
        .to('out', text)

  it('has the highest of each key, and of the same rank those that came first', async () => {
    const { input, out } = drive(best(2))
    await input.pipe('a', '3', { timestamp: 5, headers: headers('h') })
    for (const value of ['1', '3x', '3y', '4']) await input.pipe('a', value, 4)
    await input.pipe('b', '1', 6)
    expect(out()).toEqual(['a=3@5 h', 'a=3 1@5', 'a=3 3x@5', 'a=4 3@5', 'b=1@6'])
  })

  it('drops and counts records without key or value', async () => {
    const { input, out, driver } = drive(best(2))
    await input.pipe(null, '1', 1)
    await input.pipe('a', null, 1)
    expect(out()).toEqual([])
    expect(driver.recordCounts().dropped).toBe(2)
  })

  it('ranks by text and bigints, too', async () => {
    const { input, out } = drive((b) => {
      const grouped = b.stream('in', text).groupByKey()
      grouped
        .topN(2, { by: (value) => value })
        .toStream()
        .mapValues(joined)
        .to('out', text)
      grouped
        .topN(1, { by: (value) => -BigInt(value) })
        .toStream()
        .mapValues(joined)
        .to('lowest', text)
    })
    for (const value of ['10', '9']) await input.pipe('a', value, 1)
    expect(out()).toEqual(['a=10@1', 'a=9 10@1'])
    expect(out('lowest')).toEqual(['a=10@1', 'a=9@1'])
  })

  it('is a table that can be queried, by a handle too, and has lists in the format of the values', async () => {
    const handle = timestampedKeyValueStore('best', lists)
    const { driver, input } = drive((b) => {
      const grouped = b.stream('in', text).groupByKey()
      grouped.topN(2, { by: rankOf, store: handle }).toStream().to('out')
      const json = grouped.topN(2, { by: rankOf, store: 'json', value: serdes.json<string[]>() })
      json.toStream().to('json')
    })
    for (const value of ['1', '2']) await input.pipe('a', value, 1)
    expect(driver.store(handle).get('a')).toEqual({ value: ['2', '1'], timestamp: 1 })
    expect(driver.outputTopic('out', lists).readValues()).toEqual([['1'], ['2', '1']])
    expect(driver.outputTopic('json', text).readValues()).toEqual(['["1"]', '["2","1"]'])
  })

  it('of a stream of JSON has lists that are JSON', async () => {
    const { driver, input } = drive((b) =>
      b
        .stream('in', { key: serdes.string(), value: serdes.json<number>() })
        .groupByKey()
        .topN(2, { by: (value) => value })
        .toStream()
        .to('out'),
    )
    for (const value of ['1', '2']) await input.pipe('a', value, 1)
    expect(driver.outputTopic('out', text).readValues()).toEqual(['[1]', '[2,1]'])
  })

  it('says so if a value has no rank', async () => {
    const { input } = drive((b) => b.stream('in', text).groupByKey().topN(2, { by: rankOf, name: 'best' }))
    await expect(input.pipe('a', 'x', 1)).rejects.toMatchObject({
      code: 'PROCESSING_FAILED',
      location: { operator: 'best' },
      message: expect.stringContaining('`by` returned NaN, and values are ranked by numbers'),
    })
  })

  it('of random records is what sorting them all gives, restarts in the middle included', async () => {
    const random = repeatableRandom(3)
    const records: Piped[] = Array.from({ length: 300 }, (_, i) => ({
      key: `k${random(3)}`,
      value: `${random(60)} ${i}`,
      timestamp: i,
    }))
    const outputs = await driveRestarting(best(4), inParts(records, 3))
    const last = new Map(outputs.flat().map((line) => line.split(/[=@]/) as [string, string]))
    for (const key of ['k0', 'k1', 'k2']) {
      const sorted = records.filter((record) => record.key === key).map(({ value }) => value!)
      sorted.sort((a, b) => rankOf(b) - rankOf(a))
      expect(last.get(key)).toBe(joined(sorted.slice(0, 4)))
    }
  })
})

describe('topN of windows', () => {
  it('has the highest of each key and window', async () => {
    const { input, out } = drive((b) =>
      b
        .stream('in', text)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .topN(2, { by: rankOf, store: 'best' })
        .toStream((_list, { key, window }) => `${key}${window.start}`)
        .mapValues(joined)
        .to('out', text),
    )
    for (const [value, time] of [
      ['1', 1],
      ['2', 2],
      ['3', 3],
      ['1', 12],
    ] as const)
      await input.pipe('a', value, time)
    expect(out()).toEqual(['a0=1@1', 'a0=2 1@2', 'a0=3 2@3', 'a10=1@12'])
  })

  it('merges the lists of sessions', async () => {
    const { input, out } = drive((b) =>
      b
        .stream('in', text)
        .groupByKey()
        .windowedBy(SessionWindows.of({ inactivityGap: 10, grace: 50 }))
        .topN(3, { by: rankOf, store: 'best' })
        .toStream((_list, { key, window }) => `${key}${window.start}-${window.end}`)
        .mapValues((list: readonly string[] | null) => joined(list))
        .to('out', text),
    )
    for (const [value, time] of [
      ['1', 0],
      ['2x', 1],
      ['2y', 20],
      ['5', 10],
    ] as const)
      await input.pipe('a', value, time)
    expect(out().at(-1)).toBe('a0-20=5 2x 2y@20')
  })
})

describe('topN of a grouped table', () => {
  /** Rows such as `g7x`: a group of one letter, a rank, and anything else. */
  const ranked =
    (n: number, storeType?: 'persistent' | 'in-memory') =>
    (b: StreamsBuilder): void =>
      b
        .table('in', text)
        .groupBy((row) => [row[0]!, row], { name: 'by-group', ...text })
        .topN(n, { by: (row) => rankOf(row.slice(1)), store: 'best', storeType })
        .toStream()
        .mapValues(joined)
        .to('out', text)

  it('brings the next row in when one of the best changes, goes, or leaves the group', async () => {
    const { input, out } = drive(ranked(2))
    for (const [key, row] of [
      ['1', 'g1'],
      ['2', 'g2'],
      ['3', 'g3'],
    ] as const)
      await input.pipe(key, row, 10)
    expect(out()).toEqual(['g=g1@10', 'g=g2 g1@10', 'g=g3 g2@10'])
    await input.pipe('3', 'g0', { timestamp: 11, headers: headers('h') })
    await input.pipe('2', null, 12)
    await input.pipe('1', 'h1', 13)
    await input.pipe('3', null, 9)
    expect(out()).toEqual(['g=g2 g1@11 h', 'g=g1 g0@12', 'g=g0@13', 'h=h1@13', 'g=none@13'])
  })

  it('emits nothing while the best stay the same', async () => {
    const { input, out } = drive(ranked(1))
    for (const [key, row] of [
      ['1', 'g9'],
      ['2', 'g1'],
      ['2', 'g2'],
      ['3', 'g9'],
      ['1', null],
    ] as const) {
      await input.pipe(key, row, 1)
    }
    expect(out()).toEqual(['g=g9@1'])
    await input.pipe('3', null, 1)
    expect(out()).toEqual(['g=g2@1'])
  })

  it('keeps equal rows apart by their number', async () => {
    const { input, out } = drive(ranked(3))
    for (const [key, row] of [
      ['1', 'g5'],
      ['2', 'g5'],
      ['3', 'g5'],
      ['2', null],
    ] as const)
      await input.pipe(key, row, 1)
    expect(out()).toEqual(['g=g5@1', 'g=g5 g5@1', 'g=g5 g5 g5@1', 'g=g5 g5@1'])
  })

  it('finds the rows again that a new version writes in another way, also where several become equal', async () => {
    const ranking = (value: Serde<string>) => (b: StreamsBuilder) =>
      b
        .table('in', { key: text.key, value })
        .groupBy((row) => [row[0]!, row], { name: 'by-group', key: text.key, value })
        .topN(3, { by: (row) => rankOf(row.slice(1)), store: 'best' })
        .toStream()
        .mapValues(joined)
        .to('out', text)
    const short: Serde<string> = {
      serialize: (topic, row, given) => text.value.serialize(topic, row, given),
      deserialize: (topic, bytes, given) => text.value.deserialize(topic, bytes, given).slice(0, 2),
    }
    const pipe = async (
      value: Serde<string>,
      rows: readonly (readonly [string, string | null])[],
      changelogs = [] as ProducedRecord[],
    ) => {
      const { driver, input, out } = drive(ranking(value), { changelogs })
      for (const [key, row] of rows) await input.pipe(key, row, 1)
      const produced = [...changelogs, ...driver.produced()]
      await driver.close()
      return { produced, results: out() }
    }
    const before = await pipe(text.value, [
      ['1', 'g5x'],
      ['2', 'g5y'],
      ['3', 'g3x'],
      ['4', 'g1'],
    ])
    const after = await pipe(
      short,
      [
        ['1', null],
        ['3', 'g9'],
      ],
      before.produced,
    )
    expect(after.results).toEqual(['g=g5 g3 g1@1', 'g=g9 g5 g1@1'])
    const last = await pipe(
      short,
      [
        ['2', null],
        ['3', null],
        ['4', null],
      ],
      after.produced,
    )
    expect(last.results).toEqual(['g=g9 g1@1', 'g=g1@1', 'g=none@1'])
  })

  it('numbers its operator and its stores', () => {
    const builder = new StreamsBuilder()
    builder
      .table('in', text)
      .groupBy((row, key) => [row, key])
      .topN(3, { by: rankOf })
    expect(builder.build().describe().toString()).toContain(
      'Processor: KTABLE-TOPN-0000000007 (stores: [KTABLE-TOPN-STATE-STORE-0000000004-ranking, KTABLE-TOPN-STATE-STORE-0000000004])',
    )
  })

  it.each([
    ['persistent', 0],
    ['in-memory', 0],
    ['persistent', 1_000_000],
  ] as const)(
    'of random updates, in a store that is %s with a cache of %d bytes, is what sorting all rows gives, restarts included',
    async (storeType, statestoreCacheMaxBytes) => {
      const random = repeatableRandom(5)
      const updates: Piped[] = Array.from({ length: 500 }, (_, i) => ({
        key: `k${random(30)}`,
        value: random(5) === 0 ? null : `${'gh'[random(2)]}${random(40)}`,
        timestamp: i,
      }))
      const parts = inParts(updates, 4)
      const rows = new Map<string, string>()
      const shown = new Map<string, string>()
      const expected = parts.map((part) =>
        part.flatMap(({ key, value }) => {
          if (value === null) rows.delete(key!)
          else rows.set(key!, value)
          return ['g', 'h'].flatMap((group) => {
            const inGroup = [...rows.values()].filter((row) => row[0] === group)
            inGroup.sort((a, b) => rankOf(b.slice(1)) - rankOf(a.slice(1)) || (a < b ? -1 : 1))
            const best = inGroup.length === 0 ? 'none' : joined(inGroup.slice(0, 3))
            if ((shown.get(group) ?? 'none') === best) return []
            shown.set(group, best)
            return [`${group}=${best}`]
          })
        }),
      )
      const outputs = await driveRestarting(ranked(3, storeType), parts, { config: { statestoreCacheMaxBytes } })
      const inGroups = (lines: readonly string[]): string[] =>
        [...lines].sort((a, b) => (a[0]! < b[0]! ? -1 : a[0]! > b[0]! ? 1 : 0))
      outputs.forEach((lines, i) =>
        expect(inGroups(lines.map((line) => line.replace(/@.*/, '')))).toEqual(inGroups(expected[i]!)),
      )
    },
  )
})
