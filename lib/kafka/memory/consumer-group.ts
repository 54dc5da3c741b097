import type { Assignment, CommittedOffset, GroupDescription, GroupMetadata } from '../port'
import { brokerError } from './broker-error'
import { Deferred } from './deferred'
import { copyOf, describe, described, emptyAssignment, type Member } from './group-member'
import type { JoinRequest, JoinResponse, SyncRequest } from './group-protocol'
import type { TopicPartition } from '../../record/topic-partition'

type State = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

/** The classic group protocol as Kafka's coordinator runs it, one group. */
export class ConsumerGroup {
  readonly offsets = new Map<string, TopicPartition & CommittedOffset>()
  /** By producer id: offsets in transactions that are still open. */
  readonly pendingOffsets = new Map<number, Map<string, TopicPartition & CommittedOffset>>()
  private state: State = 'Empty'
  private generationId = 0
  private protocol = ''
  private leaderId = ''
  /** In the order in which they came: the first one leads. */
  private readonly members = new Map<string, Member>()
  private readonly staticMembers = new Map<string, string>()
  private readonly allocatedIds = new Set<string>()
  private allocations = 0
  /** Of the join barrier, then of the wait for everyone's sync. */
  private phaseTimer: NodeJS.Timeout | undefined

  constructor(private readonly groupId: string) {}

  get memberCount(): number {
    return this.members.size
  }

  describe(): Omit<GroupDescription, 'groupId'> {
    const members = [...this.members.values()].map(described)
    return { state: this.state, protocolType: members.length > 0 ? 'consumer' : '', protocol: this.protocol, members }
  }

  subscribes(topic: string): boolean {
    return [...this.members.values()].some(({ topics }) => topics.includes(topic))
  }

  /** What a broker answers with MEMBER_ID_REQUIRED (KIP-394). */
  allocateMemberId(prefix: string): string {
    const memberId = `${prefix}-${++this.allocations}`
    this.allocatedIds.add(memberId)
    return memberId
  }

  join(request: JoinRequest): Promise<JoinResponse> {
    if (this.members.size > 0 && request.protocol !== this.protocol) {
      throw brokerError(
        'INCONSISTENT_GROUP_PROTOCOL',
        `Group ${this.groupId} uses protocol "${this.protocol}", not "${request.protocol}"`,
      )
    }
    const member = this.memberOf(request)
    if (member) return this.rejoin(member, request)
    const instanceId = request.groupInstanceId
    const replaced = instanceId === null ? undefined : this.staticMembers.get(instanceId)
    if (replaced !== undefined) return this.replaceStatic(this.members.get(replaced)!, request)
    return this.add(request)
  }

  sync(request: SyncRequest): Promise<Assignment> {
    const member = this.require(request)
    if (this.state === 'PreparingRebalance') throw this.rebalancing()
    member.synced = true
    if (this.state === 'CompletingRebalance') {
      if (member.memberId !== this.leaderId) {
        member.syncing = new Deferred()
        return member.syncing.promise
      }
      this.distribute(request.assignments ?? new Map())
    }
    this.stopPhaseIfAllSynced()
    member.session.refresh()
    return Promise.resolve(member.assignment)
  }

  heartbeat(request: GroupMetadata): void {
    const member = this.require(request)
    member.session.refresh()
    if (this.state === 'PreparingRebalance') throw this.rebalancing()
  }

  leave(memberId: string, groupInstanceId: string | null): void {
    const id = groupInstanceId === null ? memberId : (this.staticMembers.get(groupInstanceId) ?? memberId)
    this.allocatedIds.delete(id)
    const member = this.members.get(id)
    if (member) this.remove(member)
  }

  validateCommit(request: GroupMetadata): void {
    this.validateTransactionalCommit(request)
    if (request.generationId < 0 && this.state !== 'Empty') throw this.unknown(request.memberId)
    if (this.state === 'CompletingRebalance') throw this.rebalancing()
    this.members.get(request.memberId)?.session.refresh()
  }

  validateTransactionalCommit(request: GroupMetadata): void {
    if (request.generationId >= 0 || request.memberId !== '' || request.groupInstanceId !== null) this.require(request)
  }

  close(): void {
    clearTimeout(this.phaseTimer)
    for (const member of this.members.values()) {
      clearTimeout(member.session)
      this.failWaiting(member, this.unknown(member.memberId))
    }
    this.members.clear()
    this.staticMembers.clear()
  }

  // ------------------------------------------------------------------------------------------ members

  private memberOf({ memberId, groupInstanceId }: JoinRequest): Member | undefined {
    const current = groupInstanceId === null ? undefined : this.staticMembers.get(groupInstanceId)
    if (memberId === '') return undefined
    if (current !== undefined && current !== memberId) throw this.fencedInstance(groupInstanceId)
    const member = this.members.get(memberId)
    if (!member && !this.allocatedIds.has(memberId)) throw this.unknown(memberId)
    return member
  }

  private add(request: JoinRequest): Promise<JoinResponse> {
    const memberId = request.memberId || this.allocateMemberId(request.groupInstanceId ?? this.groupId)
    this.allocatedIds.delete(memberId)
    const member: Member = {
      ...request,
      userData: Buffer.from(request.userData),
      memberId,
      assignment: emptyAssignment(),
      session: this.startSession(memberId, request.sessionTimeoutMs),
      synced: false,
    }
    this.members.set(memberId, member)
    if (member.groupInstanceId !== null) this.staticMembers.set(member.groupInstanceId, memberId)
    this.protocol = request.protocol
    return this.waitAtBarrier(member)
  }

  private rejoin(member: Member, request: JoinRequest): Promise<JoinResponse> {
    const changed = this.update(member, request)
    member.session.refresh()
    if (this.state === 'CompletingRebalance' && !changed) {
      return Promise.resolve(this.joinResponse(member, member.memberId === this.leaderId))
    }
    // a follower that only repeats itself gets what it has: to move the group it must bring new metadata
    if (this.state === 'Stable' && !changed && member.memberId !== this.leaderId) {
      return Promise.resolve(this.joinResponse(member, false))
    }
    return this.waitAtBarrier(member)
  }

  /** A static member has come back under a new member id. While the group is stable nobody else notices (KIP-345). */
  private replaceStatic(old: Member, request: JoinRequest): Promise<JoinResponse> {
    this.failWaiting(old, this.fencedInstance(old.groupInstanceId))
    clearTimeout(old.session)
    const oldId = old.memberId
    const member: Member = { ...old, memberId: this.allocateMemberId(old.groupInstanceId!), synced: true }
    delete member.joining
    delete member.syncing
    this.allocatedIds.delete(member.memberId)
    this.update(member, request)
    member.session = this.startSession(member.memberId, request.sessionTimeoutMs)
    this.members.delete(oldId)
    this.members.set(member.memberId, member)
    this.staticMembers.set(member.groupInstanceId!, member.memberId)
    const wasLeader = this.leaderId === oldId
    if (wasLeader) this.leaderId = member.memberId
    if (this.state !== 'Stable') return this.waitAtBarrier(member)
    // under the old leader's name it does not take itself for the leader, so it won't reassign
    return Promise.resolve({ ...this.joinResponse(member, false), ...(wasLeader && { leaderId: oldId }) })
  }

  private update(member: Member, request: JoinRequest): boolean {
    const changed =
      request.requested === true ||
      !member.userData.equals(request.userData) ||
      member.topics.join() !== request.topics.join()
    member.topics = [...request.topics]
    member.userData = Buffer.from(request.userData)
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
    return changed
  }

  private remove(member: Member): void {
    clearTimeout(member.session)
    this.members.delete(member.memberId)
    if (member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId)
    this.failWaiting(member, this.unknown(member.memberId))
    if (this.state === 'PreparingRebalance') this.completeIfAllJoined()
    else this.prepareRebalance()
  }

  private startSession(memberId: string, timeoutMs: number): NodeJS.Timeout {
    const session = setTimeout(() => {
      const member = this.members.get(memberId)
      if (!member) return
      // who waits for an answer can't heartbeat
      if (member.joining || member.syncing) session.refresh()
      else this.remove(member)
    }, timeoutMs).unref()
    return session
  }

  private failWaiting(member: Member, cause: Error): void {
    member.joining?.reject(cause)
    member.syncing?.reject(cause)
    delete member.joining
    delete member.syncing
  }

  // ------------------------------------------------------------------------------------------ rebalance

  private waitAtBarrier(member: Member): Promise<JoinResponse> {
    member.joining?.reject(this.rebalancing())
    const joining = (member.joining = new Deferred<JoinResponse>())
    if (this.state === 'PreparingRebalance') this.completeIfAllJoined()
    else this.prepareRebalance()
    return joining.promise
  }

  private prepareRebalance(): void {
    this.state = 'PreparingRebalance'
    for (const member of this.members.values()) {
      if (!member.syncing) continue
      member.session.refresh()
      member.syncing.reject(this.rebalancing())
      delete member.syncing
    }
    this.startPhase(() => this.endBarrier())
    this.completeIfAllJoined()
  }

  private completeIfAllJoined(): void {
    for (const member of this.members.values()) if (!member.joining) return
    this.completeJoin()
  }

  /** The rebalance timeout has passed: whoever has not come is out, static members apart (their session decides). */
  private endBarrier(): void {
    for (const member of [...this.members.values()]) {
      if (member.joining || member.groupInstanceId !== null) continue
      clearTimeout(member.session)
      this.members.delete(member.memberId)
    }
    const someJoined = [...this.members.values()].some((member) => member.joining)
    if (someJoined || this.members.size === 0) this.completeJoin()
    else this.startPhase(() => this.endBarrier())
  }

  private completeJoin(): void {
    clearTimeout(this.phaseTimer)
    this.generationId++
    if (this.members.size === 0) {
      this.state = 'Empty'
      this.leaderId = ''
      return
    }
    this.state = 'CompletingRebalance'
    if (!this.members.get(this.leaderId)?.joining) {
      for (const member of this.members.values()) {
        if (!member.joining) continue
        this.leaderId = member.memberId
        break
      }
    }
    this.startPhase(() => this.removeUnsynced())
    for (const member of this.members.values()) {
      member.synced = false
      member.session.refresh()
      member.joining?.resolve(this.joinResponse(member, member.memberId === this.leaderId))
      delete member.joining
    }
  }

  private distribute(assignments: ReadonlyMap<string, Assignment>): void {
    this.state = 'Stable'
    for (const member of this.members.values()) {
      const assignment = assignments.get(member.memberId)
      member.assignment = assignment ? copyOf(assignment) : emptyAssignment()
      member.syncing?.resolve(copyOf(member.assignment))
      delete member.syncing
      member.session.refresh()
    }
  }

  private stopPhaseIfAllSynced(): void {
    for (const member of this.members.values()) if (!member.synced) return
    clearTimeout(this.phaseTimer)
  }

  private removeUnsynced(): void {
    for (const member of [...this.members.values()]) if (!member.synced) this.remove(member)
  }

  private startPhase(atEnd: () => void): void {
    clearTimeout(this.phaseTimer)
    let longest = 0
    for (const member of this.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs)
    this.phaseTimer = setTimeout(atEnd, longest)
  }

  private joinResponse(member: Member, asLeader: boolean): JoinResponse {
    const members = asLeader ? [...this.members.values()].map(describe) : []
    return { memberId: member.memberId, generationId: this.generationId, leaderId: this.leaderId, members }
  }

  // ------------------------------------------------------------------------------------------ checks

  private require(request: { memberId: string; generationId: number; groupInstanceId: string | null }): Member {
    const { memberId, generationId, groupInstanceId } = request
    if (groupInstanceId !== null) {
      const current = this.staticMembers.get(groupInstanceId)
      if (current !== undefined && current !== memberId) throw this.fencedInstance(groupInstanceId)
    }
    const member = this.members.get(memberId)
    if (!member) throw this.unknown(memberId)
    if (generationId !== this.generationId) {
      throw brokerError(
        'ILLEGAL_GENERATION',
        `Member ${memberId} of group ${this.groupId} is of generation ${generationId}, the group of ${this.generationId}`,
      )
    }
    return member
  }

  private unknown(memberId: string): Error {
    return brokerError('UNKNOWN_MEMBER_ID', `Group ${this.groupId} has no member "${memberId}" (any more)`)
  }

  private fencedInstance(groupInstanceId: string | null): Error {
    return brokerError(
      'FENCED_INSTANCE_ID',
      `Another process has joined group ${this.groupId} as static member "${groupInstanceId}"`,
    )
  }

  private rebalancing(): Error {
    return brokerError('REBALANCE_IN_PROGRESS', `Group ${this.groupId} is rebalancing`)
  }
}
