import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { JoinWindows } from '../../lib/dsl/windows/join-windows'
import { logAndContinue } from '../../lib/handlers'
import type { TestDriverConfig, TestInputTopic } from '../../lib/testing'
import { windowStore } from '../../lib/state/window/window-stores'
import { drive, headers, text } from './drive'

type Text = TestInputTopic<string, string>

const pair = (left: string | null, right: string | null): string => `${left}+${right}`

/** Two topics `l` and `r` under test. */
const joining = (
  build: (builder: StreamsBuilder) => void,
  config?: TestDriverConfig,
): { l: Text; r: Text; out: (topic?: string) => string[]; driven: ReturnType<typeof drive> } => {
  const driven = drive(build, config)
  const { driver, out } = driven
  return { l: driver.inputTopic('l', text), r: driver.inputTopic('r', text), out: (topic) => out(topic), driven }
}

const within = (ms: number, grace = 0): JoinWindows => JoinWindows.of({ timeDifference: ms, grace })

describe('a join of two streams', () => {
  it('pairs records of one key within the window, edges included, with the later time and the headers of the later arrival', async () => {
    const { l, r, out } = joining((b) =>
      b.stream('l', text).join(b.stream('r', text), pair, within(10, 100)).to('out', text),
    )
    await l.pipe('k', 'l100', { timestamp: 100, headers: headers('left') })
    await r.pipe('k', 'r89', 89)
    await r.pipe('k', 'r90', { timestamp: 90, headers: headers('right') })
    await r.pipe('k', 'r110', 110)
    await r.pipe('k', 'r111', 111)
    await r.pipe('other', 'r100', 100)
    expect(out()).toEqual(['k=l100+r90@100 right', 'k=l100+r110@110'])
  })

  it('keeps duplicates, and gives matches by time, then as they came', async () => {
    const { l, r, out } = joining((b) =>
      b.stream('l', text).join(b.stream('r', text), pair, within(10, 100)).to('out', text),
    )
    await l.pipe('k', 'a', 5)
    await l.pipe('k', 'b', 3)
    await l.pipe('k', 'c', 5)
    await r.pipe('k', 'r', 5)
    expect(out()).toEqual(['k=b+r@5', 'k=a+r@5', 'k=c+r@5'])
  })

  it('keeps its records in the stores that it was given, where their handles find them', async () => {
    const records = (name: string) =>
      windowStore<string, string>(name, { ...text, windowSize: 20, retention: 120, retainDuplicates: true })
    const [mine, theirs] = [records('mine'), records('theirs')]
    const { l, r, out, driven } = joining((b) =>
      b
        .stream('l', text)
        .join(b.stream('r', text), pair, within(10, 100), { thisStore: mine, otherStore: theirs })
        .to('out', text),
    )
    await l.pipe('k', 'a', 5)
    await l.pipe('k', 'b', 5)
    await r.pipe('k', 'r', 9)
    expect(out()).toEqual(['k=a+r@9', 'k=b+r@9'])
    expect(driven.driver.store(mine).fetch('k', 0, 10)).toEqual([
      [5, 'a'],
      [5, 'b'],
    ])
    expect(driven.driver.store(theirs).fetch('k', 0, 10)).toEqual([[9, 'r']])
  })

  it('leaves null keys and values out, counted', async () => {
    const { l, r, out, driven } = joining((b) =>
      b.stream('l', text).join(b.stream('r', text), pair, within(10)).to('out', text),
    )
    await l.pipe(null as never, 'x', 1)
    await l.pipe('k', null as never, 1)
    await r.pipe('k', 'r', 1)
    expect(out()).toEqual([])
    expect(driven.driver.recordCounts().dropped).toBe(2)
  })

  it('takes the time before and after apart', async () => {
    const { l, r, out } = joining((b) =>
      b
        .stream('l', text)
        .join(b.stream('r', text), pair, JoinWindows.of({ timeDifference: 0, before: -5, after: 10, grace: 100 }))
        .to('out', text),
    )
    await r.pipe('k', 'r4', 4)
    await r.pipe('k', 'r5', 5)
    await r.pipe('k', 'r10', 10)
    await r.pipe('k', 'r11', 11)
    await l.pipe('k', 'l', 0)
    expect(out()).toEqual(['k=l+r5@5', 'k=l+r10@10'])
  })

  it('finds nothing any more that is older than window and grace', async () => {
    const { l, r, out } = joining((b) =>
      b.stream('l', text).join(b.stream('r', text), pair, within(10)).to('out', text),
    )
    await l.pipe('k', 'l', 100)
    await l.pipe('other', 'l', 1000)
    await r.pipe('k', 'r', 100)
    expect(out()).toEqual([])
  })
})

describe('a left join of two streams', () => {
  const left = (grace: number, config?: TestDriverConfig) =>
    joining((b) => b.stream('l', text).leftJoin(b.stream('r', text), pair, within(10, grace)).to('out', text), config)

  it('waits for the window and its grace, and then gives the record its own time and the headers of the cause', async () => {
    const { l, out } = left(5)
    await l.pipe('k', 'first', { timestamp: 1000, headers: headers('own') })
    await l.pipe('k', 'second', 1015)
    expect(out()).toEqual([])
    await l.pipe('k', 'third', { timestamp: 1016, headers: headers('cause') })
    expect(out()).toEqual(['k=first+null@1000 cause'])
  })

  it('gives null at once where the window has passed already, and still joins what comes later', async () => {
    const { l, r, out } = left(5)
    await l.pipe('k', 'now', 1016)
    await l.pipe('k', 'late', 1005)
    expect(out()).toEqual(['k=late+null@1005'])
    await r.pipe('k', 'r', 1014)
    expect(out()).toEqual(['k=late+r@1014', 'k=now+r@1016'])
  })

  it('has a result for records without a key, at once, on the left side only', async () => {
    const { l, r, out, driven } = left(5)
    await l.pipe(null as never, 'l', 1)
    await r.pipe(null as never, 'r', 1)
    expect(out()).toEqual(['null=l+null@1'])
    expect(driven.driver.recordCounts().dropped).toBe(1)
  })

  it('looks for what is due only so often by the wall clock', async () => {
    const { l, out, driven } = left(0, { emitInterval: '1s' })
    // the first record looks, and finds nothing
    await l.pipe('a', 'x', 0)
    await driven.driver.advanceWallClockTime('1s')
    await l.pipe('b', 'x', 100)
    expect(out()).toEqual(['a=x+null@0'])
    await l.pipe('c', 'x', 200)
    expect(out()).toEqual([])
    await driven.driver.advanceWallClockTime('1s')
    await l.pipe('d', 'x', 300)
    expect(out()).toEqual(['b=x+null@100', 'c=x+null@200'])
  })
})

describe('an outer join of two streams', () => {
  it('has results for both sides, by time, right before left; a match takes back all that waits at its time', async () => {
    const { l, r, out } = joining((b) =>
      b.stream('l', text).outerJoin(b.stream('r', text), pair, within(5)).to('out', text),
    )
    await l.pipe('a', 'l1', 10)
    await l.pipe('a', 'l2', 10)
    await r.pipe('b', 'r', 10)
    await l.pipe('c', 'l', 10)
    await r.pipe('c', 'r', 12)
    expect(out()).toEqual(['c=l+r@12'])
    await r.pipe('z', 'clock', 100)
    expect(out()).toEqual(['b=null+r@10', 'a=l1+null@10', 'a=l2+null@10'])
  })

  it('emits the records of a key and time again if one of them fails, but none before them', async () => {
    let failures = 1
    const join = (left: string | null, right: string | null): string => {
      if (left === 'l2' && failures-- > 0) throw new Error('not yet')
      return pair(left, right)
    }
    const { l, r, out } = joining(
      (b) => b.stream('l', text).outerJoin(b.stream('r', text), join, within(0)).to('out', text),
      { processingExceptionHandler: logAndContinue() },
    )
    await r.pipe('b', 'r1', 2)
    await l.pipe('a', 'l1', 2)
    await l.pipe('a', 'l2', 2)
    await l.pipe('c', 'dropped', 10)
    expect(out()).toEqual(['b=null+r1@2', 'a=l1+null@2'])
    await l.pipe('c', 'l3', 20)
    expect(out()).toEqual(['a=l1+null@2', 'a=l2+null@2'])
  })

  it('keeps null keys before a repartition topic; an inner join drops them there', async () => {
    const build = (outer: boolean) => (b: StreamsBuilder) => {
      const left = b.stream('l', text).selectKey<string>(() => null as never)
      const right = b.stream('r', text)
      const result = outer ? left.outerJoin(right, pair, within(5)) : left.join(right, pair, within(5))
      result.to('out', text)
    }
    const outer = joining(build(true))
    await outer.l.pipe('k', 'l', 1)
    expect(outer.out()).toEqual(['null=l+null@1'])
    const inner = joining(build(false))
    await inner.l.pipe('k', 'l', 1)
    expect(inner.driven.driver.produced().map(({ topic }) => topic)).toEqual([])
  })
})

describe('a stream joined with itself', () => {
  const self = (optimization: 'none' | 'all') => {
    const driven = drive(
      (b) => {
        const stream = b.stream('in', text)
        stream.join(stream, pair, within(10, 50)).to('out', text)
      },
      {},
      { optimization },
    )
    return driven
  }

  it('has the same results on one store as on two', async () => {
    const results = await Promise.all(
      (['none', 'all'] as const).map(async (optimization) => {
        const { input, out, driver } = self(optimization)
        await input.pipe('k', 'a', 10)
        await input.pipe('k', 'b', 15)
        await input.pipe('k', 'late', 8)
        return { out: out(), stores: driver.stores().size }
      }),
    )
    expect(results[0]!.out).toEqual(results[1]!.out)
    expect(results.map(({ stores }) => stores)).toEqual([2, 1])
    expect(results[0]!.out).toHaveLength(9)
  })

  it('gives a record no results of its own on one store where its join with itself fails', async () => {
    const { input, out } = drive(
      (b) => {
        const stream = b.stream('in', text)
        const joiner = (left: string, right: string): string => {
          if (left === 'bad' && right === 'bad') throw new Error('refused')
          return pair(left, right)
        }
        stream.join(stream, joiner, within(10)).to('out', text)
      },
      { processingExceptionHandler: logAndContinue() },
      { optimization: 'all' },
    )
    await input.pipe('k', 'a', 10)
    await input.pipe('k', 'bad', 15)
    await input.pipe('k', 'b', 12)
    expect(out()).toEqual(['k=a+a@10', 'k=b+a@12', 'k=b+bad@15', 'k=a+b@12', 'k=b+b@12', 'k=bad+b@15'])
  })
})
