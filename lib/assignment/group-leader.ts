import { StreamsError } from '../errors'
import type { Assignment, GroupMember } from '../kafka/port'
import type { Logger } from '../observe/logger'
import { type AssignorMember, planTasks } from './sticky-assignor'
import { type AssignmentInfo, decodeSubscription, encodeAssignment } from './user-data'
import type { TopicPartition } from '../record/topic-partition'
import type { TaskId } from '../record/task-id'

/** The tasks that the cluster's topics make of a topology, once all internal topics exist. */
export interface ClusterTasks {
  readonly tasks: ReadonlyMap<TaskId, readonly TopicPartition[]>
  /** Source topics that do not exist; then there are no tasks. */
  readonly missingTopics: readonly string[]
}

export interface GroupLeaderOptions {
  /** Counts source topics and creates internal ones. What it throws ends all members. */
  readonly clusterTasks: () => Promise<ClusterTasks>
  readonly logger: Logger
}

/** What the elected leader does in each rebalance: from all members' subscriptions to their assignments. */
export const assignGroup = async (
  members: readonly GroupMember[],
  { clusterTasks, logger }: GroupLeaderOptions,
): Promise<Map<string, Assignment>> => {
  let cluster: ClusterTasks
  let instances: AssignorMember[]
  try {
    instances = members.map((member) => ({ memberId: member.memberId, ...decodeSubscription(member.userData) }))
    cluster = await clusterTasks()
  } catch (error) {
    if (!(error instanceof StreamsError)) throw error
    logger.error({ err: error }, 'this instance leads the group and cannot assign tasks')
    return toAll(members, { ...NOTHING, error: 'failed', errorCode: error.code, errorMessage: error.message })
  }
  if (cluster.missingTopics.length > 0) {
    return toAll(members, { ...NOTHING, error: 'missing-source-topics', missingTopics: cluster.missingTopics })
  }

  const plan = planTasks([...cluster.tasks.keys()], instances)
  const assignments = new Map<string, Assignment>()
  for (const { memberId, processId } of instances) {
    const activeTasks = plan.granted.get(memberId)!
    const withheld = plan.target.get(memberId)!.length - activeTasks.length
    logger.info({ memberId, processId, tasks: activeTasks.join(' '), withheld }, 'assigned tasks')
    assignments.set(memberId, {
      partitions: activeTasks.flatMap((task) => [...cluster.tasks.get(task)!]),
      userData: encodeAssignment({ ...NOTHING, activeTasks, followUp: plan.followUp }),
    })
  }
  return assignments
}

const NOTHING: AssignmentInfo = {
  activeTasks: [],
  standbyTasks: [],
  followUp: false,
  error: 'none',
  errorCode: '',
  errorMessage: '',
  missingTopics: [],
}

const toAll = (members: readonly GroupMember[], info: AssignmentInfo): Map<string, Assignment> => {
  const userData = encodeAssignment(info)
  return new Map(members.map((member) => [member.memberId, { partitions: [], userData }]))
}
