import type { Assignment, GroupMember, GroupMetadata } from '../port'

export interface JoinRequest {
  /** From `allocateMemberId`, or an earlier response; empty for a static member that starts. */
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocol: string
  readonly topics: readonly string[]
  readonly userData: Buffer
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** The member wants a rebalance, whatever its metadata. (On the wire its metadata would be made to differ.) */
  readonly requested?: boolean
}

export interface JoinResponse {
  readonly memberId: string
  readonly generationId: number
  readonly leaderId: string
  /** Everyone, to the leader that has to assign; else empty. */
  readonly members: GroupMember[]
}

export interface SyncRequest extends GroupMetadata {
  /** The leader's. */
  readonly assignments?: ReadonlyMap<string, Assignment>
}
