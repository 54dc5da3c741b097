import type { Assignment, GroupMember, MemberDescription } from '../port'
import type { Deferred } from './deferred'
import type { JoinResponse } from './group-protocol'

/** A member as its group keeps it. */
export interface Member {
  memberId: string
  readonly groupInstanceId: string | null
  topics: readonly string[]
  userData: Buffer
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  assignment: Assignment
  session: NodeJS.Timeout
  /** Waits at the join barrier. */
  joining?: Deferred<JoinResponse>
  /** Waits for the leader's assignment. */
  syncing?: Deferred<Assignment>
  synced: boolean
}

/** As its leader sees it. */
export const describe = ({ memberId, groupInstanceId, topics, userData }: Member): GroupMember => ({
  memberId,
  groupInstanceId,
  topics: [...topics],
  userData: Buffer.from(userData),
})

/** As an admin sees it. */
export const described = ({ memberId, groupInstanceId, assignment }: Member): MemberDescription => ({
  memberId,
  groupInstanceId,
  clientId: '',
  host: '',
  assignment: copyOf(assignment),
})

export const copyOf = ({ partitions, userData }: Assignment): Assignment => ({
  partitions: partitions.map(({ topic, partition }) => ({ topic, partition })),
  userData: Buffer.from(userData),
})

export const emptyAssignment = (): Assignment => ({ partitions: [], userData: Buffer.alloc(0) })
