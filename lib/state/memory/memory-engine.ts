import type { StateEngine, TaskDatabase } from '../state-engine'
import { MemoryBytes } from './memory-bytes'

/**
 * State only in memory: nothing is written to disk, and every start restores all stores from their changelogs. For
 * small state, tests, and machines whose disk is slow or does not survive a restart. A store without a changelog starts empty.
 *
 * @example
 * const streams = new KafkaStreams(builder.build(), {
 *   applicationId: 'orders-app',
 *   kafka: { brokers: ['localhost:9092'] },
 *   stateEngine: memoryEngine(),
 * })
 */
export const memoryEngine = (): StateEngine => ({
  name: 'memory',
  persistent: false,
  async open({ stores }) {
    return new MemoryTaskDatabase(stores.map(({ name }) => name))
  },
})

/** Stores that apply writes at once: they have no generations, and `discard` empties them. */
export class MemoryTaskDatabase implements TaskDatabase {
  readonly dirtyBytes = 0
  readonly offsets = new Map<string, number>()
  readonly stores: ReadonlyMap<string, MemoryBytes>

  constructor(stores: readonly string[]) {
    this.stores = new Map(stores.map((name) => [name, new MemoryBytes()]))
  }

  seal(): void {}

  async commit(offsets: ReadonlyMap<string, number>): Promise<void> {
    for (const [partition, offset] of offsets) this.offsets.set(partition, offset)
  }

  discard(): void {
    this.offsets.clear()
    for (const store of this.stores.values()) store.clear()
  }

  async close(): Promise<void> {}
}
