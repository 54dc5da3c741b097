import { StreamsError } from '../errors'
import { NO_HEADERS } from '../record/headers'
import { type HostInfo, hostText, sameHost } from '../host-info'
import { partitionFor } from '../bytes/murmur2'
import { taskId } from '../record/task-id'
import { MissingDependency } from '../serdes/missing-dependency'
import type { Serde } from '../serdes/serde'
import type { ClusterMetadata } from './cluster-metadata'
import type { LocalInstance } from './local-tasks'
import type { ResolvedQueryOptions } from './query-options'
import type { KeyMetadataOptions } from './query-types'
import type { CatalogStore } from './store-catalog'

/** States of an instance that has released its stores. */
const ENDED: readonly string[] = ['NOT_RUNNING', 'ERROR']

/** Which partition of a store has a key, and which instance has the partition: as the current assignment says. */
export class StoreLocations {
  constructor(
    private readonly instance: LocalInstance,
    /** The metadata of an assignment. */
    private readonly metadataOf: (view: NonNullable<LocalInstance['cluster']>) => ClusterMetadata,
  ) {}

  metadata(store?: string): ClusterMetadata {
    const { instance } = this
    if (instance.cluster !== undefined) return this.metadataOf(instance.cluster)
    throw new StreamsError(
      'STORE_NOT_AVAILABLE',
      `it is not known which instance has what: this one is ${instance.state}, and has not been assigned anything yet. Read when it is RUNNING`,
      store === undefined ? {} : { store },
    )
  }

  /** As `metadata`, for those who ask where something is: once this instance has ended, it does not learn of changes. */
  currentMetadata(store?: string): ClusterMetadata {
    const { state } = this.instance
    if (!ENDED.includes(state)) return this.metadata(store)
    throw new StreamsError(
      'STORE_NOT_AVAILABLE',
      `this instance is ${state}, and no longer knows which instance has what: ask one that is RUNNING`,
      store === undefined ? {} : { store },
    )
  }

  partitionCount({ name, subTopology }: CatalogStore): number {
    return this.metadata(name).partitionsOf(subTopology!, name)
  }

  /** The partition that has the key. */
  partitionOf(
    store: CatalogStore,
    key: unknown,
    { partitioner, partitions }: KeyMetadataOptions & Pick<ResolvedQueryOptions, 'partitions'>,
  ): number {
    const { name, inputs, keySerde, topic, hasPartitioner } = store
    if (partitions !== undefined) {
      const given = onlyOne(partitions, name)
      const count = this.partitionCount(store)
      if (given < count) return given
      throw noSuchPartition(store, given, count)
    }
    const count = this.metadata(name).partitionsOf(inputs!, name)
    if (partitioner !== undefined) {
      const chosen = partitioner(topic, key, null, count)
      if (chosen !== undefined) {
        const partition = chosenPartition(chosen, name)
        if (Number.isInteger(partition) && partition >= 0 && partition < count) return partition
        throw noSuchPartition(store, partition, count)
      }
    } else if (hasPartitioner) {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `a topic that feeds store "${name}" has a partitioner of its own: pass the same as { partitioner }, or the key's partition as { partitions: [3] }; over HTTP as in ?partitions=3`,
        { store: name },
      )
    }
    return partitionFor(keyBytes(store, keySerde, key), count)
  }

  /** The instance to ask, which is not this one. */
  otherOwner(store: CatalogStore, partition: number, { local = false }: Pick<ResolvedQueryOptions, 'local'>): HostInfo {
    const { name, subTopology } = store
    const metadata = this.metadata(name)
    const { rebalancing } = metadata.view
    const owner = metadata.active(subTopology!, partition)
    const location = { store: name, partition, taskId: taskId(subTopology!.id, partition) }
    const isHere = owner !== undefined && this.instance.host !== undefined && sameHost(owner, this.instance.host)
    if ((owner === undefined || isHere) && ENDED.includes(this.instance.state)) {
      throw new StreamsError(
        'STORE_NOT_AVAILABLE',
        `partition ${partition} of store "${name}" can't be read: this instance is ${this.instance.state}`,
        location,
      )
    }
    if (owner === undefined) {
      throw new StreamsError(
        rebalancing ? 'STORE_NOT_AVAILABLE' : 'NOT_LOCAL',
        rebalancing
          ? `partition ${partition} of store "${name}" is being handed over from one instance to another: try again`
          : `partition ${partition} of store "${name}" is on another instance, which can't be asked: set applicationServer on every ` +
              'instance, and listen there with millrace/http',
        location,
      )
    }
    if (isHere) {
      throw new StreamsError(
        'STORE_NOT_AVAILABLE',
        `partition ${partition} of store "${name}" is moving to or from this instance: try again`,
        { ...location, host: hostText(owner) },
      )
    }
    if (local) {
      throw new StreamsError(
        'NOT_LOCAL',
        `partition ${partition} of store "${name}" is on ${hostText(owner)}, and only this instance was to be read`,
        { ...location, host: hostText(owner) },
      )
    }
    return owner
  }
}

/** @throws StreamsError INVALID_ARGUMENT */
export const keyBytes = ({ name, topic }: CatalogStore, serde: Serde<unknown>, key: unknown): Buffer => {
  let problem = `it is ${key}`
  if (key !== null && key !== undefined) {
    try {
      const bytes = serde.serialize(topic, key, NO_HEADERS)
      if (bytes !== null) return bytes
      problem = 'its serde returned null'
    } catch (error) {
      if (error instanceof MissingDependency) throw error
      problem = (error as Error).message
    }
  }
  throw new StreamsError('INVALID_ARGUMENT', `store "${name}" can't have this key: ${problem}`, { store: name })
}

export const noSuchPartition = ({ name }: CatalogStore, partition: number, count: number): StreamsError =>
  new StreamsError(
    'INVALID_ARGUMENT',
    `store "${name}" has ${count} partitions from 0 on, and no partition ${partition}`,
    {
      store: name,
    },
  )

const onlyOne = (partitions: readonly number[], store: string): number => {
  if (partitions.length === 1) return partitions[0]!
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `a key of store "${store}" is in one partition, and ${partitions.length} are asked for: give one number as partitions, or leave them out`,
    { store },
  )
}

const chosenPartition = (chosen: number | readonly number[], store: string): number => {
  if (typeof chosen === 'number') return chosen
  if (chosen.length === 1) return chosen[0]!
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `the partitioner chose ${chosen.length} partitions for a key of store "${store}", and a key is read from one: ` +
      'return the partition in which the store has it',
    { store },
  )
}
