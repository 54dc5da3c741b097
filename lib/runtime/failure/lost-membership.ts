/** What is known when the group drops this member. */
export interface LostMembership {
  readonly sessionTimeoutMs: number
  /** How long ago the group last heard of this member and said so: by the answer to a heartbeat, or to its join. */
  readonly unansweredMs: number
  /** The longest time since then for which callbacks kept the event loop busy without a break. */
  readonly longestBlockMs: number
}

const NEXT = 'It joins again, and continues where it was if no other instance has had its tasks since'

/** Why this instance was dropped from the group, as far as these numbers tell. */
export const whyMembershipWasLost = ({ sessionTimeoutMs, unansweredMs, longestBlockMs }: LostMembership): string => {
  const session = `sessionTimeout (${sessionTimeoutMs} ms)`
  // several heartbeats are due per session: half of it without any leaves too little to get over a hiccup
  if (longestBlockMs >= sessionTimeoutMs / 2) {
    return (
      `this instance was dropped from the group: a callback kept the event loop busy for ${Math.round(longestBlockMs)} ms, and no ` +
      `heartbeat could be sent within ${session}. Return a promise for work that waits, move computing to a worker thread, or raise ` +
      `sessionTimeout. ${NEXT}`
    )
  }
  if (unansweredMs >= sessionTimeoutMs) {
    return (
      `this instance was dropped from the group: no heartbeat was answered for ${Math.round(unansweredMs)} ms, longer than ${session}, ` +
      `while callbacks never kept the event loop busy for more than ${Math.round(longestBlockMs)} ms. The network or the brokers ` +
      `stalled, or this process was suspended. ${NEXT}`
    )
  }
  return (
    'this instance was dropped from the group although its heartbeats were answered: another process has its groupInstanceId, an ' +
    `operator removed the member, or it did not join a rebalance in time (maxPollInterval). ${NEXT}`
  )
}
