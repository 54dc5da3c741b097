import type { ResolvedConfig } from '../../config/config'
import type { Admin, CommittedOffset } from '../../kafka/port'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { CompiledTopology } from '../../topology/definition'
import type { ChangelogRange } from '../changelog/changelog-follower'
import { REFILLING } from '../changelog/owner-epochs'
import { offsetResetOf, startPositions } from './start-positions'
import type { TaskIdentity } from './task'
import type { TaskStores } from './task-stores'

/** A task whose state is open. */
export interface OpenedTask extends TaskIdentity {
  readonly stores: TaskStores
}

/** A gap between local state and its changelog. */
export interface ChangelogGap {
  readonly store: string
  readonly changelog: TopicPartition
  /** It is a topic that the task reads, and does not write. */
  readonly fromSource: boolean
  /** The last offset that the local state contains. */
  readonly contained: number
  readonly earliest: number
  readonly latest: number
}

/** Where a task starts. Maps are by `tpKey`. */
export interface StartPlan {
  /** Next offsets of the inputs. */
  readonly positions: ReadonlyMap<string, number>
  /** What the group has committed. */
  readonly committed: ReadonlyMap<string, CommittedOffset>
  /** For tasks with several inputs: the ends of those on the broker. */
  readonly endOffsets: ReadonlyMap<string, number>
  /** Ranges that the stores lack; none if there are gaps. */
  readonly ranges: readonly ChangelogRange[]
  readonly gaps: readonly ChangelogGap[]
  /**
   * Where there are gaps: inputs are read again that the local state contains, because the application, or all of Kafka, was reset. Then what the
   * changelogs lack is processed again, and the local state would count twice.
   */
  readonly isReset: boolean
}

export interface StartPlanner {
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  readonly admin: Admin
  readonly committed: (inputs: readonly TopicPartition[]) => Promise<ReadonlyMap<string, CommittedOffset>>
  /** Retries a lookup until it succeeds. */
  readonly retrying: <T>(what: string, call: () => Promise<T>) => Promise<T>
}

const NO_OFFSETS: ReadonlyMap<string, number> = new Map()

/** Looks up where tasks start, in a few requests for all of them. */
export const planStart = async <T extends OpenedTask>(
  tasks: readonly T[],
  planner: StartPlanner,
): Promise<Map<T, StartPlan>> => {
  const { topology, config, admin, retrying } = planner
  const inputs = tasks.flatMap((task) => [...task.inputs])
  const committed = await retrying('read committed offsets', () => planner.committed(inputs))
  const positions = await retrying('look up offsets', () =>
    startPositions(
      admin,
      tasks.flatMap((task) =>
        task.inputs.map((input) => ({
          ...input,
          committed: committed.get(tpKey(input.topic, input.partition))?.offset,
          reset: offsetResetOf(task.subTopology, input.topic, config.autoOffsetReset, topology),
        })),
      ),
    ),
  )
  const joint = tasks.filter((task) => task.inputs.length > 1).flatMap((task) => [...task.inputs])
  const isolation = config.processingGuarantee === 'exactly_once' ? 'read_committed' : 'read_uncommitted'
  const endOffsets = await retrying('look up the ends of inputs', async () =>
    joint.length === 0
      ? NO_OFFSETS
      : admin.listOffsets(
          joint.map((input) => ({ ...input, at: 'latest' as const })),
          isolation,
        ),
  )
  const changelogs = tasks.flatMap((task) => task.stores.changelogs)
  // the high watermark, not the last stable offset: what an earlier owner committed is below it even while the
  // brokers still write the markers of its transaction
  const ends = (at: 'earliest' | 'latest'): Promise<ReadonlyMap<string, number>> =>
    retrying('look up the ends of changelogs', async () =>
      changelogs.length === 0
        ? NO_OFFSETS
        : admin.listOffsets(
            changelogs.map((changelog) => ({ ...changelog, at })),
            'read_uncommitted',
          ),
    )
  const [earliest, latest] = await Promise.all([ends('earliest'), ends('latest')])
  const restores = new Map(tasks.map((task) => [task, restoreOf(task, positions, committed, earliest, latest)]))
  const gaps = new Map(
    [...restores].flatMap(([task, restore]) => (restore.gaps.length > 0 ? [[task, restore.gaps]] : [])),
  )
  const reset = await resetTasks(gaps, positions, committed, planner)
  return new Map(
    tasks.map((task) => [
      task,
      {
        positions: ofInputs(task, positions),
        committed: ofInputs(task, committed),
        endOffsets: ofInputs(task, endOffsets),
        ...restores.get(task)!,
        isReset: reset.has(task),
      },
    ]),
  )
}

/** Of tasks with gaps: see `StartPlan.isReset`. */
const resetTasks = async <T extends OpenedTask>(
  gaps: ReadonlyMap<T, readonly ChangelogGap[]>,
  positions: ReadonlyMap<string, number>,
  committed: ReadonlyMap<string, CommittedOffset>,
  { admin, config, retrying }: StartPlanner,
): Promise<ReadonlySet<T>> => {
  const tasks = [...gaps.keys()]
  const inputs = tasks.flatMap((task) => task.inputs.map((input) => ({ ...input, at: 'earliest' as const })))
  if (inputs.length === 0) return new Set()
  const beginnings = await retrying('look up the beginnings of inputs', () => admin.listOffsets(inputs))
  return new Set(
    tasks.filter((task) => {
      const { inputs, stores, subTopology } = task
      const offsets = stores.state.changelogOffsets()
      // under exactly-once, the state is written after its offsets are committed: what is ahead of them is of a time before the reset
      const isNeverAhead = config.processingGuarantee === 'exactly_once' || gaps.get(task)!.some(hasOtherOwner)
      return inputs.some(({ topic, partition }) => {
        const key = tpKey(topic, partition)
        const contained = offsets.get(key)
        const position = positions.get(key)!
        if (contained === undefined || position > contained) return false
        if (!committed.has(key) || isNeverAhead) return true
        // at-least-once, state may be ahead of the offsets after a crash, and a repartition topic begins where it was committed
        return position <= beginnings.get(key)! && !subTopology.repartitionSourceTopics.has(topic)
      })
    }),
  )
}

/** Somebody has written the changelog since the local state: since a reset, as an owner of the same time would have committed further. */
const hasOtherOwner = ({ fromSource, contained, earliest, latest }: ChangelogGap): boolean =>
  !fromSource && contained !== REFILLING && latest > earliest

/**
 * The changelog ranges that the stores of a task lack. An input that is its store's changelog is restored up to what the group has
 * committed of it, and processed from there: nothing is restored before the first commit, wherever reading starts.
 */
const restoreOf = (
  { stores }: OpenedTask,
  positions: ReadonlyMap<string, number>,
  committed: ReadonlyMap<string, CommittedOffset>,
  earliestOffsets: ReadonlyMap<string, number>,
  latestOffsets: ReadonlyMap<string, number>,
): Pick<StartPlan, 'ranges' | 'gaps'> => {
  const offsets = stores.state.changelogOffsets()
  const ranges: ChangelogRange[] = []
  const gaps: ChangelogGap[] = []
  for (const { store, changelog, fromSource } of stores.stores) {
    if (!changelog) continue
    const key = tpKey(changelog.topic, changelog.partition)
    const earliest = earliestOffsets.get(key)!
    const latest = latestOffsets.get(key)!
    const contained = store.persistent ? offsets.get(key) : undefined
    const from = contained === undefined ? earliest : contained + 1
    // all of the table's rows are processed again, and must not find themselves: their former values would be taken for older ones
    const isReadAgain = fromSource && contained !== undefined && positions.get(key)! <= Math.min(earliest, contained)
    if (contained !== undefined && (from > latest || from < earliest || isReadAgain)) {
      gaps.push({ store: store.name, changelog, fromSource, contained, earliest, latest })
    }
    // where the offset committed is out of range, reading starts elsewhere
    const processed = fromSource ? Math.min(positions.get(key)!, committed.get(key)?.offset ?? 0) : latest
    ranges.push({ store, changelog, from, end: Math.min(latest, processed) })
  }
  return { ranges: gaps.length > 0 ? [] : ranges, gaps }
}

const ofInputs = <T>(task: TaskIdentity, all: ReadonlyMap<string, T>): Map<string, T> => {
  const own = new Map<string, T>()
  for (const { topic, partition } of task.inputs) {
    const key = tpKey(topic, partition)
    const value = all.get(key)
    if (value !== undefined) own.set(key, value)
  }
  return own
}
