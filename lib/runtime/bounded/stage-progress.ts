import type { CommittedOffset } from '../../kafka/port'
import { tpKey } from '../../record/topic-partition'
import { decodeCommitMetadata, type TaskRest } from '../processing/commit-metadata'
import type { Bounds } from './bounds'
import type { RunPlan, RunStage } from './run-plan'

/** What the group and the brokers say, looked up in this order: what was committed before is in the topics then. */
export interface RunView {
  /** Of the group, by `tpKey`. */
  readonly committed: ReadonlyMap<string, CommittedOffset>
  /** High watermarks of the topics that the topology itself writes, by `tpKey`. */
  readonly ownEnds: ReadonlyMap<string, number>
}

/**
 * How far a stage is. `held`: all records that it will ever get are processed and committed, but async operators hold some of
 * them. `read`: these are done as well. `done`: nothing more comes from it.
 */
export type StageProgress = 'working' | 'held' | 'read' | 'done'

/**
 * A stage is `read` when all stages upstream are done, the group has committed the end of each of its partitions, and each
 * commit says that the task was at rest. `final`: it is done when its tasks have closed their windows as well.
 */
export const stageProgress = (
  { stages }: Pick<RunPlan, 'stages'>,
  bounds: Bounds,
  view: RunView,
  final: boolean,
): Map<RunStage, StageProgress> => {
  const progress = new Map<RunStage, StageProgress>()
  for (const stage of stages) {
    const begun = stage.upstream.every((other) => progress.get(other) === 'done')
    const rest = begun ? restOf(stage, bounds, view) : undefined
    if (rest === undefined) progress.set(stage, 'working')
    else if (rest === 'held') progress.set(stage, rest)
    else progress.set(stage, rest === 'closed' || !final ? 'done' : 'read')
  }
  return progress
}

/** Of the task that has most to do; undefined if there is more to read. */
const restOf = (stage: RunStage, bounds: Bounds, { committed, ownEnds }: RunView): TaskRest | 'held' | undefined => {
  let all: TaskRest | 'held' = 'closed'
  for (const inputs of stage.tasks.values()) {
    for (const { topic, partition } of inputs) {
      const key = tpKey(topic, partition)
      const found = committed.get(key)
      const end = Math.min(bounds.endOf(topic, partition), ownEnds.get(key) ?? Infinity)
      if (found === undefined || found.offset < end) return undefined
      const { rest } = decodeCommitMetadata(found.metadata)
      if (rest === undefined) all = 'held'
      else if (rest === 'idle' && all === 'closed') all = 'idle'
    }
  }
  return all
}
