import { StreamsError } from '../../errors'
import { ClientError } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { TaskId } from '../../record/task-id'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { MembershipListener, TaskAssignment, TaskOwnership } from '../membership/membership'
import type { StreamsProducer } from '../output/streams-producer'
import { withDeadline } from '../pause'
import type { RunningTask } from '../tasks/task'
import type { Tasks } from '../tasks/tasks'
import type { Committer } from './committer'

/** What a rebalance changed for this instance. */
export interface RebalanceEvent {
  /** The group's generation, which increases with every rebalance; −1 while the instance is not in the group. */
  readonly generation: number
  /** Tasks that this instance received. */
  readonly added: readonly TaskId[]
  /** Tasks that it gave up. */
  readonly revoked: readonly TaskId[]
  /** All tasks that it has now. */
  readonly tasks: readonly TaskId[]
}

/** How the executor learns of rebalances. */
export interface RebalanceNews {
  rebalanced(event: RebalanceEvent, missingTopics: readonly string[]): void
  /** Recoverable or not: the executor decides what to do. */
  failed(error: unknown): void
  /** The membership is over. */
  ended(error: Error): void
}

export interface RebalanceListenerOptions {
  readonly tasks: Tasks
  readonly committer: Committer
  readonly producer: StreamsProducer
  readonly logger: Logger
  /** No further task is started. */
  readonly stopping: () => boolean
  /** How long tasks that move away may take to commit. */
  readonly handOverMs: number
  /** Whether the inputs and changelogs of all these tasks are as this instance left them. */
  readonly untouched: (tasks: readonly RunningTask[]) => Promise<boolean>
  /** Why the membership was lost, for the log. */
  readonly whyLost: () => string
  readonly news: RebalanceNews
}

/**
 * Takes an executor from one assignment to the next. Tasks that stay are not touched; revoked tasks are committed first, in
 * the generation that revokes them.
 */
export class RebalanceListener implements MembershipListener {
  constructor(private readonly options: RebalanceListenerOptions) {}

  ownership(): TaskOwnership {
    const { tasks } = this.options
    return {
      owned: tasks.all.filter(({ state }) => state !== 'suspended').map(({ id }) => id),
      offsetSums: tasks.offsetSums(),
    }
  }

  async beforeRejoin(): Promise<void> {
    const { committer, handOverMs, producer, news } = this.options
    try {
      await withDeadline(committer.commit(), handOverMs)
    } catch (error) {
      news.failed(error)
    }
    // at-least-once keeps committing in the old generation: the group accepts offsets until the new one is complete
    if (producer.transactional) committer.suspend()
  }

  async assigned({ generation, active, missingTopics }: TaskAssignment): Promise<void> {
    const { tasks, committer, news, stopping } = this.options
    try {
      for (const [id, inputs] of active) this.#check(id, inputs)
      await this.#resume(active)
      committer.resume()
      const revoked = tasks.all.filter((task) => !sameInputs(task.inputs, active.get(task.id))).map(({ id }) => id)
      await this.#handOver(revoked)
      const added = stopping() ? [] : [...active.keys()].filter((id) => !tasks.get(id))
      tasks.add(new Map(added.map((id) => [id, active.get(id)!])))
      news.rebalanced({ generation, added, revoked, tasks: idsOf(tasks) }, missingTopics)
    } catch (error) {
      committer.resume()
      news.failed(error)
    }
  }

  /**
   * Out of the group. At-least-once suspends running tasks without sending anything of theirs: they resume if no
   * other instance has had them. A transaction could no longer be committed.
   */
  async lost(cause: Error): Promise<void> {
    const { tasks, committer, producer, logger, news, whyLost } = this.options
    const before = idsOf(tasks)
    logger.warn({ err: cause, tasks: before.join(' ') }, whyLost())
    committer.suspend()
    committer.forget()
    if (producer.transactional) {
      tasks.close(before, 'dirty')
      void producer.discard()
    } else {
      producer.freeze()
      tasks.suspend()
    }
    const after = idsOf(tasks)
    const revoked = before.filter((id) => !after.includes(id))
    news.rebalanced({ generation: -1, added: [], revoked, tasks: after }, [])
  }

  ended(cause: Error): void {
    this.options.news.ended(cause)
  }

  /** The leader assigns only tasks that this instance's topology has. */
  #check(id: TaskId, inputs: readonly TopicPartition[]): void {
    const { tasks } = this.options
    if (tasks.knows(id) && inputs.length > 0) return
    throw new StreamsError(
      'INCOMPATIBLE_INSTANCES',
      (tasks.knows(id)
        ? `the group's leader assigned task ${id} without any input`
        : `the group's leader assigned task ${id}, which this instance's topology does not have`) +
        ': instances with one applicationId must run the same topology; stop the ones with the other topology first',
      { taskId: id },
    )
  }

  /**
   * Back in the group: if nobody has touched the tasks since, and all of them are assigned to this instance again,
   * they resume where they were; otherwise all restart from the last commit, and unsent records are discarded. No
   * commit may run before that is known: it would overwrite another instance's commit.
   */
  async #resume(active: TaskAssignment['active']): Promise<void> {
    const { tasks, committer, handOverMs, logger, producer, untouched } = this.options
    const { suspended } = tasks
    if (suspended.length === 0) return producer.thaw()
    await withDeadline(committer.idle(), handOverMs)
    const stay = suspended.every((task) => sameInputs(task.inputs, active.get(task.id)))
    const resumed = stay && (await untouched(suspended))
    logger.info(
      { tasks: suspended.map(({ id }) => id).join(' '), resumed },
      resumed
        ? 'back in the group: the tasks resume where they were'
        : 'back in the group: other instances have had tasks, so that they restart from the last commit',
    )
    if (resumed) {
      producer.thaw()
      tasks.resume()
      return
    }
    tasks.close(
      suspended.map(({ id }) => id),
      'dirty',
    )
    void producer.discard()
  }

  /** Commits, then closes; anything that can't be committed in time is processed again by the next owner. */
  async #handOver(ids: readonly TaskId[]): Promise<void> {
    if (ids.length === 0) return
    const { tasks, committer, handOverMs, logger, producer, news } = this.options
    const running = ids.flatMap((id) => {
      const task = tasks.get(id)
      return task?.state === 'running' ? [task] : []
    })
    // for good: they are closed next
    for (const task of running) task.hold()
    const [committed, refilled] = await Promise.all([
      committer.commitAll(handOverMs, running),
      withDeadline(tasks.refilled(ids), handOverMs),
    ])
    if (!committed) {
      logger.warn(
        { tasks: ids.join(' '), handOverMs },
        'tasks that move to other instances could not be committed in time: the next owner repeats what they did since the last commit',
      )
    }
    if (refilled === 'timeout') {
      logger.error(
        { tasks: ids.join(' '), handOverMs },
        'the changelogs of tasks that move to other instances could not be refilled in time: the next owner may restore only a part of ' +
          'their state. Stop all other instances until this one has refilled them',
      )
    }
    tasks.close(ids, committed ? 'clean' : 'dirty')
    // their writes share the transaction with those of the others
    if (!committed && producer.transactional) {
      news.failed(
        new ClientError('abortable', 'tasks moved away before the transaction with their outputs was committed'),
      )
    }
  }
}

const idsOf = (tasks: Tasks): TaskId[] => tasks.all.map(({ id }) => id)

const sameInputs = (a: readonly TopicPartition[], b: readonly TopicPartition[] | undefined): boolean => {
  if (!b || a.length !== b.length) return false
  const keys = new Set(a.map(({ topic, partition }) => tpKey(topic, partition)))
  return b.every(({ topic, partition }) => keys.has(tpKey(topic, partition)))
}
