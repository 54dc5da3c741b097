import { assignGroup, type ClusterTasks } from '../../assignment/group-leader'
import { decodeAssignment, encodeSubscription } from '../../assignment/user-data'
import { type ErrorCode, StreamsError } from '../../errors'
import type {
  Assignment,
  CommittedOffset,
  GroupConfig,
  GroupListener,
  GroupMembership,
  GroupMetadata,
  KafkaClient,
  Lease,
} from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { HostInfo } from '../../host-info'
import type { TaskId } from '../../record/task-id'
import type { TopicPartition } from '../../record/topic-partition'
import type { CompiledTopology } from '../../topology/definition'
import { currentSourceTopics } from '../../topology/partition-counts'
import { topologyFingerprint } from '../../topology/fingerprint'
import type { Membership, MembershipListener } from './membership'

export interface ClassicMembershipOptions {
  readonly client: KafkaClient
  readonly group: Omit<GroupConfig, 'protocol'>
  readonly topology: CompiledTopology
  readonly processId: string
  /** Where this instance answers queries. */
  readonly host: HostInfo | undefined
  /** On the leader: counts source topics and creates internal ones. An error that it throws ends all members. */
  readonly clusterTasks: () => Promise<ClusterTasks>
  readonly logger: Logger
  readonly listener: MembershipListener
}

const NO_GENERATION = -1

/**
 * Membership by the classic group protocol: the elected leader assigns the tasks, with millrace's own assignor. Tasks that
 * move are handed over in two rebalances: their owner gives them up in the first, the next owner gets them in the second.
 */
export class ClassicMembership implements Membership, GroupListener {
  readonly #options: ClassicMembershipOptions
  readonly #group: GroupMembership
  readonly #fingerprint: string
  #generation = NO_GENERATION

  constructor(options: ClassicMembershipOptions) {
    this.#options = options
    this.#fingerprint = topologyFingerprint(options.topology)
    this.#group = options.client.group({ ...options.group, protocol: 'millrace' }, this)
  }

  get lease(): Lease {
    return this.#group.lease
  }

  join(): Promise<void> {
    return this.#group.join()
  }

  requestRejoin(reason: string): void {
    this.#group.requestRejoin(reason)
  }

  metadata(): GroupMetadata {
    return this.#group.metadata()
  }

  committed(partitions: readonly TopicPartition[]): Promise<Map<string, CommittedOffset>> {
    return this.#group.committed(partitions)
  }

  commit(offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void> {
    return this.#group.commit(offsets)
  }

  leave(options: { readonly force: boolean }): Promise<void> {
    return this.#group.leave(options)
  }

  // ---------------------------------------------------------------------------------------- the group's side

  subscription(): { topics: string[]; userData: Buffer } {
    const { topology, processId, host, listener } = this.#options
    const { owned, offsetSums } = listener.ownership()
    return {
      topics: [...new Set(topology.subTopologies.flatMap((sub) => currentSourceTopics(sub, new Map())))].sort(),
      userData: encodeSubscription({
        processId,
        generation: this.#generation,
        ownedTasks: owned,
        offsetSums,
        topology: this.#fingerprint,
        host,
      }),
    }
  }

  assign(members: Parameters<GroupListener['assign']>[0]): Promise<Map<string, Assignment>> {
    const { clusterTasks, logger } = this.#options
    return assignGroup(members, { clusterTasks, logger })
  }

  beforeRejoin(): Promise<void> {
    return this.#options.listener.beforeRejoin()
  }

  async assigned(assignment: Assignment, now: GroupMetadata): Promise<'stable' | 'rejoin'> {
    const { listener } = this.#options
    this.#generation = now.generationId
    const info = decodeAssignment(assignment.userData)
    if (info.error === 'failed') {
      listener.ended(new StreamsError(info.errorCode as ErrorCode, info.errorMessage))
      return 'stable'
    }
    const active = this.#inputsByTask(info.activeTasks, assignment.partitions)
    const before = listener.ownership().owned
    await listener.assigned({
      generation: now.generationId,
      active,
      standby: [],
      warmup: [],
      missingTopics: info.missingTopics,
      hosts: info.hosts,
      followUp: info.followUp,
    })
    return before.some((id) => !active.has(id)) ? 'rejoin' : 'stable'
  }

  async lost(cause: Error): Promise<void> {
    this.#generation = NO_GENERATION
    await this.#options.listener.lost(cause)
  }

  failed(cause: Error): void {
    this.#options.listener.ended(cause)
  }

  #inputsByTask(ids: readonly TaskId[], partitions: readonly TopicPartition[]): Map<TaskId, TopicPartition[]> {
    const inputs = new Map<TaskId, TopicPartition[]>(ids.map((id) => [id, []]))
    const counts = new Map(partitions.map(({ topic, partition }) => [topic, partition + 1]))
    for (const sub of this.#options.topology.subTopologies) {
      const topics = new Set(currentSourceTopics(sub, counts))
      for (const { topic, partition } of partitions) {
        if (topics.has(topic)) inputs.get(`${sub.id}_${partition}`)?.push({ topic, partition })
      }
    }
    return inputs
  }
}
