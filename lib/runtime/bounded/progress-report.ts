import type { CommittedOffset } from '../../kafka/port'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { RunningTask } from '../tasks/task'
import type { RunProgress } from './run-options'

export interface ProgressReportOptions {
  readonly inputs: readonly TopicPartition[]
  /** By `tpKey`, as of the start. */
  readonly committed: ReadonlyMap<string, CommittedOffset>
  /** The first offsets that there are, by `tpKey`. */
  readonly earliest: ReadonlyMap<string, number>
  /** By `tpKey`. */
  readonly ends: ReadonlyMap<string, number>
  readonly progressed: (progress: RunProgress) => void
}

/** Tells how far a bounded run is, each time that this has changed. */
export class ProgressReport {
  readonly #starts = new Map<string, number>()
  readonly #positions = new Map<string, number>()
  readonly #total: number
  #told = ''

  constructor(private readonly options: ProgressReportOptions) {
    let total = 0
    for (const { topic, partition } of options.inputs) {
      const key = tpKey(topic, partition)
      const end = options.ends.get(key)!
      const start = Math.min(end, options.committed.get(key)?.offset ?? options.earliest.get(key)!)
      this.#starts.set(key, start)
      this.#positions.set(key, start)
      total += end - start
    }
    this.#total = total
  }

  /** Takes in what the tasks of this instance have processed, and what all instances have committed. Returns how much is done. */
  update(
    running: readonly RunningTask[],
    working: readonly RunningTask[],
    committed: ReadonlyMap<string, CommittedOffset> = new Map(),
  ): number {
    for (const { processing } of running) {
      for (const { topic, partition, position } of processing.inputPositions) {
        this.#reached(tpKey(topic, partition), position)
      }
    }
    for (const [key, { offset }] of committed) this.#reached(key, offset)
    let done = 0
    for (const [key, position] of this.#positions) done += position - this.#starts.get(key)!
    this.#tell({ total: this.#total, done, activeTasks: working.map(({ id }) => id) })
    return done
  }

  #reached(key: string, position: number): void {
    const known = this.#positions.get(key)
    if (known === undefined || position <= known) return
    this.#positions.set(key, Math.min(position, this.options.ends.get(key)!))
  }

  #tell(progress: RunProgress): void {
    const text = JSON.stringify(progress)
    if (text === this.#told) return
    this.#told = text
    this.options.progressed(progress)
  }
}
