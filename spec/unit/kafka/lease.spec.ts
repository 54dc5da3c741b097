import { SessionLease } from '../../../lib/kafka/lease'

const SESSION_MS = 6_000

describe('the lease of a group member', () => {
  let lease: SessionLease
  let told: boolean[]

  beforeEach(() => {
    jest.useFakeTimers()
    lease = new SessionLease(SESSION_MS)
    told = []
    lease.subscribe((held) => told.push(held))
  })
  afterEach(() => jest.useRealTimers())

  it('is not held before the coordinator has answered', () => {
    expect(lease.holds()).toBe(false)
    expect(told).toEqual([])
  })

  it('holds for the session timeout from when the answered request was sent', () => {
    const sentAt = performance.now()
    jest.advanceTimersByTime(2_000)
    lease.renew(sentAt)
    jest.advanceTimersByTime(3_999)
    expect(lease.holds()).toBe(true)
    jest.advanceTimersByTime(1)
    expect(lease.holds()).toBe(false)
    expect(told).toEqual([true, false])
  })

  it('ends at the moment of the call when no timer could run, as in a process that was stopped', () => {
    lease.renew(performance.now())
    jest.setSystemTime(0)
    const now = performance.now()
    jest.spyOn(performance, 'now').mockReturnValue(now + SESSION_MS)
    expect(lease.holds()).toBe(false)
    expect(told).toEqual([true])
    jest.restoreAllMocks()
  })

  it('tells that it holds again where it had ended and no timer could run before the next answer: whoever has seen that waits', () => {
    lease.renew(performance.now())
    const later = performance.now() + SESSION_MS
    jest.spyOn(performance, 'now').mockReturnValue(later)
    expect(lease.holds()).toBe(false)
    // too late to prolong it
    lease.renew(later - SESSION_MS)
    expect(told).toEqual([true])
    lease.renew(later)
    expect(lease.holds()).toBe(true)
    expect(told).toEqual([true, true])
    lease.end()
    expect(told).toEqual([true, true, false])
    jest.restoreAllMocks()
  })

  it('is prolonged by each answer and tells nobody about it', () => {
    for (let beat = 0; beat < 10; beat++) {
      lease.renew(performance.now())
      jest.advanceTimersByTime(SESSION_MS - 1)
    }
    expect(lease.holds()).toBe(true)
    expect(told).toEqual([true])
  })

  it('is not prolonged by an answer that comes later than the session timeout', () => {
    const sentAt = performance.now()
    jest.advanceTimersByTime(SESSION_MS)
    lease.renew(sentAt)
    expect(lease.holds()).toBe(false)
    expect(told).toEqual([])
  })

  it('is not shortened by an answer that was overtaken', () => {
    const early = performance.now()
    jest.advanceTimersByTime(1_000)
    lease.renew(performance.now())
    lease.renew(early)
    jest.advanceTimersByTime(SESSION_MS - 1)
    expect(lease.holds()).toBe(true)
  })

  it('holds again once a heartbeat is answered', () => {
    lease.renew(performance.now())
    jest.advanceTimersByTime(2 * SESSION_MS)
    lease.renew(performance.now())
    expect(lease.holds()).toBe(true)
    expect(told).toEqual([true, false, true])
  })

  it('ends at once with the membership', () => {
    lease.renew(performance.now())
    lease.end()
    expect(lease.holds()).toBe(false)
    expect(told).toEqual([true, false])
    expect(jest.getTimerCount()).toBe(0)
  })

  it('tells nothing after the subscription has ended', () => {
    const later: boolean[] = []
    const unsubscribe = lease.subscribe((held) => later.push(held))
    unsubscribe()
    lease.renew(performance.now())
    expect(later).toEqual([])
  })
})
