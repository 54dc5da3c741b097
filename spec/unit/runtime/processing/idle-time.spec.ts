import { IdleTime } from '../../../../lib/runtime/processing/idle-time'
import type { PartitionQueue } from '../../../../lib/runtime/processing/partition-queue'

const input = () => ({ fetchedUpTo: 0, size: 0, lags: false, partitionTime: -1 })

const idleTime = (inputs = [input()], intervalMs = 0) =>
  new IdleTime({ afterMs: 30, hops: 0 }, () => inputs as unknown as PartitionQueue[], intervalMs)

describe('idle time', () => {
  it('is time without fetched, buffered, expected or unfinished records', () => {
    const only = input()
    const time = idleTime([only, input()])
    only.partitionTime = 100
    expect(time.look(0, 'nothing', 0)).toBeUndefined()
    expect(time.look(30, 'nothing', 0)).toBe(130)
    only.fetchedUpTo = 1
    expect(time.look(60, 'nothing', 0)).toBeUndefined()
    only.size = 1
    expect(time.look(70, 'nothing', 0)).toBeUndefined()
    only.size = 0
    only.lags = true
    expect(time.look(80, 'nothing', 0)).toBeUndefined()
    only.lags = false
    expect(time.look(90, 'records', 0)).toBeUndefined()
    expect(time.look(119, 'nothing', 0)).toBeUndefined()
    // stream time was 130 when it became quiet
    expect(time.look(120, 'nothing', 0)).toBe(160)
  })

  it('stands still while a punctuation is awaited, without starting over', () => {
    const time = idleTime([{ ...input(), partitionTime: 100 }])
    time.look(0, 'nothing', 0)
    expect(time.look(30, 'punctuations', 0)).toBeUndefined()
    expect(time.look(40, 'nothing', 0)).toBe(140)
  })

  it('does not count while brokers do not say whether there are records', () => {
    const only = { ...input(), partitionTime: 100 }
    const time = idleTime([only])
    time.look(0, 'nothing', 0)
    // up to 15 it is known that nothing came
    expect(time.look(40, 'nothing', 25)).toBeUndefined()
    expect(time.look(50, 'nothing', 0)).toBe(150)
    // too long to be sure
    expect(time.look(5_050, 'nothing', 5_000)).toBeUndefined()
    expect(time.look(5_079, 'nothing', 0)).toBeUndefined()
    expect(time.look(5_080, 'nothing', 0)).toBe(180)
  })

  it('continues from what was reached before a restart', () => {
    const time = idleTime([{ ...input(), partitionTime: 100 }])
    time.resumeFrom(500)
    time.look(0, 'nothing', 0)
    expect(time.look(30, 'nothing', 0)).toBe(530)
  })

  it('has stream time advance in steps of an interval', () => {
    const time = idleTime([{ ...input(), partitionTime: 0 }], 10)
    time.look(0, 'nothing', 0)
    const reached = [30, 31, 39, 40, 41, 50].map((now) => time.look(now, 'nothing', 0))
    expect(reached).toEqual([30, undefined, undefined, 40, undefined, 50])
  })

  it('leaves stream time alone before the first record', () => {
    const time = idleTime()
    time.look(0, 'nothing', 0)
    expect(time.look(1000, 'nothing', 0)).toBeUndefined()
  })
})
