import * as serdes from '../../lib/serdes'
import type { TimestampedKeyValueStore } from '../../lib/state/store'
import { counted, drive, headers, text } from './drive'

const MIB = 1024 * 1024

describe('a grouped stream', () => {
  it('counts by key', async () => {
    const { driver, input, out } = drive((builder) =>
      builder.stream('in', text).groupByKey().count('counts').toStream().to('out', counted),
    )
    await input.pipeKeyValues([
      ['a', 'x'],
      ['b', 'x'],
      ['a', 'y'],
    ])
    expect(out('out', serdes.long())).toEqual(['a=1@0', 'b=1@0', 'a=2@0'])
    const store = driver.store<TimestampedKeyValueStore<string, number>>('counts')
    expect(store.get('a')).toEqual({ value: 2, timestamp: 0 })
    expect(store.get('c')).toBeNull()
  })

  it('drops null keys and null values, counted', async () => {
    const { driver, input, out } = drive((builder) =>
      builder.stream('in', text).groupByKey().count('counts').toStream().to('out', counted),
    )
    await input.pipe(null, 'x', 1)
    await input.pipe('a', null, 1)
    expect(out('out', serdes.long())).toEqual([])
    expect(driver.recordCounts().dropped).toBe(2)
  })

  it("gives the larger timestamp of record and aggregate, and the record's headers; the changelog has no headers", async () => {
    const { driver, input, out } = drive((builder) =>
      builder.stream('in', text).groupByKey().count('counts').toStream().to('out', counted),
    )
    await input.pipe('a', 'x', { timestamp: 20, headers: headers('first') })
    await input.pipe('a', 'x', { timestamp: 10, headers: headers('second') })
    expect(out('out', serdes.long())).toEqual(['a=1@20 first', 'a=2@20 second'])
    const changes = driver.produced().filter(({ topic }) => topic === 'app-counts-changelog')
    expect(changes.map(({ timestamp, partition, headers: all }) => [timestamp, partition, all.length])).toEqual([
      [20, 0, 0],
      [20, 0, 0],
    ])
  })

  it('reduces: the first value as it is; null deletes', async () => {
    const { driver, input, out } = drive((builder) =>
      builder
        .stream('in', text)
        .groupByKey()
        .reduce((sum, value) => (value === 'drop' ? (null as never) : `${sum}${value}`), 'sums')
        .toStream()
        .to('out', text),
    )
    await input.pipeKeyValues([
      ['k', 'a'],
      ['k', 'b'],
      ['k', 'drop'],
      ['k', 'c'],
    ])
    expect(out()).toEqual(['k=a@0', 'k=ab@0', 'k=null@0', 'k=c@0'])
    expect(driver.store<TimestampedKeyValueStore<string, string>>('sums').get('k')).toEqual({
      value: 'c',
      timestamp: 0,
    })
  })

  it('aggregates with (aggregate, value, key); null deletes, and the initializer begins again', async () => {
    const { input, out } = drive((builder) =>
      builder
        .stream('in', text)
        .groupByKey()
        .aggregate(
          () => '',
          (sum, value, key) => (value === 'drop' ? (null as never) : `${sum}${key}${value}`),
          { store: 'sums', value: serdes.string() },
        )
        .toStream()
        .to('out', text),
    )
    await input.pipeKeyValues([
      ['k', 'a'],
      ['k', 'b'],
      ['k', 'drop'],
      ['k', 'c'],
    ])
    expect(out()).toEqual(['k=ka@0', 'k=kakb@0', 'k=null@0', 'k=kc@0'])
  })

  it('repartitions when the key was changed, and drops null keys silently', async () => {
    const { driver, input, out } = drive((builder) =>
      builder
        .stream('in', text)
        .flatMapValues((line) => line.split(' '))
        .groupBy((word) => (word === 'stop' ? (null as never) : word))
        .count('counts')
        .toStream()
        .to('out', counted),
    )
    await input.pipe(null, 'to be stop to', 7)
    expect(out('out', serdes.long())).toEqual(['to=1@7', 'be=1@7', 'to=2@7'])
    expect(out('app-counts-repartition')).toEqual(['to=to@7', 'be=be@7', 'to=to@7'])
    expect(driver.recordCounts().dropped).toBe(0)
  })

  it('with a record cache forwards one update a key and commit', async () => {
    const { input, out } = drive(
      (builder) =>
        builder
          .stream('in', text)
          .flatMapValues((line) => line.split(' '))
          .groupByKey()
          .count('counts')
          .toStream()
          .to('out', counted),
      { statestoreCacheMaxBytes: MIB },
    )
    await input.pipe('k', 'to be or', { timestamp: 1, headers: headers('h') })
    expect(out('out', serdes.long())).toEqual(['k=3@1 h'])
    expect(out('app-counts-changelog', serdes.long())).toEqual(['k=3@1'])
  })

  it('counts on with a record cache that has no room for an entry', async () => {
    const { input, out } = drive(
      (builder) => builder.stream('in', text).groupByKey().count('counts').toStream().to('out', counted),
      { statestoreCacheMaxBytes: 1 },
    )
    for (const timestamp of [1, 2, 3]) await input.pipe('k', 'v', { timestamp })
    expect(out('out', serdes.long())).toEqual(['k=1@1', 'k=2@2', 'k=3@3'])
  })

  it('without logging has no changelog; in memory is the same', async () => {
    const { input, driver, out } = drive((builder) => {
      const grouped = builder.stream('in', text).groupByKey()
      grouped.count({ store: 'quiet', logging: false }).toStream().to('out', counted)
      grouped.count({ store: 'memory', storeType: 'in-memory' }).toStream().to('out2', counted)
    })
    await input.pipeKeyValues([
      ['a', 'x'],
      ['a', 'x'],
    ])
    expect(out('out', serdes.long())).toEqual(['a=1@0', 'a=2@0'])
    expect(out('out2', serdes.long())).toEqual(['a=1@0', 'a=2@0'])
    expect(new Set(driver.produced().map(({ topic }) => topic))).toEqual(
      new Set(['out', 'app-memory-changelog', 'out2']),
    )
  })
})
