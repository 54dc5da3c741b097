import { RecordTally } from '../../../../lib/observe/metrics/record-tally'
import { SampleWindows } from '../../../../lib/observe/metrics/sample-windows'
import { Stat } from '../../../../lib/observe/metrics/stat'

let now = 0
let windows: SampleWindows
let stat: Stat

beforeEach(() => {
  now = 1000
  windows = new SampleWindows(() => now)
  stat = new Stat(windows)
})

const after = (ms: number): void => {
  now += ms
  windows.tick()
}

it('has no average, minimum or maximum before the first number', () => {
  expect([stat.rate, stat.total, stat.sum]).toEqual([0, 0, 0])
  expect([stat.avg, stat.min, stat.max]).toEqual([NaN, NaN, NaN])
})

it('has total, rate, average and extremes of what was added', () => {
  for (const value of [4, 1, 7]) stat.add(value)
  after(2000)
  expect([stat.total, stat.rate, stat.avg, stat.min, stat.max]).toEqual([3, 1.5, 4, 1, 7])
})

it('takes a rate over a second at least', () => {
  stat.add(1)
  expect(stat.rate).toBe(1)
})

it('takes rates and extremes over the current window and the one before', () => {
  stat.add(100)
  after(30_000)
  stat.add(10)
  expect([stat.max, stat.min]).toEqual([100, 10])
  expect(stat.rate).toBe(2 / 30)
  after(30_000)
  expect([stat.max, stat.avg]).toEqual([10, 10])
  after(30_000)
  expect([stat.rate, stat.avg]).toEqual([0, NaN])
})

it('keeps its total when windows end', () => {
  for (let i = 0; i < 5; i++) {
    stat.addAll(2, 10, 5, 5)
    after(30_000)
  }
  expect(stat.total).toBe(10)
})

it('forgets both windows after a minute in which nothing was looked at', () => {
  stat.add(1)
  after(30_000)
  stat.add(2)
  after(600_000)
  expect([stat.rate, stat.max, stat.total]).toEqual([0, NaN, 2])
})

it('takes the age of several records at once', () => {
  const tally = new RecordTally()
  for (const timestamp of [900, 700, 800]) tally.add(timestamp)
  tally.settle(1000, stat)
  expect([stat.total, stat.min, stat.avg, stat.max]).toEqual([3, 100, 200, 300])
  tally.settle(2000, stat)
  expect(stat.total).toBe(3)
})
