import { ClientError, type Assignment, type GroupConfig, type GroupListener, type GroupMetadata } from '../../port'
import type { KafkaConnection } from '../connection/connection'
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol'
import { Coordinator } from '../connection/coordinator'
import { joinGroup, syncGroup, type JoinGroupResult } from './requests'
import type { TopicPartition } from '../../../record/topic-partition'

/** The outcome of a round of JoinGroup and SyncGroup. */
export type JoinOutcome =
  | { readonly kind: 'assigned'; readonly assignment: Assignment }
  /** the group moved on, or the coordinator did: another round */
  | { readonly kind: 'again' }
  /** the member has lost its assignment */
  | { readonly kind: 'lost'; readonly cause: ClientError }

export interface JoinListener extends Pick<GroupListener, 'subscription' | 'assign'> {
  /** From now on the coordinator knows the member in this generation and expects its heartbeats. */
  joined(group: GroupMetadata): void
  /** The coordinator has answered its member a request sent at this `performance.now()`. */
  answered(sentAt: number): void
}

const MEMBER_ID_REQUIRED = 79
/** Over the session timeout, for the members of another kind to be gone. */
const OTHERS_GRACE_MS = 15_000
/** The broker holds the first members of a new group for 3 s (`group.initial.rebalance.delay.ms`). */
const LONG_WAIT_MS = 5_000
/** Over the rebalance timeout, which the broker may use up before it answers. */
const ANSWER_GRACE_MS = 5_000

/** The two requests by which a member gets its part; on a connection of its own, as the broker parks both. */
export class GroupJoin {
  /** Empty until the coordinator has given one (KIP-394). */
  memberId = ''
  private readonly coordinator: Coordinator
  private othersSince: number | undefined

  constructor(
    private readonly connection: KafkaConnection,
    private readonly config: GroupConfig,
    private readonly listener: JoinListener,
  ) {
    this.coordinator = new Coordinator(connection, 'group', config.groupId, 0)
  }

  /**
   * `generationId`: the one that the subscription names. A follower's JoinGroup starts a rebalance only if its bytes have changed, so this is the
   * current generation where a rebalance is wanted. Throws what ends the membership.
   */
  async round(ownedPartitions: TopicPartition[], generationId: number): Promise<JoinOutcome> {
    const { groupId, groupInstanceId = null, protocol, sessionTimeoutMs, rebalanceTimeoutMs } = this.config
    const timeoutMs = rebalanceTimeoutMs + ANSWER_GRACE_MS
    const subscription = encodeSubscription({ ...this.listener.subscription(), ownedPartitions, generationId })
    const joinSentAt = performance.now()
    // asked for a member id, a broker answers at once: one that is silent is not waited for as for a rebalance
    const parks = this.memberId !== '' || groupInstanceId !== null
    const answered = parks ? this.sayWaiting() : () => {}
    const joined = await this.coordinator.attempt(
      joinGroup({
        groupId,
        groupInstanceId,
        memberId: this.memberId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        protocol,
        subscription,
      }),
      {
        doing: `joining group '${groupId}'`,
        ...(parks && { timeoutMs }),
        accept: ({ errorCode }) => errorCode === MEMBER_ID_REQUIRED,
      },
    )
    answered()
    if (joined instanceof ClientError) return this.failed(joined)
    this.memberId = joined.memberId
    this.othersSince = undefined
    if (joined.errorCode === MEMBER_ID_REQUIRED) return { kind: 'again' }
    const group = { groupId, groupInstanceId, memberId: joined.memberId, generationId: joined.generationId }
    this.listener.joined(group)
    this.listener.answered(joinSentAt)
    const assignments = joined.leaderId === joined.memberId ? await this.assign(joined) : new Map<string, Buffer>()
    const syncSentAt = performance.now()
    const synced = await this.coordinator.attempt(syncGroup(group, assignments), {
      doing: `synchronizing with generation ${group.generationId} of group '${groupId}'`,
      timeoutMs,
    })
    if (synced instanceof ClientError) return this.failed(synced)
    this.listener.answered(syncSentAt)
    return { kind: 'assigned', assignment: decodeAssignment(synced.assignment) }
  }

  /** The broker parks JoinGroup until all members have sent theirs, or are gone. Says so, at growing intervals, until the call of what it returns. */
  private sayWaiting(): () => void {
    const { groupId } = this.config
    const since = performance.now()
    let wait = LONG_WAIT_MS
    const say = (): void => {
      this.connection.logger.warn(
        { groupId, waitedMs: Math.round(performance.now() - since) },
        'waiting for the group: other members have not joined this rebalance yet. One that has ended without leaving, as after a ' +
          'crash, is waited for until its session times out (its sessionTimeout, 45 s by default); one that is busy, until it joins',
      )
      wait *= 2
      timer = setTimeout(say, wait)
    }
    let timer = setTimeout(say, wait)
    return () => clearTimeout(timer)
  }

  private async assign({ members }: JoinGroupResult): Promise<Map<string, Buffer>> {
    const assignments = await this.listener.assign(
      members.map(({ memberId, groupInstanceId, subscription }) => {
        const { topics, userData } = decodeSubscription(subscription)
        return { memberId, groupInstanceId, topics, userData }
      }),
    )
    return new Map([...assignments].map(([memberId, assignment]) => [memberId, encodeAssignment(assignment)]))
  }

  private failed(cause: ClientError): JoinOutcome {
    if (cause.kind === 'retriable' || cause.kind === 'rebalance' || this.mayOutlast(cause)) return { kind: 'again' }
    if (cause.code === 'UNKNOWN_MEMBER_ID') this.memberId = ''
    else if (cause.code !== 'ILLEGAL_GENERATION') throw cause
    return { kind: 'lost', cause }
  }

  /** Kafka Streams, when it is closed, stays in its group until its session times out: what takes its place waits for that. */
  private mayOutlast({ code }: ClientError): boolean {
    if (code !== 'INCONSISTENT_GROUP_PROTOCOL') return false
    const { groupId, sessionTimeoutMs } = this.config
    const now = performance.now()
    if (this.othersSince === undefined) {
      this.othersSince = now
      this.connection.logger.warn(
        { groupId },
        'the group has members of another kind, such as a Java application that was stopped a moment ago: waiting until their sessions time out',
      )
    }
    return now - this.othersSince < sessionTimeoutMs + OTHERS_GRACE_MS
  }
}
