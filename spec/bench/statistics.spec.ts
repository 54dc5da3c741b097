import {
  anotherRound,
  countingRounds,
  DISTURBED_SHARE,
  halfwayAt,
  isDisturbed,
  median,
  medianInterval,
  percentile,
} from './statistics'

const quiet = { disturbed: false }
const disturbed = { disturbed: true }

describe('median', () => {
  it('is the middle value, whatever the order', () => {
    expect(median([3, 100, 1])).toBe(3)
  })

  it('is between the two middle values of an even number', () => {
    expect(median([4, 1, 3, 100])).toBe(3.5)
  })
})

describe('medianInterval', () => {
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => count - i)

  it('is between the values whose ranks the sign test gives', () => {
    expect(medianInterval(upTo(6))).toEqual([1, 6])
    expect(medianInterval(upTo(9))).toEqual([2, 8])
    expect(medianInterval(upTo(20))).toEqual([6, 15])
    expect(medianInterval(upTo(100))).toEqual([40, 61])
  })

  it('is not known of fewer values than 95 % take', () => {
    expect(medianInterval(upTo(5))).toBeUndefined()
    expect(medianInterval([])).toBeUndefined()
  })
})

describe('percentile', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, i) => 100 - i)

  it('is the value that as large a share does not exceed', () => {
    expect(percentile(hundred, 0.5)).toBe(50)
    expect(percentile(hundred, 0.99)).toBe(99)
    expect(percentile(Float64Array.of(7), 0.99)).toBe(7)
  })

  it('leaves the values as they are', () => {
    expect(hundred[0]).toBe(100)
  })
})

describe('halfwayAt', () => {
  it('is between the two samples around half of what was done', () => {
    const samples = [
      { at: 1000, done: 0 },
      { at: 2000, done: 40 },
      { at: 3000, done: 60 },
      { at: 9000, done: 100 },
    ]
    expect(halfwayAt(samples)).toBe(2500)
  })

  it('is the time of a sample that is exactly half way', () => {
    const samples = [
      { at: 0, done: 0 },
      { at: 10, done: 50 },
      { at: 30, done: 100 },
    ]
    expect(halfwayAt(samples)).toBe(10)
  })

  it('is half of the time where everything was committed at once', () => {
    const samples = [
      { at: 0, done: 0 },
      { at: 10, done: 100 },
    ]
    expect(halfwayAt(samples)).toBe(5)
  })
})

describe('rounds that others disturb', () => {
  it('are those with a turn in which others took more than their share of the machine', () => {
    expect(isDisturbed([{ othersShare: DISTURBED_SHARE }, { othersShare: 0 }])).toBe(false)
    expect(isDisturbed([{ othersShare: 0 }, { othersShare: DISTURBED_SHARE + 0.001 }])).toBe(true)
  })

  it('are run again until enough rounds were quiet', () => {
    expect(anotherRound([], 3, 2)).toBe(true)
    expect(anotherRound([quiet, disturbed, quiet], 3, 2)).toBe(true)
    expect(anotherRound([quiet, disturbed, quiet, quiet], 3, 2)).toBe(false)
  })

  it('are run again no more often than was allowed', () => {
    expect(anotherRound([disturbed, disturbed, disturbed, disturbed], 3, 2)).toBe(true)
    expect(anotherRound([disturbed, disturbed, disturbed, disturbed, disturbed], 3, 2)).toBe(false)
    expect(anotherRound([disturbed], 1, 0)).toBe(false)
  })

  it('do not count where enough others do', () => {
    expect(countingRounds([disturbed, quiet, quiet], 2)).toEqual({ rounds: [quiet, quiet], disturbed: false })
  })

  it('count where too few others do, and the result is marked', () => {
    expect(countingRounds([disturbed, quiet], 2)).toEqual({ rounds: [disturbed, quiet], disturbed: true })
  })
})
