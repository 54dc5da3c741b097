import type {
  Assignment,
  ClientError,
  CommittedOffset,
  GroupConfig,
  GroupListener,
  GroupMembership,
  GroupMetadata,
} from '../port'
import { SessionLease } from '../lease'
import { brokerError, closedError } from './broker-error'
import type { MemoryCluster } from './cluster'
import { Deferred } from './deferred'
import type { TopicPartition } from '../../record/topic-partition'

/** What ends the quiet phase of a generation. */
type Interruption = { rejoin: 'told' | 'requested' } | { lost: ClientError } | { failed: Error }

/** How long `committed` waits for open transactions to end, and how often it looks. */
const UNSTABLE_DEADLINE_MS = 60_000
const UNSTABLE_RETRY_MS = 10

/** One member of a group: joins, heartbeats by timer, rejoins when told to, reports to its listener. */
export class MemoryMembership implements GroupMembership {
  readonly lease: SessionLease
  /** To join with; empty once the coordinator has forgotten it. */
  private memberId = ''
  /** The last generation joined, also after it was lost: what still goes out under it is fenced. */
  private current: GroupMetadata
  /** The listener has an assignment that it has not been told to be lost. */
  private hasAssignment = false
  private state: 'new' | 'running' | 'ended' = 'new'
  private readonly joined = new Deferred<void>()
  private heartbeats: NodeJS.Timeout | undefined
  /** A JoinGroup waits for its answer, which decides whatever heartbeats are answered. */
  private joining = false
  private interruption: Interruption | undefined
  private wake: (() => void) | undefined

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly config: GroupConfig,
    private readonly listener: GroupListener,
    private readonly onEnd: () => void,
  ) {
    this.current = {
      groupId: config.groupId,
      memberId: '',
      generationId: -1,
      groupInstanceId: config.groupInstanceId ?? null,
    }
    this.joined.promise.catch(() => undefined)
    this.lease = new SessionLease(config.sessionTimeoutMs)
  }

  join(): Promise<void> {
    if (this.state === 'ended') return Promise.reject(closedError('group membership'))
    if (this.state === 'new') {
      this.state = 'running'
      void this.run()
    }
    return this.joined.promise
  }

  metadata(): GroupMetadata {
    return this.current
  }

  requestRejoin(_reason: string): void {
    this.interrupt({ rejoin: 'requested' })
  }

  async committed(partitions: readonly TopicPartition[]): Promise<Map<string, CommittedOffset>> {
    for (let waited = 0; ; waited += UNSTABLE_RETRY_MS) {
      try {
        return this.cluster.groups.stableOffsets(this.config.groupId, partitions)
      } catch (error) {
        const isOver = this.state === 'ended' || waited >= UNSTABLE_DEADLINE_MS
        if ((error as ClientError).kind !== 'unstableOffset' || isOver) throw error
        await new Promise((resolve) => setTimeout(resolve, UNSTABLE_RETRY_MS))
      }
    }
  }

  async commit(offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void> {
    const { groupId, generationId } = this.current
    // the coordinator would take a commit without a generation from anybody, once the group is empty
    if (generationId < 0) throw brokerError('ILLEGAL_GENERATION', `Not a member of group ${groupId}; join first`)
    try {
      this.cluster.groups.commit(this.current, offsets)
    } catch (error) {
      const { kind } = error as ClientError
      if (this.heartbeats && (kind === 'rebalance' || kind === 'fenced')) this.heartbeat()
      throw error
    }
  }

  async leave(options: { force?: boolean } = {}): Promise<void> {
    if (this.state === 'ended') return
    this.end()
    const { memberId } = this
    const { groupInstanceId } = this.current
    if (groupInstanceId === null || options.force) this.cluster.groups.leave({ ...this.current, memberId })
  }

  /** As if the process had died: the group notices when the session times out. */
  abandon(): void {
    if (this.state !== 'ended') this.end()
  }

  // ------------------------------------------------------------------------------------------ the member's life

  private async run(): Promise<void> {
    try {
      while (this.state === 'running') await this.liveOneGeneration()
    } catch (error) {
      this.fail(error as Error)
    }
  }

  private async liveOneGeneration(): Promise<void> {
    const { interruption } = this
    const requested = interruption !== undefined && 'rejoin' in interruption && interruption.rejoin === 'requested'
    this.interruption = undefined
    const assignment = await this.negotiate(requested)
    if (!assignment) return
    this.lease.renew(performance.now())
    this.hasAssignment = true
    const verdict = await this.listener.assigned(assignment, this.metadata())
    this.joined.resolve()
    if (verdict === 'rejoin') this.interrupt({ rejoin: 'requested' })
    await this.untilInterrupted()
    // heartbeats continue: the old generation is valid until the others are done waiting
    if (this.wantsRejoin()) await this.listener.beforeRejoin(this.metadata())
    await this.settle(this.interruption)
  }

  /** JoinGroup and SyncGroup; undefined when the join must be repeated, or the membership has ended. Heartbeats continue, to keep the lease. */
  private async negotiate(requested: boolean): Promise<Assignment | undefined> {
    const { groups } = this.cluster
    const { groupId, groupInstanceId = null, protocol, sessionTimeoutMs, rebalanceTimeoutMs } = this.config
    this.joining = true
    if (this.memberId === '' && groupInstanceId === null) this.memberId = groups.allocateMemberId(groupId)
    const request = {
      ...this.listener.subscription(),
      ...{ memberId: this.memberId, groupInstanceId, protocol, sessionTimeoutMs, rebalanceTimeoutMs, requested },
    }
    const joined = await this.ask(() => groups.join(groupId, request))
    if (!joined) return undefined
    const { memberId, generationId } = joined
    this.memberId = memberId
    this.current = { groupId, memberId, generationId, groupInstanceId }
    this.joining = false
    this.startHeartbeats()
    this.lease.renew(performance.now())
    const assignments = joined.members.length > 0 ? await this.listener.assign(joined.members) : undefined
    if (this.state !== 'running') return undefined
    return this.ask(() => groups.sync({ ...this.current, ...(assignments && { assignments }) }))
  }

  /** The coordinator's answer; undefined after a refusal that has been dealt with. */
  private async ask<T>(request: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await request()
      return this.state === 'running' ? answer : undefined
    } catch (error) {
      if (this.state === 'running') await this.settle(interruptionFor(error as ClientError))
      return undefined
    }
  }

  private async settle(interruption: Interruption | undefined): Promise<void> {
    if (!interruption || this.state !== 'running') return
    if ('failed' in interruption) this.fail(interruption.failed)
    else if ('lost' in interruption) await this.lose(interruption.lost)
  }

  private async lose(cause: ClientError): Promise<void> {
    this.stopHeartbeats()
    this.lease.end()
    if (cause.code === 'UNKNOWN_MEMBER_ID') this.memberId = ''
    if (!this.hasAssignment) return
    this.hasAssignment = false
    await this.listener.lost(cause)
  }

  private fail(cause: Error): void {
    if (this.state !== 'running') return
    this.joined.reject(cause)
    void this.leave()
    this.listener.failed(cause)
  }

  private end(): void {
    this.state = 'ended'
    this.stopHeartbeats()
    this.lease.end()
    this.wake?.()
    this.joined.reject(closedError('group membership'))
    this.onEnd()
  }

  // ------------------------------------------------------------------------------------------ heartbeats

  private startHeartbeats(): void {
    this.stopHeartbeats()
    this.heartbeats = setInterval(() => this.heartbeat(), this.config.heartbeatIntervalMs)
  }

  private stopHeartbeats(): void {
    clearInterval(this.heartbeats)
    this.heartbeats = undefined
  }

  private heartbeat(): void {
    let interruption: Interruption | undefined
    try {
      this.cluster.groups.heartbeat(this.current)
    } catch (error) {
      interruption = interruptionFor(error as ClientError)
    }
    // a member told to join again has a new session too
    if (!interruption || 'rejoin' in interruption) this.lease.renew(performance.now())
    else if (!this.joining) this.lease.end()
    if (interruption && !this.joining) this.interrupt(interruption)
  }

  private interrupt(cause: Interruption): void {
    if (this.state !== 'running') return
    // to be thrown out outweighs a wish to rejoin
    if (!this.interruption || 'lost' in cause || 'failed' in cause) this.interruption = cause
    else if ('rejoin' in this.interruption && cause.rejoin === 'requested') this.interruption = cause
    this.wake?.()
  }

  private async untilInterrupted(): Promise<void> {
    while (!this.interruption && this.state === 'running') {
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }

  private wantsRejoin(): boolean {
    return this.state === 'running' && this.interruption !== undefined && 'rejoin' in this.interruption
  }
}

const interruptionFor = (error: ClientError): Interruption => {
  switch (error.code) {
    case 'REBALANCE_IN_PROGRESS':
      return { rejoin: 'told' }
    case 'UNKNOWN_MEMBER_ID':
    case 'ILLEGAL_GENERATION':
      return { lost: error }
    default:
      return { failed: error }
  }
}
