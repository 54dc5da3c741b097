import { StreamsError } from '../errors'
import type { HostInfo } from '../host-info'
import type { Assignment, GroupMember } from '../kafka/port'
import type { Logger } from '../observe/logger'
import { type AssignorMember, planTasks, type TaskPlan } from './sticky-assignor'
import { type ClusterHosts, NO_HOSTS } from './cluster-hosts'
import { type AssignmentInfo, decodeSubscription, encodeAssignment } from './user-data'
import type { TopicPartition } from '../record/topic-partition'
import type { TaskId } from '../record/task-id'

/** The tasks that result from a topology and the cluster's topics, once all internal topics exist. */
export interface ClusterTasks {
  readonly tasks: ReadonlyMap<TaskId, readonly TopicPartition[]>
  /** Source topics that do not exist; then there are no tasks. */
  readonly missingTopics: readonly string[]
}

interface Instance extends AssignorMember {
  readonly topology: string
  readonly host?: HostInfo | undefined
}

export interface GroupLeaderOptions {
  /** Counts source topics and creates internal ones. An error that it throws ends all members. */
  readonly clusterTasks: () => Promise<ClusterTasks>
  readonly logger: Logger
}

/** What the elected leader does in each rebalance: from all members' subscriptions to their assignments. */
export const assignGroup = async (
  members: readonly GroupMember[],
  { clusterTasks, logger }: GroupLeaderOptions,
): Promise<Map<string, Assignment>> => {
  let cluster: ClusterTasks
  let instances: Instance[]
  let others: readonly Instance[]
  try {
    const all = members.map((member) => ({ memberId: member.memberId, ...decodeSubscription(member.userData) }))
    const topology = leadingTopology(all)
    instances = all.filter((instance) => instance.topology === topology)
    others = all.filter((instance) => instance.topology !== topology)
    cluster = await clusterTasks()
  } catch (error) {
    if (!(error instanceof StreamsError)) throw error
    // each instance reports what it is told, this one as well
    logger.debug({ err: error }, 'this instance leads the group and cannot assign tasks')
    return toAll(members, { ...NOTHING, error: 'failed', errorCode: error.code, errorMessage: error.message })
  }
  const assignments = refusals(others, logger)
  if (cluster.missingTopics.length > 0) {
    const waiting = toAll(instances, {
      ...NOTHING,
      error: 'missing-source-topics',
      missingTopics: cluster.missingTopics,
    })
    return new Map([...assignments, ...waiting])
  }

  const plan = planTasks([...cluster.tasks.keys()], instances)
  const hosts = hostsOf(instances, plan, cluster)
  for (const { memberId, processId } of instances) {
    const activeTasks = plan.granted.get(memberId)!
    const withheld = plan.target.get(memberId)!.length - activeTasks.length
    logger.info({ memberId, processId, tasks: activeTasks.join(' '), withheld }, 'assigned tasks')
    assignments.set(memberId, {
      partitions: activeTasks.flatMap((task) => [...cluster.tasks.get(task)!]),
      userData: encodeAssignment({ ...NOTHING, activeTasks, followUp: plan.followUp, hosts }),
    })
  }
  return assignments
}

/** Who answers queries for what. A task that is being handed over has no host until its next owner may have it. */
const hostsOf = (instances: readonly Instance[], { granted }: TaskPlan, { tasks }: ClusterTasks): ClusterHosts => {
  const partitionCounts = new Map<string, number>()
  for (const inputs of tasks.values()) {
    for (const { topic, partition } of inputs) {
      partitionCounts.set(topic, Math.max(partitionCounts.get(topic) ?? 0, partition + 1))
    }
  }
  const active = instances.flatMap(({ memberId, host }) =>
    host === undefined ? [] : { host, partitions: granted.get(memberId)!.flatMap((task) => [...tasks.get(task)!]) },
  )
  return { partitionCounts, active, standby: [] }
}

/** The topology that the group runs: the one with most running tasks, before any runs the one of most instances. */
const leadingTopology = (instances: readonly Instance[]): string => {
  const weights = new Map<string, { tasks: number; instances: number }>()
  for (const { topology, ownedTasks } of instances) {
    const { tasks, instances } = weights.get(topology) ?? { tasks: 0, instances: 0 }
    weights.set(topology, { tasks: tasks + ownedTasks.length, instances: instances + 1 })
  }
  const [leading] = [...weights].sort(
    ([a, left], [b, right]) => right.tasks - left.tasks || right.instances - left.instances || (a < b ? -1 : 1),
  )
  return leading?.[0] ?? ''
}

/** Members with another topology end; the group runs without them. */
const refusals = (instances: readonly Instance[], logger: Logger): Map<string, Assignment> => {
  if (instances.length === 0) return new Map()
  const memberIds = instances.map(({ memberId }) => memberId)
  logger.error(
    { members: memberIds.join(' ') },
    'instances with a different topology have joined the group: they get no tasks, and end',
  )
  return toAll(instances, {
    ...NOTHING,
    error: 'failed',
    errorCode: 'INCOMPATIBLE_INSTANCES',
    errorMessage:
      'this instance runs another topology than the group that it has joined: its operators, topics or stores differ, so that ' +
      'they can not share tasks. Stop all instances with the former topology before one with the new topology starts, or give ' +
      'the new topology an applicationId of its own',
  })
}

const NOTHING: AssignmentInfo = {
  activeTasks: [],
  followUp: false,
  error: 'none',
  errorCode: '',
  errorMessage: '',
  missingTopics: [],
  hosts: NO_HOSTS,
}

const toAll = (members: readonly { readonly memberId: string }[], info: AssignmentInfo): Map<string, Assignment> => {
  const userData = encodeAssignment(info)
  return new Map(members.map((member) => [member.memberId, { partitions: [], userData }]))
}
