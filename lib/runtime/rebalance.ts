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
  type TopicPartition,
  tpKey,
} from '../kafka/port'
import type { Logger } from '../observe/logger'
import type { TaskId } from '../operators/processor'
import type { CompiledTopology } from '../topology/definition'
import { currentSourceTopics, missingSourceTopics } from '../topology/partition-counts'
import { clusterTasks, internalTopicsOf } from './cluster-tasks'
import type { Committer } from './commit'
import type { InternalTopics } from './internal-topics'
import type { Output } from './output'
import { withDeadline } from './pause'
import { retrying } from './retrying'
import { countSourceTopics } from './source-topics'
import type { TaskManager } from './task-manager'

/** What a rebalance has changed for this instance. */
export interface RebalanceEvent {
  readonly generation: number
  readonly added: readonly TaskId[]
  readonly revoked: readonly TaskId[]
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
      topics: [...new Set(topology.subTopologies.flatMap(sub => currentSourceTopics(sub, new Map())))].sort(),
      userData: encodeSubscription({
        processId,
        generation: this.#generation,
        ownedTasks: [...tasks.tasks.keys()],
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
    committer.suspend()
  }

  async assigned(assignment: Assignment, now: GroupMetadata): Promise<'stable' | 'rejoin'> {
    const { tasks, committer, signal } = this.options
    committer.resume()
    this.#generation = now.generationId
    if (signal.aborted) return 'stable'
    try {
      const info = decodeAssignment(assignment.userData)
      if (info.error === 'failed') throw new StreamsError(info.errorCode as ErrorCode, info.errorMessage)
      const target = inputsByTask(info.activeTasks, assignment.partitions, this.options.topology)
      const revoked = [...tasks.tasks.values()]
        .filter(task => task.isClosed || !sameInputs(task.inputs, target.get(task.id)))
        .map(task => task.id)
      await this.#giveUp(revoked)
      const added = this.options.stopping() ? [] : [...target.keys()].filter(id => !tasks.tasks.has(id))
      tasks.add(new Map(added.map(id => [id, target.get(id)!])))
      this.options.missingTopics(info.missingTopics)
      this.options.rebalanced({ generation: now.generationId, added, revoked, tasks: [...tasks.tasks.keys()] })
      return revoked.some(id => !target.has(id)) ? 'rejoin' : 'stable'
    } catch (error) {
      this.options.failed(error)
      return 'stable'
    }
  }

  async lost(cause: ClientError): Promise<void> {
    const { tasks, committer, output, logger } = this.options
    const owned = [...tasks.tasks.keys()]
    this.#generation = -1
    committer.resume()
    logger.warn(
      { cause, tasks: owned.join(' ') },
      'this instance was taken out of the group, usually because no heartbeat arrived within sessionTimeout: its uncommitted ' +
        'work is dropped, and it joins again',
    )
    tasks.close(owned, 'dirty')
    committer.forget()
    this.options.rebalanced({ generation: -1, added: [], revoked: owned, tasks: [] })
    if (owned.length > 0) await output.settle().catch(() => {})
  }

  failed(cause: Error): void {
    this.options.ended(cause)
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
  const target = new Map<TaskId, TopicPartition[]>(ids.map(id => [id, []]))
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
