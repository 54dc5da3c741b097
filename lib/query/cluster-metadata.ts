import type { HostPartitions } from '../assignment/cluster-hosts'
import { StreamsError } from '../errors'
import { type HostInfo, sameHost } from '../host-info'
import type { CompiledTopology, SubTopology } from '../topology/definition'
import { currentSourceTopics } from '../topology/partition-counts'
import { type StoreInputs, storeInputs } from '../topology/store-inputs'
import type { ClusterView } from './cluster-view'
import type { StreamsMetadata } from './query-types'

/** Who has what, in terms of stores. */
export class ClusterMetadata {
  readonly #stores: readonly { readonly name: string; readonly inputs: StoreInputs }[]

  constructor(
    private readonly topology: CompiledTopology,
    readonly view: ClusterView,
  ) {
    this.#stores = topology.subTopologies.flatMap((sub) =>
      sub.stores.map(({ definition }) => ({ name: definition.builder.name, inputs: storeInputs(sub, definition) })),
    )
  }

  /** How many partitions a store has; of its own inputs only: over how many its keys are spread. */
  partitionsOf(inputs: StoreInputs, store: string): number {
    const { partitionCounts } = this.view.hosts
    const count = Math.max(
      0,
      ...currentSourceTopics(inputs, partitionCounts).map((topic) => partitionCounts.get(topic) ?? 0),
    )
    if (count > 0) return count
    throw new StreamsError(
      'STORE_NOT_AVAILABLE',
      `it is not known yet how many partitions store "${store}" has: the group has no tasks for it, or its leader runs a version of ` +
        'millrace that does not tell. Try again when the rebalance is over',
      { store },
    )
  }

  active(sub: SubTopology, partition: number): HostInfo | undefined {
    return this.#hostsOf(this.view.hosts.active, sub, partition)[0]
  }

  standbys(sub: SubTopology, partition: number): HostInfo[] {
    return this.#hostsOf(this.view.hosts.standby, sub, partition)
  }

  /** Every instance with an `applicationServer`. */
  all(): StreamsMetadata[] {
    const { hosts, generation, rebalancing } = this.view
    const globals = this.topology.global.stores.map(({ builder }) => builder.name as string)
    return hosts.active.map((found) => {
      const standby = hosts.standby.find(({ host }) => sameHost(host, found.host))
      return {
        host: found.host,
        stores: [...this.#storesOf(found), ...globals],
        partitions: found.partitions,
        standbyStores: standby === undefined ? [] : this.#storesOf(standby),
        standbyPartitions: standby?.partitions ?? [],
        generation,
        rebalancing,
      }
    })
  }

  #storesOf({ partitions }: HostPartitions): string[] {
    const topics = new Set(partitions.map(({ topic }) => topic))
    return this.#stores
      .filter(({ inputs }) =>
        currentSourceTopics(inputs, this.view.hosts.partitionCounts).some((topic) => topics.has(topic)),
      )
      .map(({ name }) => name)
  }

  #hostsOf(hosts: readonly HostPartitions[], sub: SubTopology, partition: number): HostInfo[] {
    const topics = new Set(currentSourceTopics(sub, this.view.hosts.partitionCounts))
    return hosts
      .filter(({ partitions }) => partitions.some((each) => each.partition === partition && topics.has(each.topic)))
      .map(({ host }) => host)
  }
}
