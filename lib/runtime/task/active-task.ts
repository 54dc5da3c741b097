import { type CommittedOffset } from '../../kafka/port'
import type { ManagedStore } from '../../state/store'
import type { TaskState } from '../../state/task-state'
import type { SubTopology } from '../../topology/definition'
import type { StreamTask } from './stream-task'
import { parseTaskId, type TaskId } from '../../record/task-id'
import { type TopicPartition, tpKey } from '../../record/topic-partition'

/** A store of a task with the partition that it is restored from. */
export interface StoreOfTask {
  readonly store: ManagedStore
  /** `null` without logging. */
  readonly changelog: TopicPartition | null
  /** The changelog is a source topic of the task, read only up to the committed offset, and never written by the task. */
  readonly fromSource: boolean
}

export type TaskPhase = 'opening' | 'restoring' | 'running' | 'closed'

/** A task assigned to this instance, from its assignment until its state is closed. */
export class ActiveTask {
  readonly partition: number
  phase: TaskPhase = 'opening'
  /** Not processed: a commit waits for its async operators, or for the transaction that has its outputs. */
  held = false
  /** Not processed any more: it is committed, then handed over. */
  leaving = false
  /** Not processed while this instance is out of the group: it goes on if nobody else has had the task meanwhile. */
  suspended = false
  /** Known once opened. */
  state: TaskState | undefined
  stores: readonly StoreOfTask[] = []
  stream: StreamTask | undefined
  /** By `tpKey`: where reading starts. */
  positions: ReadonlyMap<string, number> = new Map()
  /** By `tpKey`: what the group has, as far as this instance knows. */
  committed: ReadonlyMap<string, CommittedOffset> = new Map()
  /** By `tpKey`, of tasks with several inputs: which of them have records to wait for. */
  endOffsets: ReadonlyMap<string, number> = new Map()
  /** Input partitions that the fetcher is told to leave alone. */
  readonly paused = new Set<string>()

  constructor(
    readonly id: TaskId,
    readonly subTopology: SubTopology,
    readonly inputs: readonly TopicPartition[],
  ) {
    this.partition = parseTaskId(id).partition
  }

  get isClosed(): boolean {
    return this.phase === 'closed'
  }

  /** Records and punctuations may be processed. */
  get isWorking(): boolean {
    return this.phase === 'running' && !this.held && !this.leaving && !this.suspended
  }

  buildStores(): void {
    this.stores = this.subTopology.stores.map(({ definition, changelogTopic }) => ({
      store: definition.builder.build(changelogTopic) as ManagedStore,
      changelog: changelogTopic === null ? null : { topic: changelogTopic, partition: this.partition },
      fromSource: definition.sourceTopicAsChangelog !== undefined,
    }))
  }

  /** How far its state is: the sum over its changelogs of the offset after the last one contained. */
  offsetSum(): number | undefined {
    return this.state && sumOfOffsets(this.state.changelogOffsets())
  }

  /** Its offsets have been committed. */
  hasCommitted(key: string, offset: CommittedOffset): void {
    this.committed = new Map(this.committed).set(key, offset)
  }

  /** The offsets that its state contains once what is now sealed is written. */
  changelogOffsets(acked: ReadonlyMap<string, number>, inputOffsets: ReadonlyMap<string, number>): Map<string, number> {
    const offsets = new Map<string, number>()
    for (const { changelog, fromSource } of this.stores) {
      if (!changelog) continue
      const key = tpKey(changelog.topic, changelog.partition)
      const next = fromSource ? inputOffsets.get(key) : undefined
      const offset = fromSource ? (next === undefined ? undefined : next - 1) : acked.get(key)
      if (offset !== undefined && offset >= 0) offsets.set(key, offset)
    }
    return offsets
  }
}

export const sumOfOffsets = (offsets: ReadonlyMap<string, number>): number => {
  let sum = 0
  for (const offset of offsets.values()) sum += offset + 1
  return sum
}
