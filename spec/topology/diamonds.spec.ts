import type { KStream } from '../../lib/dsl/kstream'
import type { KTable } from '../../lib/dsl/ktable'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { untilWindowCloses } from '../../lib/dsl/suppressed'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import { counted, drive, text } from './drive'

/** Through a graph of that many diamonds lead 2^40 paths: what walks each of them never returns. */
const DIAMONDS = 40

const repeated = <T>(start: T, diamond: (at: T) => T): T => {
  let at = start
  for (let i = 0; i < DIAMONDS; i++) at = diamond(at)
  return at
}

type Words = KStream<string, string>
type Rows<K> = KTable<K, string>

/** Each record comes out 2^40 times. */
const splitAndMerged = (words: Words): Words => repeated(words, (at) => at.merge(words).merge(at))

const joinedWithItself = <K>(rows: Rows<K>): Rows<K> =>
  repeated(rows, (at) =>
    at.join(
      at.filter(() => true),
      (left) => left,
    ),
  )

describe('a topology in which streams split and merge again and again', () => {
  it('runs', async () => {
    const { input, out } = drive((builder) => {
      const words = builder.stream('in', text)
      const merged = repeated(words, (at) => at.filter((word) => word > 'm').merge(at.filterNot((word) => word > 'm')))
      merged.groupByKey().count().toStream().to('out', counted)
    })
    await input.pipe('a', 'x')
    await input.pipe('a', 'b')
    expect(out('out', counted.value)).toEqual(['a=1@0', 'a=2@0'])
  })

  it.each(['none', 'all'] as const)('is built and described with optimization %s', (optimization) => {
    const builder = new StreamsBuilder()
    const keyed = splitAndMerged(builder.stream('in', text)).selectKey((word) => word)
    splitAndMerged(keyed).groupByKey().count().toStream().to('counts', counted)
    splitAndMerged(keyed)
      .groupByKey()
      .reduce((_, word) => word)
    const topology = builder.build({ optimization })
    expect(topology.describe().match(/Processor: KSTREAM-MERGE-/g)!.length).toBeGreaterThanOrEqual(4 * DIAMONDS)
  })

  it('starts without a look at the values', async () => {
    const { driver } = drive((builder) => {
      splitAndMerged(builder.stream('in', text)).groupByKey().count()
    })
    await expect(driver.start()).resolves.toBeUndefined()
  })
})

describe('a table that is joined with itself again and again', () => {
  it('is built and described', () => {
    const builder = new StreamsBuilder()
    joinedWithItself(builder.table('in', text)).toStream().to('out', text)
    expect(
      builder
        .build()
        .describe()
        .match(/Processor: KTABLE-MERGE-/g),
    ).toHaveLength(DIAMONDS)
  })

  it('is suppressed until its windows close', () => {
    const builder = new StreamsBuilder()
    const windowed = builder
      .stream('in', text)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: '1m' }))
      .reduce((_, word) => word)
    joinedWithItself(windowed)
      .suppress(untilWindowCloses())
      .toStream()
      .foreach(() => {})
    expect(builder.build().describe()).toContain('KTABLE-SUPPRESS')
  })
})
