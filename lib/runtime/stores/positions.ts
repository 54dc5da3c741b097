import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { RunningTask } from '../tasks/task'

/** How far a task has come with an input; −1 is not known. */
export interface InputPosition extends TopicPartition {
  /** The offset up to which, exclusive, all records are in its stores. */
  readonly next: number
  /** The end of the partition on the broker. */
  readonly endOffset: number
}

/** While a callback is pending, the records that it has been given are not in the stores yet: only what is committed is. */
export const positionsOf = (task: RunningTask): InputPosition[] => {
  const { inputPositions, isBusy } = task.processing
  return inputPositions.map(({ topic, partition, position, endOffset }) => {
    const committed = task.committedOffset({ topic, partition }) ?? -1
    return { topic, partition, endOffset, next: isBusy || position < 0 ? committed : position }
  })
}

/**
 * Up to where its committed state goes. State that was restored contains all that was committed before the task started, although it says so
 * with its first commit only.
 */
export const committedPositionsOf = (task: RunningTask): (TopicPartition & Pick<InputPosition, 'next'>)[] => {
  const contained = task.stores.state.changelogOffsets()
  return task.inputs.map(({ topic, partition }) => {
    const stored = contained.get(tpKey(topic, partition)) ?? -1
    return { topic, partition, next: Math.max(stored + 1, task.committedOffset({ topic, partition }) ?? -1) }
  })
}
