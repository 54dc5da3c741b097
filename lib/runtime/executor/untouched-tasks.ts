import type { Admin } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import { tpKey } from '../../record/topic-partition'
import { retrying } from '../failure/retrying'
import type { Membership } from '../membership/membership'
import type { StreamsProducer } from '../output/streams-producer'
import type { RunningTask } from '../tasks/task'

export interface UntouchedOptions {
  readonly admin: Admin
  readonly producer: StreamsProducer
  readonly membership: Membership
  readonly logger: Logger
  readonly signal: AbortSignal
}

/**
 * Whether nobody else has worked on tasks since this instance lost its membership: the group has offsets that it
 * committed last, and the changelogs have nothing but its own acknowledged records behind what the state contained at the last
 * commit. In doubt, the answer is no.
 */
export const untouched = async (
  tasks: readonly RunningTask[],
  { admin, producer, membership, logger, signal }: UntouchedOptions,
): Promise<boolean> => {
  const inputs = tasks.flatMap((task) => [...task.inputs])
  const changelogs = tasks.flatMap(({ stores }) =>
    stores.stores.flatMap(({ changelog, fromSource }) => (fromSource ? [] : (changelog ?? []))),
  )
  try {
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
    const acked = producer.current.acknowledged()
    return tasks.every((task) => {
      const contained = task.stores.state.changelogOffsets()
      const inputsStand = task.inputs.every((input) =>
        task.canHaveCommitted(input, committed.get(tpKey(input.topic, input.partition))?.offset),
      )
      const changelogsStand = task.stores.stores.every(({ changelog, fromSource }) => {
        if (!changelog || fromSource) return true
        const key = tpKey(changelog.topic, changelog.partition)
        const last = contained.get(key) ?? -1
        const run = acked.get(key)
        const end = ends.get(key)
        // its writes may be of an earlier time with the task
        if (run === undefined || run.last <= last) return end === last + 1
        // what another one has written lies behind them, or in front: writes may have arrived late, and be acknowledged
        return run.first <= last + 1 && end === run.last + 1
      })
      return inputsStand && changelogsStand
    })
  } catch (error) {
    logger.warn({ err: error }, 'it could not be found out whether other instances have had the tasks: they restart')
    return false
  }
}
