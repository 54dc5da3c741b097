import { StreamsError } from '../errors'
import { taskId } from '../record/task-id'
import type { OpenedReads } from '../state/committed-store'
import type { StateStore } from '../state/store'
import type { LocalInstance, LocalTask } from './local-tasks'
import type { ResolvedQueryOptions } from './query-options'
import type { Position } from './query-types'
import type { CatalogStore } from './store-catalog'

/** A partition of a store, with what is known of it. */
export interface LocalStore {
  readonly position: Position
  readonly stale: boolean
  /** Whoever reads closes it. */
  open(): OpenedReads
}

/** The partitions of stores that this instance has, and may read. */
export class LocalStores {
  constructor(private readonly instance: LocalInstance) {}

  task({ subTopology }: CatalogStore, partition: number): LocalTask | undefined {
    return this.instance.task(taskId(subTopology!.id, partition))
  }

  /** `undefined` if another instance has the partition. */
  find(
    store: CatalogStore,
    partition: number,
    { allowStale = false, atLeast = {}, isolation = 'latest' }: ResolvedQueryOptions,
  ): LocalStore | undefined {
    const task = this.task(store, partition)
    if (task === undefined || task.state === 'closing') return undefined
    const { name } = store
    const location = { store: name, taskId: task.id, partition }
    const notAvailable = (): StreamsError =>
      new StreamsError(
        'STORE_NOT_AVAILABLE',
        `partition ${partition} of store "${name}" is ${task.state} on this instance: read it when the state is RUNNING`,
        location,
      )
    if (task.state === 'opening' || task.state === 'restoring') throw notAvailable()
    const stale = task.state !== 'running' || !this.instance.holdsLease
    if (stale && !allowStale) {
      throw new StreamsError(
        'STORE_NOT_AVAILABLE',
        `this instance has lost its group, and another one may have partition ${partition} of store "${name}" by now: try again, or pass ` +
          '{ allowStale: true } to read what was here before',
        location,
      )
    }
    const position = task.position(isolation)
    for (const { topic, partition } of task.inputs) {
      const wanted = atLeast[topic]?.[partition]
      const has = position[topic]?.[partition] ?? -1
      if (wanted === undefined || has >= wanted) continue
      throw new StreamsError(
        'STORE_BEHIND',
        `store "${name}" has the ${isolation === 'committed' ? 'committed ' : ''}records of ${topic} partition ${partition} up to offset ${has}, and ${wanted} was asked for: try again`,
        { ...location, topic, partition, offset: wanted },
      )
    }
    const open = (): OpenedReads => {
      const reads = task.open(name, isolation)
      if (reads === undefined) throw notAvailable()
      return reads
    }
    return { position, stale, open }
  }

  global(name: string): StateStore {
    const { instance } = this
    const store = instance.globalStore(name)
    if (store !== undefined) return store
    throw new StreamsError(
      'STORE_NOT_AVAILABLE',
      `global store "${name}" is not restored yet, or closed: this instance is ${instance.state}; read it when it is RUNNING`,
      { store: name },
    )
  }
}
