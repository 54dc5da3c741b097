import { Random } from '../differential/random'
import { lines, orders, payloads, payments, rows, visits, zipfWords } from './data'

const keysOf = (records: Iterable<{ key: string }>): string[] => [...records].map(({ key }) => key)

describe('the data of the benchmarks', () => {
  it('has words that are as frequent as those of a language', () => {
    const word = zipfWords(new Random(1), 1000)
    const counts = new Map<string, number>()
    for (let i = 0; i < 20_000; i++) {
      const next = word()
      counts.set(next, (counts.get(next) ?? 0) + 1)
    }
    const [first, second, tenth] = ['word0', 'word1', 'word9'].map((name) => counts.get(name)!)
    expect(first! / second!).toBeCloseTo(2, 0)
    expect(first! / tenth!).toBeGreaterThan(7)
    expect(first! / tenth!).toBeLessThan(14)
  })

  it('has lines for as many words as were asked for', () => {
    const words = [...lines(800)].flatMap(({ value }) => String(value).split(' '))
    expect(words).toHaveLength(800)
  })

  it('has each row once, in no order', () => {
    const keys = keysOf(rows(1000))
    expect(new Set(keys).size).toBe(1000)
    expect(keys.slice(0, 3)).not.toEqual(['key-0', 'key-1', 'key-2'])
  })

  it('has payloads of their length', () => {
    const payload = payloads(new Random(1), 100)
    expect(payload()).toHaveLength(100)
    expect(payload()).not.toBe(payload())
  })

  it('has a payment for nearly every order, by time and within seconds', () => {
    const ordered = new Map([...orders(2000)].map(({ key, timestamp }) => [key, timestamp]))
    const paid = [...payments(2000)]
    expect(paid).toHaveLength(2000)
    const known = paid.filter(({ key }) => ordered.has(key))
    expect(known.length).toBeGreaterThan(1850)
    expect(known.length).toBeLessThan(1950)
    for (const { key, timestamp } of known) {
      expect(timestamp - ordered.get(key)!).toBeGreaterThanOrEqual(0)
      expect(timestamp - ordered.get(key)!).toBeLessThan(6000)
    }
    const jumps = paid.slice(1).map(({ timestamp }, i) => timestamp - paid[i]!.timestamp)
    expect(Math.min(...jumps)).toBeGreaterThan(-5)
  })

  it('has visits of which some are late', () => {
    const times = [...visits(1000)].map(({ timestamp }) => timestamp)
    expect(times.some((time, i) => i > 0 && time < times[i - 1]! - 100)).toBe(true)
  })
})
