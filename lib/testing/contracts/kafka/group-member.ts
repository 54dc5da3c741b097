import type {
  Assignment,
  ClientError,
  GroupConfig,
  GroupListener,
  GroupMember,
  GroupMembership,
  GroupMetadata,
  KafkaClient,
} from '../../../kafka/port'
import type { TopicPartition } from '../../../record/topic-partition'

export type GroupEvent =
  | { type: 'assign'; members: GroupMember[] }
  | { type: 'beforeRejoin'; group: GroupMetadata }
  | { type: 'assigned'; group: GroupMetadata; assignment: Assignment }
  | { type: 'lost'; cause: ClientError }
  | { type: 'failed'; cause: Error }

export interface TestMemberOptions extends Partial<GroupConfig> {
  groupId: string
  topics: string[]
  /** default: everything to the first by user data, then member id */
  assign?: (members: GroupMember[]) => Promise<Map<string, Assignment>>
  beforeRejoin?: (group: GroupMetadata) => Promise<void>
  assigned?: (assignment: Assignment, group: GroupMetadata) => Promise<'stable' | 'rejoin'>
  lost?: (cause: ClientError) => Promise<void>
}

export const NO_BYTES = Buffer.alloc(0)

/** A member of a group that notes what its listener was told, for tests to wait for. */
export class TestMember {
  readonly group: GroupMembership
  readonly events: GroupEvent[] = []
  /** sent with each JoinGroup */
  userData = NO_BYTES
  private seen = 0
  private notify: () => void = () => {}

  constructor(client: KafkaClient, { topics, assign, beforeRejoin, assigned, lost, ...config }: TestMemberOptions) {
    const listener: GroupListener = {
      subscription: () => ({ topics, userData: this.userData }),
      assign: (members) => {
        this.note({ type: 'assign', members })
        return (assign ?? spread(topics))(members)
      },
      beforeRejoin: async (group) => {
        this.note({ type: 'beforeRejoin', group })
        await beforeRejoin?.(group)
      },
      assigned: async (assignment, group) => {
        const verdict = (await assigned?.(assignment, group)) ?? 'stable'
        this.note({ type: 'assigned', assignment, group })
        return verdict
      },
      lost: async (cause) => {
        this.note({ type: 'lost', cause })
        await lost?.(cause)
      },
      failed: (cause) => this.note({ type: 'failed', cause }),
    }
    const defaults = {
      protocol: 'test',
      // longer than a busy machine may stop for: a member that is to be missed has shorter ones
      sessionTimeoutMs: 60_000,
      heartbeatIntervalMs: 100,
      rebalanceTimeoutMs: 60_000,
    }
    this.group = client.group({ ...defaults, ...config }, listener)
  }

  /** The next event of this type that no call has returned yet; those before it are passed over. */
  async next<T extends GroupEvent['type']>(type: T): Promise<Extract<GroupEvent, { type: T }>> {
    for (;;) {
      while (this.seen < this.events.length) {
        const event = this.events[this.seen++]!
        if (event.type === type) return event as Extract<GroupEvent, { type: T }>
      }
      await new Promise<void>((resolve) => {
        this.notify = resolve
      })
    }
  }

  /** Until the member owns exactly these partitions; returns the generation. */
  async owns(...partitions: number[]): Promise<number> {
    for (;;) {
      const { assignment, group } = await this.next('assigned')
      if (String(partitionsOf(assignment)) === String(partitions)) return group.generationId
    }
  }

  count(type: GroupEvent['type']): number {
    return this.events.filter((event) => event.type === type).length
  }

  private note(event: GroupEvent): void {
    this.events.push(event)
    this.notify()
  }
}

export const partitionsOf = ({ partitions }: { partitions: TopicPartition[] }): number[] =>
  partitions.map(({ partition }) => partition).sort((a, b) => a - b)

export const assignmentOf = (topic: string, partitions: number[], userData = NO_BYTES): Assignment => ({
  partitions: partitions.map((partition) => ({ topic, partition })),
  userData,
})

/** Partition i of the first topic to the i-th of the members in the order of their user data. */
const spread =
  ([topic]: string[]) =>
  async (members: GroupMember[]): Promise<Map<string, Assignment>> => {
    const inOrder = [...members].sort((a, b) => Buffer.compare(a.userData, b.userData))
    return new Map(inOrder.map(({ memberId }, i) => [memberId, assignmentOf(topic!, [i])]))
  }
