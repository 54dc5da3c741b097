import * as serdes from '../../lib/serdes'
import type { TimestampedKeyValueStore } from '../../lib/state/store'
import { keyValueStore } from '../../lib/state/stores'
import { counted, drive, headers, text } from './drive'

const MIB = 1024 * 1024

describe('a table', () => {
  it('takes the last record of a key, whatever its timestamp; null keys are dropped', async () => {
    const { driver, input, out } = drive((builder) =>
      builder
        .table('in', { ...text }, 'rows')
        .toStream()
        .to('out', text),
    )
    await input.pipe('k', 'late', 20)
    await input.pipe('k', 'early', 10)
    await input.pipe(null, 'x', 30)
    await input.pipe('k', null, 5)
    expect(out()).toEqual(['k=late@20', 'k=early@10', 'k=null@5'])
    expect(driver.store<TimestampedKeyValueStore<string, string>>('rows').get('k')).toBeNull()
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('without a store forwards each update', async () => {
    const { driver, input, out } = drive((builder) => builder.table('in', text).toStream().to('out', text))
    await input.pipe('k', 'a', 1)
    await input.pipe('k', null, 2)
    expect(out()).toEqual(['k=a@1', 'k=null@2'])
    expect(driver.stores().size).toBe(0)
  })

  it('toTable makes one of a stream', async () => {
    const { driver, input, out } = drive((builder) =>
      builder.stream('in', text).toTable('rows').toStream().to('out', text),
    )
    await input.pipe('k', 'a', { timestamp: 1, headers: headers('h') })
    expect(out()).toEqual(['k=a@1 h'])
    expect(driver.store<TimestampedKeyValueStore<string, string>>('rows').get('k')).toEqual({
      value: 'a',
      timestamp: 1,
    })
  })

  describe('filtered', () => {
    const changes: Array<[string, string | null]> = [
      ['1', 'yes'],
      ['2', 'no'],
      ['1', 'no'],
      ['1', null],
    ]

    it('of a table without a store sends a delete for everything that does not pass', async () => {
      const { input, out } = drive((builder) =>
        builder
          .table('in', text)
          .filter((value) => value === 'yes')
          .toStream()
          .to('out', text),
      )
      await input.pipeKeyValues(changes)
      expect(out()).toEqual(['1=yes@0', '2=null@0', '1=null@0', '1=null@0'])
    })

    it('of a table with a store sends a delete only where something was', async () => {
      const { input, out } = drive((builder) =>
        builder
          .table('in', text, 'rows')
          .filter((value) => value === 'yes')
          .toStream()
          .to('out', text),
      )
      await input.pipeKeyValues(changes)
      expect(out()).toEqual(['1=yes@0', '1=null@0'])
    })

    it('with filterNot keeps the others; with a store of its own it can be queried', async () => {
      const { driver, input, out } = drive((builder) =>
        builder
          .table('in', text)
          .filterNot((value) => value === 'yes', 'others')
          .toStream()
          .to('out', text),
      )
      await input.pipeKeyValues(changes)
      const store = driver.store<TimestampedKeyValueStore<string, string>>('others')
      expect([store.get('1'), store.get('2')]).toEqual([null, { value: 'no', timestamp: 0 }])
      expect(out().at(-1)).toBe('1=null@0')
    })
  })

  it('with a bounded store forgets the rows that were used least recently', async () => {
    const recent = keyValueStore('recent', { ...text, maxEntries: 2 })
    const { driver, input, out } = drive((builder) => builder.table('in', text, recent).toStream().to('out', text))
    await input.pipeKeyValues(['a', 'b', 'a', 'c'].map((key, i) => [key, String(i)] as const))
    expect(out()).toHaveLength(4)
    const rows = driver.store(recent)
    expect(['a', 'b', 'c'].map((key) => rows.get(key))).toEqual(['2', null, '3'])
    expect(rows.persistent).toBe(false)
  })

  it('mapValues never sees a delete', async () => {
    const { driver, input, out } = drive((builder) =>
      builder
        .table('in', text)
        .mapValues((value) => value.length, { store: 'lengths', value: serdes.long() })
        .toStream()
        .to('out', counted),
    )
    await input.pipe('k', 'abc', 3)
    await input.pipe('k', null, 4)
    expect(out('out', serdes.long())).toEqual(['k=3@3', 'k=null@4'])
    expect(driver.store<TimestampedKeyValueStore<string, number>>('lengths').get('k')).toBeNull()
  })

  it('with a record cache leaves out deletes of what was not there', async () => {
    const { input, out } = drive((builder) => builder.table('in', text, 'rows').toStream().to('out', text), {
      statestoreCacheMaxBytes: MIB,
    })
    await input.pipe('k', null, 1)
    await input.pipe('k', 'a', 2)
    await input.pipe('k', null, 3)
    expect(out()).toEqual(['k=a@2', 'k=null@3'])
  })

  it('toStream with a selector gives new keys', async () => {
    const { input, out } = drive((builder) =>
      builder
        .table('in', text)
        .toStream((value, key) => `${key}${value}`)
        .to('out', text),
    )
    await input.pipe('k', 'a', 1)
    expect(out()).toEqual(['ka=a@1'])
  })
})

describe('a store that is filled by a test', () => {
  it('counts on, and forwards what it was filled with when it has a record cache', async () => {
    const { driver, input, out } = drive(
      (builder) => builder.stream('in', text).groupByKey().count('counts').toStream().to('out', counted),
      { statestoreCacheMaxBytes: MIB },
    )
    await driver.start()
    driver.store<TimestampedKeyValueStore<string, number>>('counts').put('a', { value: 41, timestamp: 9 })
    await input.pipe('a', 'x', 3)
    expect(out('out', serdes.long())).toEqual(['a=42@9'])
  })
})

describe('a grouped table', () => {
  it('subtracts from the old group and adds to the new one', async () => {
    const { driver, input, out } = drive((builder) =>
      builder
        .table('in', text, 'rows')
        .groupBy((value, key) => [value, key], text)
        .count('per-value')
        .toStream()
        .to('out', counted),
    )
    await input.pipe('1', 'A', 1)
    await input.pipe('2', 'A', 2)
    await input.pipe('1', 'B', 3)
    await input.pipe('2', null, 4)
    // a count stays at 0
    expect(out('out', serdes.long())).toEqual(['A=1@1', 'A=2@2', 'A=1@3', 'B=1@3', 'A=0@4'])
    const changes = driver.produced().filter(({ topic }) => topic === 'app-per-value-repartition')
    expect(changes.map(({ key, value }) => `${key} ${value!.toString('hex')}`)).toEqual([
      'A 3101',
      'A 3201',
      'A 3100',
      'B 3101',
      'A 3200',
    ])
  })

  it('does both in one step when the group stays the same', async () => {
    const { driver, input, out } = drive((builder) =>
      builder
        .table('in', text, 'rows')
        .groupBy((value) => ['all', value], text)
        .reduce(
          (sum, value) => `${sum}+${value}`,
          (sum, value) => `${sum}-${value}`,
          'sum',
        )
        .toStream()
        .to('out', text),
    )
    await input.pipe('1', 'A', 10)
    await input.pipe('2', 'B', 5)
    await input.pipe('1', 'C', 7)
    expect(out()).toEqual(['all=A@10', 'all=A+B@10', 'all=A+B-A+C@10'])
    const last = driver
      .produced()
      .filter(({ topic }) => topic.endsWith('repartition'))
      .at(-1)!
    expect(last.value!.toString('hex')).toBe('02434102')
  })

  it('compares keys by content', async () => {
    const json = { key: serdes.json<{ group: string }>(), value: serdes.string() }
    const { driver, input } = drive((builder) =>
      builder
        .table('in', text, 'rows')
        .groupBy((value) => [{ group: value[0]! }, value], json)
        .count('per-group'),
    )
    await input.pipe('1', 'A1')
    await input.pipe('1', 'A2')
    expect(driver.produced().filter(({ topic }) => topic.endsWith('repartition'))).toHaveLength(2)
  })

  it.each<[string, (value: string, key: string) => readonly [string | null, string | null] | null]>([
    ['null', (value, key) => (value === 'nobody' ? null : [value, key])],
    ['a null group', (value, key) => [value === 'nobody' ? null : value, key]],
    ['a null value', (value, key) => [value, value === 'nobody' ? null : key]],
  ])('drops a row whose selector returns %s, and subtracts what it had added', async (_what, selector) => {
    const { input, out } = drive((builder) =>
      builder.table('in', text, 'rows').groupBy(selector, text).count('per-value').toStream().to('out', counted),
    )
    await input.pipe('1', 'nobody', 1)
    await input.pipe('1', 'A', 2)
    await input.pipe('1', 'nobody', 3)
    expect(out('out', serdes.long())).toEqual(['A=1@2', 'A=0@3'])
  })

  it.each([
    [{ key: 'A', value: '1' }, 'an object'],
    ['A1', 'a string'],
  ])('groupBy refuses %p in place of a list of key and value', async (pair, what) => {
    const { input } = drive((builder) =>
      builder
        .table('in', text, 'rows')
        .groupBy((() => pair) as never, text)
        .count('per-value'),
    )
    await expect(input.pipe('1', 'A')).rejects.toThrow(
      `the callback of groupBy gives [key, value], a list of two, and this is ${what}`,
    )
  })

  it('aggregates; null deletes the aggregate, the next add begins with the initializer', async () => {
    const { driver, input, out } = drive((builder) =>
      builder
        .table('in', text, 'rows')
        .groupBy((_value, key) => ['all', key], text)
        .aggregate(
          () => '',
          (keys, key) => `${keys}${key}`,
          (keys, key) => keys.replace(key, '') || (null as never),
          { store: 'keys', value: serdes.string() },
        )
        .toStream()
        .to('out', text),
    )
    await input.pipe('1', 'x', 1)
    await input.pipe('2', 'x', 2)
    await input.pipe('1', null, 3)
    await input.pipe('2', null, 4)
    await input.pipe('3', 'x', 5)
    expect(out()).toEqual(['all=1@1', 'all=12@2', 'all=2@3', 'all=null@4', 'all=3@5'])
    expect(driver.store<TimestampedKeyValueStore<string, string>>('keys').get('all')).toEqual({
      value: '3',
      timestamp: 5,
    })
  })

  it("after a count subtracts the initializer's 0 first, uncached", async () => {
    const { input, out } = drive((builder) =>
      builder
        .stream('in', text)
        .groupByKey()
        .count('counts')
        .groupBy((count) => [count % 2 === 0 ? 'even' : 'odd', count], counted)
        .reduce(
          (sum, count) => sum + count,
          (sum, count) => sum - count,
          'sums',
        )
        .toStream()
        .to('out', counted),
    )
    await input.pipe('a', 'x', 1)
    await input.pipe('a', 'x', 2)
    expect(out('out', serdes.long())).toEqual(['even=null@1', 'odd=1@1', 'odd=0@2', 'even=2@2'])
  })
})
