import {
  ClientError,
  type Assignment,
  type CommittedOffset,
  type GroupConfig,
  type GroupListener,
  type GroupMembership,
  type GroupMetadata,
} from '../../port'
import { SessionLease } from '../../lease'
import type { KafkaConnection } from '../connection/connection'
import { Coordinator } from '../connection/coordinator'
import { closedError, toClientError } from '../protocol/errors'
import { Heartbeats } from './heartbeat'
import { GroupJoin } from './join'
import { leaveGroup, offsetCommit, offsetFetch } from './requests'
import { tpKey, type TopicPartition } from '../../../record/topic-partition'

/** Requests that a broker parks, or that take long, don't share a socket with what has to be quick. */
export interface MembershipConnections {
  readonly join: KafkaConnection
  readonly heartbeat: KafkaConnection
  readonly offsets: KafkaConnection
}

const NO_GENERATION = -1
/** Java's `default.api.timeout.ms` */
const OFFSETS_DEADLINE_MS = 60_000
/** With all that it takes, such as finding the coordinator: who closes an application without a broker must not wait. */
const LEAVE_TIMEOUT_MS = 2_000

/**
 * Membership in a consumer group. One loop: join, hand over the assignment, wait until a rejoin is due, let the listener finish in the old
 * generation, join again. Nothing in it depends on polling or processing, and every failure that isn't the end leads to another round.
 */
export class KafkaJsGroupMembership implements GroupMembership {
  readonly lease: SessionLease
  private readonly joining: GroupJoin
  private readonly heartbeats: Heartbeats
  private readonly coordinator: Coordinator
  /** of the last generation joined, also after it was lost: what still goes out under it is fenced by the broker */
  private current: GroupMetadata
  private owned: TopicPartition[] = []
  /** the member holds an assignment that it can lose */
  private assigned = false
  private subscribedGeneration = NO_GENERATION
  private rejoin: { reason: string; requested: boolean } | undefined
  private loss: ClientError | undefined
  private fatal: Error | undefined
  private wake = (): void => {}
  private ended = false
  /** The broker that has answered the last heartbeat. */
  private heardFrom: number | undefined
  private first: Promise<void> | undefined
  private settleFirst: { resolve(): void; reject(error: Error): void } | undefined

  constructor(
    private readonly connections: MembershipConnections,
    private readonly config: GroupConfig,
    private readonly listener: GroupListener,
  ) {
    const { groupId, groupInstanceId = null, heartbeatIntervalMs, sessionTimeoutMs } = config
    this.current = { groupId, memberId: '', generationId: NO_GENERATION, groupInstanceId }
    this.coordinator = new Coordinator(connections.offsets, 'group', groupId, OFFSETS_DEADLINE_MS)
    this.lease = new SessionLease(sessionTimeoutMs)
    const answered = (sentAt: number): void => this.lease.renew(sentAt)
    this.heartbeats = new Heartbeats(connections.heartbeat, groupId, heartbeatIntervalMs, sessionTimeoutMs, {
      answered: (sentAt) => {
        answered(sentAt)
        this.followCoordinator()
      },
      rebalancing: () => this.wantRejoin('the group is rebalancing', false),
      lost: (_group, cause) => {
        this.lease.end()
        this.loss = cause
        this.wake()
      },
      failed: (cause) => {
        this.lease.end()
        this.fatal = cause
        this.wake()
      },
    })
    this.joining = new GroupJoin(connections.join, config, {
      subscription: () => {
        this.rejoin = undefined
        return listener.subscription()
      },
      assign: (members) => listener.assign(members),
      joined: (group) => {
        this.current = group
        this.heartbeats.start(group)
      },
      answered,
    })
  }

  join(): Promise<void> {
    if (this.ended) return Promise.reject(closedError(`joining group '${this.config.groupId}'`))
    if (this.first === undefined) {
      this.first = new Promise((resolve, reject) => {
        this.settleFirst = { resolve, reject }
      })
      // the listener is told of it too
      this.first.catch(() => {})
      this.run().catch((error: unknown) => this.fail(error))
    }
    return this.first
  }

  metadata(): GroupMetadata {
    return this.current
  }

  requestRejoin(reason: string): void {
    this.wantRejoin(reason, true)
  }

  async committed(partitions: readonly TopicPartition[]): Promise<Map<string, CommittedOffset>> {
    if (partitions.length === 0) return new Map()
    const { groupId } = this.config
    const { offsets } = await this.coordinator.call(() => offsetFetch(groupId, partitions), {
      doing: `reading the committed offsets of group '${groupId}'`,
      alsoRetry: ({ kind }) => kind === 'unstableOffset',
    })
    return new Map(offsets.map(({ topic, partition, ...committed }) => [tpKey(topic, partition), committed]))
  }

  async commit(offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void> {
    const { current } = this
    const doing = `committing ${offsets.length} offsets of group '${current.groupId}' in generation ${current.generationId}`
    // the broker would take a commit without a generation from anybody, once the group is empty
    if (current.generationId < 0)
      throw new ClientError('fenced', `${doing}: not a member; join first`, 'ILLEGAL_GENERATION')
    if (offsets.length === 0) return
    try {
      await this.coordinator.call(() => offsetCommit(current, offsets), { doing })
    } catch (error) {
      const { kind } = error as ClientError
      if (kind === 'rebalance' || kind === 'fenced') this.heartbeats.beatNow()
      throw error
    }
  }

  /** Does not wait for a listener that is at work: what it returns is of no interest any more. */
  async leave({ force = false }: { force?: boolean } = {}): Promise<void> {
    if (this.ended) return
    this.end()
    const { groupId, groupInstanceId } = this.current
    const { memberId } = this.joining
    this.settleFirst?.reject(closedError(`joining group '${groupId}'`))
    this.connections.join.close()
    this.connections.heartbeat.close()
    if (memberId !== '' && (groupInstanceId === null || force)) await this.sendLeave({ memberId, groupInstanceId })
    this.connections.offsets.close()
  }

  /** Where the coordinator has moved, too: a member that could not say goodbye keeps its partitions until its session times out. */
  private async sendLeave(member: { memberId: string; groupInstanceId: string | null }): Promise<void> {
    const { groupId } = this.config
    const giveUp = setTimeout(() => this.connections.offsets.close(), LEAVE_TIMEOUT_MS)
    try {
      await this.coordinator.call(() => leaveGroup(groupId, member), { doing: `leaving group '${groupId}'` })
    } catch (error) {
      const level = (error as ClientError).code === 'UNKNOWN_MEMBER_ID' ? 'debug' : 'info'
      this.logger[level](
        { groupId, memberId: member.memberId, err: error },
        'could not leave the group: its partitions are not processed until the session times out',
      )
    } finally {
      clearTimeout(giveUp)
    }
  }

  // ------------------------------------------------------------------------------------------ the loop

  private async run(): Promise<void> {
    for (let attempt = 0; !this.ended;) {
      if (this.loss) await this.reportLoss(this.loss)
      this.heartbeats.whileJoining()
      if (this.rejoin?.requested) this.subscribedGeneration = this.current.generationId
      const outcome = await this.joining.round(this.owned, this.subscribedGeneration)
      if (this.ended) return
      if (outcome.kind === 'lost') {
        this.loss = outcome.cause
      } else if (outcome.kind === 'again') {
        // MEMBER_ID_REQUIRED costs no pause, whatever else there was does
        if (attempt++ > 0) await this.connections.join.pause(attempt - 2)
      } else {
        attempt = 0
        await this.accept(outcome.assignment)
        if (!this.ended) await this.untilRejoin()
      }
    }
  }

  private async accept(assignment: Assignment): Promise<void> {
    const { groupId, memberId, generationId } = this.current
    this.logger.info({ groupId, memberId, generationId, partitions: assignment.partitions.length }, 'joined the group')
    this.owned = assignment.partitions
    this.assigned = true
    const verdict = await this.listener.assigned(assignment, this.current)
    if (this.ended) return
    this.settleFirst?.resolve()
    if (verdict === 'rejoin') this.wantRejoin('partitions are handed over', true)
  }

  /** Returns when the next JoinGroup is to be sent; until then the member is heard by its heartbeats. */
  private async untilRejoin(): Promise<void> {
    while (!this.ended && !this.fatal && !this.loss && !this.rejoin) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
    if (this.ended) return
    if (!this.fatal && !this.loss) await this.prepareRejoin()
    if (this.fatal) throw this.fatal
  }

  private async prepareRejoin(): Promise<void> {
    const { reason } = this.rejoin!
    const { groupId, memberId, generationId } = this.current
    this.logger.info({ groupId, memberId, generationId, reason }, 'joining the group again')
    await this.listener.beforeRejoin(this.current)
  }

  private async reportLoss(cause: ClientError): Promise<void> {
    this.loss = undefined
    this.heartbeats.stop()
    this.lease.end()
    if (cause.code === 'UNKNOWN_MEMBER_ID') this.joining.memberId = ''
    this.subscribedGeneration = NO_GENERATION
    this.owned = []
    if (!this.assigned) return
    this.assigned = false
    const { groupId, memberId, generationId } = this.current
    this.logger.warn({ groupId, memberId, generationId, err: cause }, 'lost the membership in the group; joining again')
    await this.listener.lost(cause)
  }

  /**
   * Heartbeats have found another coordinator. A JoinGroup parked at the former one gets no answer, if that has gone without closing its
   * connections, as without power: the whole group would wait for it as long as for a rebalance.
   */
  private followCoordinator(): void {
    const { join, heartbeat } = this.connections
    const { groupId } = this.config
    const before = this.heardFrom
    this.heardFrom = heartbeat.knownCoordinator('group', groupId)
    if (before === undefined || this.heardFrom === before || join.knownCoordinator('group', groupId) !== before) return
    join.forgetCoordinator('group', groupId)
    join.disconnect(new ClientError('retriable', `the coordinator of group '${groupId}' has moved`, 'NOT_COORDINATOR'))
  }

  private wantRejoin(reason: string, requested: boolean): void {
    this.rejoin = { reason: this.rejoin?.reason ?? reason, requested: requested || this.rejoin?.requested === true }
    this.wake()
  }

  private fail(cause: unknown): void {
    if (this.ended) return
    this.heartbeats.stop()
    this.lease.end()
    this.connections.join.close()
    const error = cause instanceof Error ? cause : toClientError(cause, `group '${this.config.groupId}'`)
    this.settleFirst?.reject(error)
    this.listener.failed(error)
  }

  private end(): void {
    this.ended = true
    this.heartbeats.stop()
    this.lease.end()
    this.wake()
  }

  private get logger() {
    return this.connections.join.logger
  }
}
