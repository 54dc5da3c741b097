import { type Admin, type GroupMembership } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { ActiveTask } from '../task/active-task'
import type { Output } from '../output/output'
import { retrying } from '../failure/retrying'
import { tpKey } from '../../record/topic-partition'

export interface UntouchedTasksOptions {
  readonly admin: Admin
  readonly output: Output
  readonly membership: GroupMembership
  readonly logger: Logger
  readonly signal: AbortSignal
}

/**
 * Which tasks nobody else has worked on since this instance was taken out of the group: the group has the offsets that it
 * committed last, and the changelogs end with its own records. In doubt a task is left out.
 */
export const untouchedTasks = async (
  tasks: readonly ActiveTask[],
  { admin, output, membership, logger, signal }: UntouchedTasksOptions,
): Promise<ActiveTask[]> => {
  if (tasks.length === 0) return []
  try {
    const acked = await output.producer.flush()
    const inputs = tasks.flatMap((task) => [...task.inputs])
    const changelogs = tasks.flatMap((task) =>
      task.stores.flatMap(({ changelog, fromSource }) => (fromSource ? [] : (changelog ?? []))),
    )
    const [committed, ends] = await retrying(
      'look up what has become of the tasks',
      () =>
        Promise.all([
          membership.committed(inputs),
          changelogs.length === 0
            ? new Map<string, number>()
            : admin.listOffsets(
                changelogs.map((changelog) => ({ ...changelog, at: 'latest' as const })),
                'read_uncommitted',
              ),
        ]),
      { timeoutMs: Infinity, signal, logger },
    )
    return tasks.filter((task) => {
      const contained = task.state!.changelogOffsets()
      const inputsStand = task.inputs.every(({ topic, partition }) => {
        const key = tpKey(topic, partition)
        return committed.get(key)?.offset === task.committed.get(key)?.offset
      })
      const changelogsStand = task.stores.every(({ changelog, fromSource }) => {
        if (!changelog || fromSource) return true
        const key = tpKey(changelog.topic, changelog.partition)
        return ends.get(key) === (acked.get(key) ?? contained.get(key) ?? -1) + 1
      })
      return inputsStand && changelogsStand && !task.isClosed
    })
  } catch (error) {
    logger.warn({ err: error }, 'it could not be found out whether other instances have had the tasks: they start anew')
    return []
  }
}
