/** What is known about the time before an instance was taken out of the group. */
export interface MembershipLoss {
  /** The longest time that a callback has kept the event loop. */
  readonly longestBlockMs: number
  readonly sessionTimeoutMs: number
}

/** Why an instance was taken out of the group, as far as it can tell. */
export const explainLoss = ({ longestBlockMs, sessionTimeoutMs }: MembershipLoss): string => {
  const outcome = 'It joins again, and its tasks resume where they were if no other instance has had them'
  return longestBlockMs >= sessionTimeoutMs / 2
    ? `this instance was taken out of the group: a callback kept the event loop for ${longestBlockMs} ms, so that no heartbeat was sent ` +
        `within sessionTimeout (${sessionTimeoutMs} ms). ${outcome}`
    : `this instance was taken out of the group: its heartbeats did not reach the coordinator within sessionTimeout (${sessionTimeoutMs} ms), ` +
        `and no callback has kept the event loop. The network was interrupted, or the process was stopped. ${outcome}`
}
