import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import * as serdes from '../../lib/serdes'
import { repeatableRandom } from '../support/input'
import { drive, headers, text } from './drive'
import { driveRestarting, inParts, type Piped } from './restarting'

/** Values such as `7/x`: an id, and anything else. */
const idOf = (value: string | null): string | null => value?.split('/')[0] || null

const byId =
  (within: number, storeType?: 'persistent' | 'in-memory') =>
  (builder: StreamsBuilder): void =>
    builder
      .stream('in', text)
      .deduplicate({ by: idOf, within, name: 'once', store: 'seen', storeType, late: (late) => late.to('late', text) })
      .to('out', text)

describe('deduplicate', () => {
  it('forwards the first record of a key as it is, and no other within the time', async () => {
    const { input, out, driver } = drive((b) => b.stream('in', text).deduplicate({ within: 10 }).to('out', text))
    await input.pipe('a', '1', { timestamp: 100, headers: headers('h') })
    await input.pipe('a', '2', 110)
    await input.pipe('b', '3', 110)
    await input.pipe('a', '4', 111)
    expect(out()).toEqual(['a=1@100 h', 'b=3@110', 'a=4@111'])
    expect(driver.recordCounts().dropped).toBe(0)
  })

  it('does not let repetitions prolong the time', async () => {
    const { input, out } = drive((b) => b.stream('in', text).deduplicate({ within: 10 }).to('out', text))
    for (const time of [100, 106, 111, 117, 122]) await input.pipe('a', 'x', time)
    expect(out()).toEqual(['a=x@100', 'a=x@111', 'a=x@122'])
  })

  it('finds the repetition that is older than the record that was forwarded', async () => {
    const { input, out } = drive((b) => b.stream('in', text).deduplicate({ within: 10 }).to('out', text))
    for (const time of [100, 90, 101]) await input.pipe('a', 'x', time)
    await input.pipe('b', 'x', 112)
    await input.pipe('a', 'x', 110)
    expect(out()).toEqual(['a=x@100', 'b=x@112'])
  })

  it('takes ids from the value, each among those of its key; text, numbers and bigints differ', async () => {
    const ids = [1, '1', 1n, 1, '1', 1n]
    const { input, out } = drive((b) =>
      b
        .stream('in', text)
        .deduplicate({ by: (value) => ids[Number(value)], within: 10 })
        .to('out', text),
    )
    for (const i of ids.keys()) await input.pipe('a', String(i), i)
    await input.pipe('b', '0', 5)
    expect(out()).toEqual(['a=0@0', 'a=1@1', 'a=2@2', 'b=0@5'])
  })

  it('forwards every record without an id, and those without a key unless they have an id', async () => {
    const { input, out } = drive((b) => {
      const stream = b.stream('in', text)
      stream.deduplicate({ within: 10 }).to('out', text)
      stream.deduplicate({ by: idOf, within: 10 }).to('by', text)
    })
    for (const value of ['7', '7', '/', '/']) await input.pipe(null, value, 1)
    expect(out()).toEqual(['null=7@1', 'null=7@1', 'null=/@1', 'null=/@1'])
    expect(out('by')).toEqual(['null=7@1', 'null=/@1', 'null=/@1'])
  })

  it('drops and counts late records, or gives them to a stream of their own', async () => {
    const dropping = drive((b) => b.stream('in', text).deduplicate({ within: 10 }).to('out', text))
    const keeping = drive(byId(10))
    for (const { input } of [dropping, keeping]) {
      await input.pipe('a', '1', 100)
      await input.pipe('b', '1', { timestamp: 89, headers: headers('h') })
      await input.pipe('b', '1', 90)
    }
    expect(dropping.out()).toEqual(['a=1@100', 'b=1@90'])
    expect(dropping.driver.recordCounts().dropped).toBe(1)
    expect(keeping.out()).toEqual(['a=1@100', 'b=1@90'])
    expect(keeping.out('late')).toEqual(['b=1@89 h'])
    expect(keeping.driver.recordCounts().dropped).toBe(0)
  })

  it('repartitions a stream whose key has changed, with records that have none', async () => {
    const { driver, input, out } = drive((b) =>
      b
        .stream('in', text)
        .selectKey((value) => idOf(value), { key: serdes.string() as never })
        .deduplicate({ within: 10, name: 'once', store: 'seen' })
        .to('out', text),
    )
    for (const value of ['1/x', '/x', '1/y', '/y']) await input.pipe('k', value, 1)
    expect(out()).toEqual(['1=1/x@1', 'null=/x@1', 'null=/y@1'])
    expect(driver.produced().map(({ topic }) => topic)).toContain('app-once-repartition')
  })

  it('says so if an id is neither text nor a number', async () => {
    const { input } = drive((b) =>
      b
        .stream('in', text)
        .deduplicate({ by: () => ['a', 1] as never, within: 10, name: 'once' })
        .to('out', text),
    )
    await expect(input.pipe('a', 'x', 1)).rejects.toMatchObject({
      code: 'PROCESSING_FAILED',
      location: { operator: 'once' },
      message: expect.stringContaining('an id is text, a number or a bigint'),
    })
  })

  it('never gives `by` a tombstone of a stream typed without null', async () => {
    const { input } = drive((b) =>
      b
        .stream('in', text)
        .deduplicate({ by: (value) => value.length, within: 10 })
        .to('out', text),
    )
    await expect(input.pipe('a', null, 1)).rejects.toMatchObject({ code: 'UNEXPECTED_TOMBSTONE' })
  })

  it('numbers its operator, its store and that of late records one after another', () => {
    const builder = new StreamsBuilder()
    const first = builder.stream('in', text).deduplicate({ within: 10, late: (late) => late.to('late', text) })
    first.deduplicate({ within: 10, name: 'again', store: 'seen', late: (late) => late.to('late', text) })
    expect(builder.build().describe().toString()).toContain(
      [
        '    Source: KSTREAM-SOURCE-0000000000 (topics: [in])',
        '      --> KSTREAM-DEDUPLICATE-0000000001',
        '    Processor: KSTREAM-DEDUPLICATE-0000000001 (stores: [KSTREAM-DEDUPLICATE-STATE-STORE-0000000002])',
        '      --> KSTREAM-LATE-0000000003, again',
        '      <-- KSTREAM-SOURCE-0000000000',
        '    Processor: again (stores: [seen])',
        '      --> again-late',
        '      <-- KSTREAM-DEDUPLICATE-0000000001',
      ].join('\n'),
    )
  })
})

/** What `deduplicate` promises, said once more without stores: a list of what was forwarded. */
class Reference {
  private readonly forwarded: { id: string; timestamp: number }[] = []
  private streamTime = -1

  constructor(private readonly within: number) {}

  restart(): void {
    this.streamTime = -1
  }

  outcomeOf({ key, value, timestamp }: Piped): 'out' | 'late' | 'repetition' {
    this.streamTime = Math.max(this.streamTime, timestamp)
    if (idOf(value) === null) return 'out'
    if (timestamp < this.streamTime - this.within) return 'late'
    const newest = Math.max(-1, ...this.forwarded.map(({ timestamp }) => timestamp))
    const oldest = newest - 2 * this.within
    const id = `${key}/${idOf(value)}`
    const repeats = this.forwarded.some(
      (other) => other.id === id && other.timestamp >= oldest && Math.abs(other.timestamp - timestamp) <= this.within,
    )
    if (repeats) return 'repetition'
    if (timestamp < oldest) return 'late'
    this.forwarded.push({ id, timestamp })
    return 'out'
  }
}

describe('deduplicate, of random records', () => {
  const WITHIN = 50

  it.each(['persistent', 'in-memory'] as const)(
    'with a store that is %s does what the reference does, restarts in the middle included',
    async (storeType) => {
      for (let seed = 1; seed <= 5; seed++) {
        const random = repeatableRandom(seed)
        let time = 1000
        const records: Piped[] = Array.from({ length: 400 }, () => {
          time += random(8)
          const value = random(20) === 0 ? '/x' : `${random(9)}/x`
          return { key: `k${random(3)}`, value, timestamp: time - (random(3) === 0 ? random(3 * WITHIN) : 0) }
        })
        const parts = inParts(records, 4)
        const reference = new Reference(WITHIN)
        const expected = parts.map((part) => {
          reference.restart()
          const outcomes = part.map((record) => ({ record, outcome: reference.outcomeOf(record) }))
          return ['out', 'late'].flatMap((topic) =>
            outcomes
              .filter(({ outcome }) => outcome === topic)
              .map(({ record: { key, value, timestamp } }) => `${key}=${value}@${timestamp}`),
          )
        })
        const actual = await driveRestarting(byId(WITHIN, storeType), parts, { topics: ['out', 'late'] })
        expect(actual).toEqual(expected)
      }
    },
  )
})
