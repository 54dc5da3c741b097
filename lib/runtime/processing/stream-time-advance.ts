import { NO_HEADERS } from '../../record/headers'
import { NO_SOURCE_BYTES } from '../output/source-bytes'
import type { ProcessorNode } from './processor-node'
import type { TaskContext } from './task-context'

/** Takes operators to a stream time that no record has brought. */
export class StreamTimeAdvance {
  /** How many processors have been told of the time in progress. */
  #told = 0

  constructor(
    private readonly context: TaskContext,
    /** Parents before children: what an operator forwards must not be late for those below. */
    private readonly processors: readonly ProcessorNode[],
  ) {}

  /** False if results are on their way through an async operator: the processors behind it are told when called again. */
  to(time: number): boolean {
    const { context, processors } = this
    context.reachStreamTime(time)
    while (this.#told < processors.length) {
      if (context.awaits) return false
      context.enter({ topic: null, partition: -1, offset: -1, timestamp: time, headers: NO_HEADERS }, NO_SOURCE_BYTES)
      processors[this.#told++]!.advanceStreamTime(time)
    }
    this.#told = 0
    return true
  }

  /** When everything of records up to `streamTime` has closed. */
  closingTime(streamTime: number): number {
    if (streamTime < 0) return -1
    const waits = this.processors.map(({ closesAfterMs }) => closesAfterMs).filter(Number.isFinite)
    // some close at their time, others when it has passed
    return streamTime + Math.max(0, ...waits) + 1
  }
}
