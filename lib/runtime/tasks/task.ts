import type { CommittedOffset, Fetcher } from '../../kafka/port'
import type { TaskId } from '../../record/task-id'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { SubTopology } from '../../topology/definition'
import type { Processing } from '../processing/processing'
import type { TaskStores } from './task-stores'

/** The states of a task, from its assignment to its end. */
export interface TaskIdentity {
  readonly id: TaskId
  readonly subTopology: SubTopology
  readonly inputs: readonly TopicPartition[]
}

/** Its state is being opened, and the ranges to restore are being looked up. */
export interface OpeningTask extends TaskIdentity {
  readonly state: 'opening'
}

/** Its changelogs are being replayed into its stores. */
export interface RestoringTask extends TaskIdentity {
  readonly state: 'restoring'
  readonly stores: TaskStores
}

/** Not processed while this instance is out of the group: it resumes if no other instance has had the task since. */
export interface SuspendedTask extends TaskIdentity {
  readonly state: 'suspended'
  readonly running: RunningTask
}

/** It is released in the background. */
export interface ClosingTask extends TaskIdentity {
  readonly state: 'closing'
}

/** A task by its state; only `Tasks` moves one from a state to the next. */
export type Task = OpeningTask | RestoringTask | RunningTask | SuspendedTask | ClosingTask

/** A task that processes. */
export class RunningTask implements TaskIdentity {
  readonly state = 'running'
  readonly id: TaskId
  readonly subTopology: SubTopology
  readonly inputs: readonly TopicPartition[]
  #holds = 0
  /** By `tpKey`: what the group has, as far as this instance knows. */
  readonly #committed: Map<string, CommittedOffset>
  /** By `tpKey`: the newest offset of which a commit was sent, which the group may have although no answer came. */
  readonly #sent = new Map<string, number>()
  /** Input partitions that are paused in the fetcher. */
  readonly #paused = new Set<string>()
  /** When its inputs were last looked at for being idle. */
  #lookedAt = performance.now()

  constructor(
    identity: TaskIdentity,
    readonly stores: TaskStores,
    readonly processing: Processing,
    committed: ReadonlyMap<string, CommittedOffset>,
  ) {
    this.id = identity.id
    this.subTopology = identity.subTopology
    this.inputs = identity.inputs
    this.#committed = new Map(committed)
  }

  /** Records and punctuations may be processed. */
  get isReady(): boolean {
    return this.#holds === 0
  }

  /** Keeps the task from processing until the returned function is called. */
  hold(): () => void {
    this.#holds++
    let held = true
    return () => {
      if (held) this.#holds--
      held = false
    }
  }

  /** Lets its stream time pass where its inputs are idle. True if it has advanced. */
  passIdleTime(fetcher: Fetcher): boolean {
    const { processing } = this
    if (!processing.canBeIdle) return false
    const now = performance.now()
    // nobody looked while the task was held, or the process stood still
    let heardAt = this.#lookedAt
    this.#lookedAt = now
    for (const { topic, partition } of processing.inputPartitions) {
      heardAt = Math.min(heardAt, fetcher.caughtUpAt(topic, partition) ?? -Infinity)
    }
    return processing.passIdleTime(now, now - heardAt)
  }

  /** Offsets of this task are sent to the group. */
  isCommitting(key: string, { offset }: CommittedOffset): void {
    this.#sent.set(key, offset)
  }

  /** Offsets of this task were committed. */
  hasCommitted(key: string, offset: CommittedOffset): void {
    this.#committed.set(key, offset)
  }

  committedOffset({ topic, partition }: TopicPartition): number | undefined {
    return this.#committed.get(tpKey(topic, partition))?.offset
  }

  /** Whether that can be what this instance committed last: what the group confirmed, or what was sent since and not answered. */
  canHaveCommitted({ topic, partition }: TopicPartition, offset: number | undefined): boolean {
    const key = tpKey(topic, partition)
    const confirmed = this.#committed.get(key)?.offset
    if (offset === undefined || confirmed === offset) return confirmed === offset
    return offset > (confirmed ?? -1) && offset <= (this.#sent.get(key) ?? -1)
  }

  /** An input is paused. */
  get isThrottled(): boolean {
    return this.#paused.size > 0
  }

  /** Pauses inputs that have enough buffered records, and resumes the others. */
  throttleInputs(fetcher: Fetcher): void {
    for (const { topic, partition } of this.inputs) {
      const key = tpKey(topic, partition)
      const full = this.processing.isFull(topic, partition)
      if (full === this.#paused.has(key)) continue
      if (full) {
        this.#paused.add(key)
        fetcher.pause(topic, partition)
      } else {
        this.#paused.delete(key)
        fetcher.resume(topic, partition)
      }
    }
  }
}
