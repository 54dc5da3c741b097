import { assignGroup } from '../assignment/group-leader'
import { decodeAssignment, encodeSubscription } from '../assignment/user-data'
import { StreamsError, type ErrorCode } from '../errors'
import {
  type Admin,
  type Assignment,
  type ClientError,
  type GroupListener,
  type GroupMember,
  type GroupMetadata,
} from '../kafka/port'
import type { Logger } from '../observe/logger'
import type { CompiledTopology } from '../topology/definition'
import { currentSourceTopics, missingSourceTopics } from '../topology/partition-counts'
import type { ActiveTask } from './task/active-task'
import { clusterTasks, internalTopicsOf } from './topics/cluster-tasks'
import type { Committer } from './commit/committer'
import type { InternalTopics } from './topics/internal-topics'
import type { Output } from './output/output'
import { withDeadline } from './pause'
import { retrying } from './failure/retrying'
import { countSourceTopics } from './topics/source-topics'
import type { TaskManager } from './task-manager'
import { type TopicPartition, tpKey } from '../record/topic-partition'
import type { TaskId } from '../record/task-id'

/** What a rebalance has changed for this instance. */
export interface RebalanceEvent {
  /** The group's, which grows with every rebalance; −1 while the instance is out of the group. */
  readonly generation: number
  /** Tasks that this instance has got. */
  readonly added: readonly TaskId[]
  /** Tasks that it has given up. */
  readonly revoked: readonly TaskId[]
  /** All tasks that it has now. */
  readonly tasks: readonly TaskId[]
}

export interface RebalanceOptions {
  readonly topology: CompiledTopology
  readonly processId: string
  readonly admin: Admin
  readonly internalTopics: InternalTopics
  readonly tasks: TaskManager
  readonly committer: Committer
  readonly output: Output
  readonly logger: Logger
  readonly signal: AbortSignal
  /** No task is begun any more. */
  readonly stopping: () => boolean
  /** How long tasks that move away may take to commit. */
  readonly handOverMs: number
  /** Those tasks whose inputs and changelogs are as this instance has left them. */
  readonly untouched: (tasks: readonly ActiveTask[]) => Promise<readonly ActiveTask[]>
  /** The leader has found these source topics missing; empty: none. */
  readonly missingTopics: (topics: readonly string[]) => void
  readonly rebalanced: (event: RebalanceEvent) => void
  /** Recoverable or not: what to do is decided there. */
  readonly failed: (error: unknown) => void
  readonly ended: (error: Error) => void
}

/**
 * This instance's part in the group: tells the leader what it has, leads when elected, and goes from one assignment to
 * the next. Tasks that stay are not touched; tasks that go are committed first, in the generation that takes them away,
 * and handed over by another rebalance.
 */
export class Rebalance implements GroupListener {
  #generation = -1

  constructor(private readonly options: RebalanceOptions) {}

  subscription(): { topics: string[]; userData: Buffer } {
    const { topology, processId, tasks } = this.options
    return {
      topics: [...new Set(topology.subTopologies.flatMap((sub) => currentSourceTopics(sub, new Map())))].sort(),
      userData: encodeSubscription({
        processId,
        generation: this.#generation,
        ownedTasks: [...tasks.tasks.values()].filter((task) => !task.suspended).map((task) => task.id),
        offsetSums: tasks.offsetSums(),
        standbyTasks: [],
      }),
    }
  }

  assign(members: GroupMember[]): Promise<Map<string, Assignment>> {
    const { topology, admin, internalTopics, logger, signal } = this.options
    return assignGroup(members, {
      logger,
      clusterTasks: async () => {
        const counts = await retrying('look up source topics', () => countSourceTopics(admin, topology), {
          timeoutMs: Infinity,
          signal,
          logger,
        })
        if (missingSourceTopics(topology, counts).length === 0) {
          await internalTopics.ensure(internalTopicsOf(topology, counts))
        }
        return clusterTasks(topology, counts)
      },
    })
  }

  async beforeRejoin(): Promise<void> {
    const { committer, handOverMs, failed } = this.options
    try {
      await withDeadline(committer.commit(), handOverMs)
    } catch (error) {
      failed(error)
    }
    // at-least-once commits on in the old generation: the group takes offsets until the new one is complete
    if (this.options.output.transactional) committer.suspend()
  }

  async assigned(assignment: Assignment, now: GroupMetadata): Promise<'stable' | 'rejoin'> {
    const { tasks, committer, signal } = this.options
    this.#generation = now.generationId
    if (signal.aborted) return 'stable'
    try {
      const info = decodeAssignment(assignment.userData)
      if (info.error === 'failed') throw new StreamsError(info.errorCode as ErrorCode, info.errorMessage)
      const target = inputsByTask(info.activeTasks, assignment.partitions, this.options.topology)
      await this.#takeUpAgain(target)
      committer.resume()
      const revoked = [...tasks.tasks.values()]
        .filter((task) => !sameInputs(task.inputs, target.get(task.id)))
        .map((task) => task.id)
      await this.#giveUp(revoked)
      const added = this.options.stopping() ? [] : [...target.keys()].filter((id) => !tasks.tasks.has(id))
      tasks.add(new Map(added.map((id) => [id, target.get(id)!])))
      this.options.missingTopics(info.missingTopics)
      this.options.rebalanced({ generation: now.generationId, added, revoked, tasks: [...tasks.tasks.keys()] })
      return revoked.some((id) => !target.has(id)) ? 'rejoin' : 'stable'
    } catch (error) {
      committer.resume()
      this.options.failed(error)
      return 'stable'
    }
  }

  async lost(cause: ClientError): Promise<void> {
    const { tasks, committer, output, logger } = this.options
    const owned = [...tasks.tasks.values()]
    this.#generation = -1
    logger.warn(
      { err: cause, tasks: owned.map((task) => task.id).join(' ') },
      'this instance was taken out of the group, usually because a callback kept the event loop so long that no heartbeat was sent ' +
        'within sessionTimeout; it joins again, and goes on where it was if no other instance has had its tasks meanwhile',
    )
    for (const task of owned) task.suspended = !output.transactional && task.phase === 'running'
    committer.suspend()
    const dropped = owned.filter((task) => !task.suspended).map((task) => task.id)
    tasks.close(dropped, 'dirty')
    this.options.rebalanced({ generation: -1, added: [], revoked: dropped, tasks: [...tasks.tasks.keys()] })
    if (dropped.length > 0) await output.settle().catch(() => {})
  }

  failed(cause: Error): void {
    this.options.ended(cause)
  }

  /**
   * After a time out of the group: tasks that nobody has touched meanwhile go on, all others start anew. No commit may run
   * before that is known: it would overwrite what another instance has committed, and its own changes look like another's.
   */
  async #takeUpAgain(target: ReadonlyMap<TaskId, readonly TopicPartition[]>): Promise<void> {
    const { tasks, committer, handOverMs, logger, untouched, output } = this.options
    const suspended = [...tasks.tasks.values()].filter((task) => task.suspended)
    if (suspended.length === 0) return
    await withDeadline(committer.idle(), handOverMs)
    const kept = suspended.filter((task) => sameInputs(task.inputs, target.get(task.id)))
    const going = new Set(await untouched(kept))
    for (const task of going) task.suspended = false
    const dropped = suspended.filter((task) => !going.has(task)).map((task) => task.id)
    logger.info(
      { goingOn: [...going].map((task) => task.id).join(' '), dropped: dropped.join(' ') },
      'back in the group',
    )
    tasks.close(dropped, 'dirty')
    if (dropped.length > 0) await output.settle().catch(() => {})
  }

  /** Commits, then closes; what can't be committed in time is processed again by the next owner. */
  async #giveUp(ids: readonly TaskId[]): Promise<void> {
    if (ids.length === 0) return
    const { tasks, committer, handOverMs, logger } = this.options
    for (const id of ids) {
      const task = tasks.tasks.get(id)
      if (task) task.leaving = true
    }
    const committed = await committer.commitAll(handOverMs)
    if (!committed) {
      logger.warn(
        { tasks: ids.join(' '), handOverMs },
        'tasks that move to other instances could not be committed in time: the next owner repeats what they did since the last commit',
      )
    }
    tasks.close(ids, committed ? 'clean' : 'dirty')
  }
}

const inputsByTask = (
  ids: readonly TaskId[],
  partitions: readonly TopicPartition[],
  topology: CompiledTopology,
): Map<TaskId, TopicPartition[]> => {
  const target = new Map<TaskId, TopicPartition[]>(ids.map((id) => [id, []]))
  const counts = new Map(partitions.map(({ topic, partition }) => [topic, partition + 1]))
  for (const sub of topology.subTopologies) {
    const topics = new Set(currentSourceTopics(sub, counts))
    for (const { topic, partition } of partitions) {
      if (topics.has(topic)) target.get(`${sub.id}_${partition}`)?.push({ topic, partition })
    }
  }
  return target
}

const sameInputs = (a: readonly TopicPartition[], b: readonly TopicPartition[] | undefined): boolean => {
  if (!b || a.length !== b.length) return false
  const keys = new Set(a.map(({ topic, partition }) => tpKey(topic, partition)))
  return b.every(({ topic, partition }) => keys.has(tpKey(topic, partition)))
}
