import type { TopicRecord } from '../../support/topics'
import { ACCOUNTS, bank } from './bank'
import { eventId, events } from './events'
import { join } from './join'
import { wordCount } from './word-count'
import type { Logs } from './workload'

/* A check that finds nothing is worth what it would find: each kind of wrong result is put before it. */

const record = (key: string, value: string, timestamp = 0): TopicRecord => ({
  partition: 0,
  key,
  value,
  timestamp,
  headers: [],
})

const logs = (inputs: Record<string, TopicRecord[]>, output: TopicRecord[]): Logs => ({
  inputs: new Map(Object.entries(inputs)),
  output,
})

describe('bank', () => {
  const [a, b] = ACCOUNTS as [string, string]
  const transfers = [
    record('t0', JSON.stringify({ from: a, to: b, amount: 10 })),
    record('t1', JSON.stringify({ from: b, to: a, amount: 3 })),
  ]
  const entry = (account: string, transfer: string, change: number, balance: number): TopicRecord =>
    record(account, JSON.stringify({ transfer, change, balance }))
  const right = [entry(a, 't0', -10, 990), entry(b, 't0', 10, 1010), entry(b, 't1', -3, 1007), entry(a, 't1', 3, 993)]
  const of = (output: TopicRecord[]): Logs => logs({ transfers }, output)

  it('accepts what is right', () => {
    expect(bank.missing(of(right))).toEqual([])
    expect(bank.wrong(of(right))).toEqual([])
    const balances = new Map([
      [a, 993],
      [b, 1007],
    ])
    expect(bank.wrongState!(of(right), balances)).toEqual([])
  })

  it('misses a side of a transfer, and the money', () => {
    expect(bank.missing(of(right.slice(0, 3)))).toEqual([`transfer t1 in ${a}`])
    expect(bank.wrong(of(right.slice(0, 3)))).toContain('all balances add up to 39997, not 40000')
  })

  it('finds a transfer that is applied twice, even if the balances follow', () => {
    expect(bank.wrong(of([...right, entry(a, 't1', 3, 996)]))).toContain(`transfer t1 in ${a} is there 2 times`)
  })

  it('finds a balance that does not follow from the one before it', () => {
    const lost = [...right.slice(0, 3), entry(a, 't1', 3, 1003)]
    expect(bank.wrong(of(lost))).toContain(`transfer t1 in ${a} makes 1003 of 990, a change by 3`)
  })

  it('finds a restored balance that is not the last one', () => {
    expect(bank.wrongState!(of(right), new Map([[a, 993]]))).toEqual([`the balance of ${b} is undefined, not 1007`])
  })
})

describe('word count', () => {
  const lines = [record('line 0', 'x y'), record('line 1', 'x')]
  const count = (word: string, times: number): TopicRecord => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(BigInt(times))
    return record(word, bytes.toString('latin1'))
  }
  const of = (...output: TopicRecord[]): Logs => logs({ lines }, output)
  const exactly = wordCount('exactly_once')
  const least = wordCount('at_least_once')

  it('accepts what is right', () => {
    const right = of(count('x', 1), count('y', 1), count('x', 2))
    for (const each of [exactly, least]) {
      expect(each.missing(right)).toEqual([])
      expect(each.wrong(right)).toEqual([])
    }
  })

  it('misses counts that are too small, and says where they went back', () => {
    const small = of(count('y', 1), count('x', 1))
    for (const each of [exactly, least]) expect(each.missing(small)).toEqual(['x is counted 1 times of 2'])
    expect(least.missing(of(count('x', 1), count('x', 1)))).toEqual([
      'x is counted 1 times of 2 (after 1 came 1)',
      'y is counted 0 times of 1',
    ])
  })

  it('takes counts that are too large for wrong under exactly_once alone', () => {
    const large = of(count('y', 1), count('x', 3))
    expect(exactly.wrong(large)).toEqual(['x is counted 3 times, not 2'])
    expect(least.wrong(large)).toEqual([])
  })

  it('finds counts that do not grow under exactly_once', () => {
    const repeated = of(count('y', 1), count('x', 2), count('x', 2))
    expect(exactly.wrong(repeated)).toEqual(['x is counted 2 times after it was counted 2 times'])
  })

  it('finds words that were never written', () => {
    for (const each of [exactly, least]) expect(each.wrong(of(count('z', 1)))).toHaveLength(1)
  })

  it('compares restored state', () => {
    const state = new Map([
      ['x', 3],
      ['y', 0],
    ])
    expect(exactly.wrongState!(of(), state)).toEqual(['y is counted 0 times of 1', 'x is counted 3 times, not 2'])
    expect(least.wrongState!(of(), state)).toEqual(['y is counted 0 times of 1'])
  })
})

describe('join', () => {
  const inputs = {
    left: [record('k', 'l0', 1000), record('k', 'l1', 9000)],
    right: [record('k', 'r0', 4000), record('other', 'r1', 1000)],
  }
  const pair = record('k', 'l0+r0')

  it('wants each pair within the window once', () => {
    expect(join.missing(logs(inputs, []))).toEqual(['k: l0+r0'])
    expect(join.missing(logs(inputs, [pair]))).toEqual([])
    expect(join.wrong(logs(inputs, [pair]))).toEqual([])
    expect(join.wrong(logs(inputs, [pair, pair]))).toEqual(['k: l0+r0 is there 2 times'])
    expect(join.wrong(logs(inputs, [record('k', 'l1+r0')]))).toEqual(['k: l1+r0 should not be there'])
  })
})

describe('events', () => {
  const event = (life: number, number: number): TopicRecord => record(eventId(life, number), '')
  const now = [event(2, 0), event(2, 1)]

  it('wants what is in the topic as it is now', () => {
    expect(events.missing(logs({ events: now }, [event(2, 0)]))).toEqual(['e2-1'])
  })

  it('accepts copies of what was in the topic before it was deleted, once', () => {
    expect(events.wrong(logs({ events: now }, [event(1, 7), ...now]))).toEqual([])
    expect(events.wrong(logs({ events: now }, [event(1, 7), event(1, 7), ...now]))).toEqual(['e1-7 is there 2 times'])
  })

  it('finds copies of what was never there', () => {
    expect(events.wrong(logs({ events: now }, [event(2, 2)]))).toEqual(['e2-2 should not be there'])
  })
})
