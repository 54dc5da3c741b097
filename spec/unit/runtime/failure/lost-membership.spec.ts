import { whyMembershipWasLost } from '../../../../lib/runtime/failure/lost-membership'

const sessionTimeoutMs = 10_000

describe('a lost membership', () => {
  it('is put down to a callback only where one kept the event loop busy', () => {
    const blocked = whyMembershipWasLost({ sessionTimeoutMs, unansweredMs: 12_400, longestBlockMs: 12_000.4 })
    expect(blocked).toMatch(
      /a callback kept the event loop busy for 12000 ms.*sessionTimeout \(10000 ms\).*joins again/,
    )
  })

  it('is put down to the network, the brokers or a suspended process where heartbeats had no answer', () => {
    const stalled = whyMembershipWasLost({ sessionTimeoutMs, unansweredMs: 15_000, longestBlockMs: 40 })
    expect(stalled).toMatch(
      /no heartbeat was answered for 15000 ms.*more than 40 ms\. The network or the brokers stalled/,
    )
    expect(stalled).not.toContain('a callback kept')
  })

  it('names what else removes a member where heartbeats were answered', () => {
    const removed = whyMembershipWasLost({ sessionTimeoutMs, unansweredMs: 900, longestBlockMs: 40 })
    expect(removed).toMatch(/although its heartbeats were answered.*groupInstanceId.*maxPollInterval/)
    expect(removed).not.toMatch(/callback|network/)
  })
})
