import { ClientError, type GroupMetadata } from '../../port'
import type { KafkaConnection } from '../connection/connection'
import { Coordinator } from '../connection/coordinator'
import { isClosed } from '../protocol/errors'
import { heartbeat } from './requests'

export interface HeartbeatListener {
  /** The coordinator has prolonged the session by a heartbeat sent at this `performance.now()`. */
  answered(sentAt: number): void
  /** The group waits for this member to join again. */
  rebalancing(group: GroupMetadata): void
  /** The coordinator doesn't know this member, or not in this generation. */
  lost(group: GroupMetadata, cause: ClientError): void
  failed(cause: ClientError): void
}

/** A broker that is silent for this part of the session timeout is tried on a new connection. */
const PATIENCE = 1 / 2

/**
 * Keeps the session alive by timer, on a connection of its own: neither processing nor a parked JoinGroup holds it up. While no
 * coordinator can be reached it keeps trying: a coordinator that comes back gives all members a new session.
 */
export class Heartbeats {
  private group: GroupMetadata | undefined
  private timer: NodeJS.Timeout | undefined
  private failures = 0
  private sending = false
  private joining = false
  private readonly coordinator: Coordinator

  constructor(
    private readonly connection: KafkaConnection,
    groupId: string,
    private readonly intervalMs: number,
    private readonly sessionTimeoutMs: number,
    private readonly listener: HeartbeatListener,
  ) {
    this.coordinator = new Coordinator(connection, 'group', groupId, 0)
  }

  start(group: GroupMetadata): void {
    this.group = group
    this.joining = false
    this.failures = 0
    this.schedule(this.intervalMs)
  }

  /**
   * A JoinGroup is on its way, which the coordinator may park for longer than a session: heartbeats continue in the old generation, as proof that the
   * member is still known. Whatever else they are answered, the JoinGroup decides.
   */
  whileJoining(): void {
    this.joining = true
  }

  stop(): void {
    this.group = undefined
    clearTimeout(this.timer)
  }

  /** Does not wait for the timer: something suggests that the group has changed. */
  beatNow(): void {
    if (this.group !== undefined && !this.sending) this.schedule(0)
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.beat(), delayMs)
  }

  private async beat(): Promise<void> {
    const { group } = this
    if (group === undefined || this.sending) return
    this.sending = true
    const sentAt = performance.now()
    const outcome = await this.coordinator.attempt(heartbeat(group), {
      doing: `heartbeat of member '${group.memberId}' in group '${group.groupId}'`,
      timeoutMs: this.sessionTimeoutMs * PATIENCE,
    })
    this.sending = false
    // rejoined in the meantime: the answer is stale
    if (group !== this.group) {
      if (this.group !== undefined) this.schedule(this.intervalMs)
      return
    }
    this.schedule(this.intervalMs)
    const failure = outcome instanceof ClientError ? outcome : undefined
    // a member told to join again has a new session too
    if (failure === undefined || failure.kind === 'rebalance') this.listener.answered(sentAt)
    if (failure === undefined) this.failures = 0
    else this.handle(group, failure)
  }

  private handle(group: GroupMetadata, failure: ClientError): void {
    if (failure.kind === 'rebalance') return this.joining ? undefined : this.listener.rebalancing(group)
    if (failure.kind === 'retriable') {
      return this.schedule(Math.min(this.connection.backoff.delay(this.failures++), this.intervalMs))
    }
    this.stop()
    if (this.joining) return
    if (failure.code === 'UNKNOWN_MEMBER_ID' || failure.code === 'ILLEGAL_GENERATION')
      this.listener.lost(group, failure)
    else if (!isClosed(failure)) this.listener.failed(failure)
  }
}
