import type {
  Assignment,
  ClientError,
  CommittedOffset,
  GroupConfig,
  GroupListener,
  GroupMembership,
  GroupMetadata,
  TopicPartition,
} from '../port'
import { closedError } from './broker-error'
import type { MemoryCluster } from './cluster'
import { Deferred } from './deferred'

/** Why a member leaves the quiet phase between two rebalances. */
type Interruption = { rejoin: true } | { lost: ClientError } | { failed: Error }

/** One member of a group: joins, heartbeats by timer, rejoins when told to, reports to its listener. */
export class MemoryMembership implements GroupMembership {
  private memberId = ''
  private generationId = -1
  private state: 'new' | 'running' | 'ended' = 'new'
  private readonly joined = new Deferred<void>()
  private heartbeats: NodeJS.Timeout | undefined
  private interruption: Interruption | undefined
  private interrupted: (() => void) | undefined

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly config: GroupConfig,
    private readonly listener: GroupListener,
    private readonly onEnd: () => void,
  ) {
    this.joined.promise.catch(() => undefined)
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
    return {
      groupId: this.config.groupId,
      memberId: this.memberId,
      generationId: this.generationId,
      groupInstanceId: this.config.groupInstanceId ?? null,
    }
  }

  requestRejoin(_reason: string): void {
    this.interrupt({ rejoin: true })
  }

  async committed(partitions: readonly TopicPartition[]): Promise<Map<string, CommittedOffset>> {
    return this.cluster.groups.stableOffsets(this.config.groupId, partitions)
  }

  async commit(offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void> {
    this.cluster.groups.commit(this.metadata(), offsets)
  }

  async leave(options: { force?: boolean } = {}): Promise<void> {
    if (this.state === 'ended') return
    const wasMember = this.state === 'running'
    this.end()
    this.joined.reject(closedError('group membership'))
    const staysInGroup = this.config.groupInstanceId !== undefined && !options.force
    if (wasMember && !staysInGroup) this.cluster.groups.leave(this.metadata())
    this.memberId = ''
    this.generationId = -1
  }

  // ------------------------------------------------------------------------------------------ the member's life

  private async run(): Promise<void> {
    try {
      while (this.state === 'running') {
        const next = (await this.joinAndSync()) ?? (await this.interruptionOf())
        await this.act(next)
      }
    } catch (error) {
      this.fail(error as Error)
    }
  }

  private async act(next: Interruption): Promise<void> {
    if (this.state !== 'running') return
    if ('failed' in next) return this.fail(next.failed)
    if ('lost' in next) return this.lose(next.lost)
    // heartbeats go on meanwhile: the old generation is valid until the others are done waiting
    await this.listener.beforeRejoin(this.metadata())
    const { interruption } = this
    if (interruption && 'lost' in interruption) await this.lose(interruption.lost)
    else if (interruption && 'failed' in interruption) this.fail(interruption.failed)
  }

  /** One generation; returns what already calls for the next, undefined if all is quiet. */
  private async joinAndSync(): Promise<Interruption | undefined> {
    this.stopHeartbeats()
    this.interruption = undefined
    try {
      const assignment = await this.negotiate()
      if (!assignment || this.state !== 'running') return { rejoin: true }
      this.startHeartbeats()
      const verdict = await this.listener.assigned(assignment, this.metadata())
      this.joined.resolve()
      return verdict === 'rejoin' ? { rejoin: true } : undefined
    } catch (error) {
      if (this.state !== 'running') return { rejoin: true }
      return interruptionFor(error as ClientError)
    }
  }

  /** JoinGroup and SyncGroup; undefined when the group has moved on in between and the join must be repeated. */
  private async negotiate(): Promise<Assignment | undefined> {
    const { groups } = this.cluster
    const { groupId, groupInstanceId = null, protocol, sessionTimeoutMs, rebalanceTimeoutMs } = this.config
    if (this.memberId === '' && groupInstanceId === null) this.memberId = groups.allocateMemberId(groupId)
    const { topics, userData } = this.listener.subscription()
    const { memberId } = this
    const joined = await groups.join(groupId, {
      memberId,
      groupInstanceId,
      protocol,
      topics,
      userData,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
    })
    if (this.state !== 'running') return undefined
    this.memberId = joined.memberId
    this.generationId = joined.generationId
    const assigns = joined.leaderId === joined.memberId && joined.members.length > 0
    // a leader may take its time
    if (assigns) this.startHeartbeats()
    const assignments = assigns ? await this.listener.assign(joined.members) : undefined
    if (this.state !== 'running') return undefined
    this.stopHeartbeats()
    return groups.sync(groupId, {
      memberId: this.memberId,
      groupInstanceId,
      generationId: this.generationId,
      ...(assignments && { assignments }),
    })
  }

  private async lose(cause: ClientError): Promise<void> {
    this.stopHeartbeats()
    if (cause.code === 'UNKNOWN_MEMBER_ID') this.memberId = ''
    const hadGeneration = this.generationId >= 0
    this.generationId = -1
    if (hadGeneration) await this.listener.lost(cause)
  }

  private fail(cause: Error): void {
    if (this.state !== 'running') return
    this.cluster.groups.leave({ ...this.metadata(), groupInstanceId: null })
    this.end()
    this.joined.reject(cause)
    this.listener.failed(cause)
  }

  private end(): void {
    this.state = 'ended'
    this.stopHeartbeats()
    this.interrupted?.()
    this.onEnd()
  }

  // ------------------------------------------------------------------------------------------ heartbeats

  private startHeartbeats(): void {
    this.stopHeartbeats()
    this.heartbeats = setInterval(() => this.heartbeat(), this.config.heartbeatIntervalMs)
  }

  private stopHeartbeats(): void {
    clearInterval(this.heartbeats)
  }

  private heartbeat(): void {
    try {
      this.cluster.groups.heartbeat(this.metadata())
    } catch (error) {
      this.interrupt(interruptionFor(error as ClientError))
    }
  }

  private interrupt(cause: Interruption): void {
    if (this.state !== 'running') return
    // to be thrown out outweighs a wish to rejoin
    if (!this.interruption || 'rejoin' in this.interruption) this.interruption = cause
    this.interrupted?.()
  }

  private async interruptionOf(): Promise<Interruption> {
    while (!this.interruption && this.state === 'running') {
      await new Promise<void>((resolve) => (this.interrupted = resolve))
    }
    return this.interruption ?? { rejoin: true }
  }
}

const interruptionFor = (error: ClientError): Interruption => {
  switch (error.code) {
    case 'REBALANCE_IN_PROGRESS':
      return { rejoin: true }
    case 'UNKNOWN_MEMBER_ID':
    case 'ILLEGAL_GENERATION':
      return { lost: error }
    default:
      return { failed: error }
  }
}
