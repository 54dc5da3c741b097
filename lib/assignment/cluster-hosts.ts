import type { HostInfo } from '../host-info'
import type { TopicPartition } from '../record/topic-partition'
import type { ByteReader, ByteWriter } from './bytes'

/** The input partitions of an instance's tasks. */
export interface HostPartitions {
  readonly host: HostInfo
  readonly partitions: readonly TopicPartition[]
}

/** Which instance has which input partition, as the group's leader has assigned them. Instances without `applicationServer` are absent. */
export interface ClusterHosts {
  /** Of every input topic, those without a host included. */
  readonly partitionCounts: ReadonlyMap<string, number>
  /** Partitions of tasks that the instance may process now. A task that is being handed over has no host. */
  readonly active: readonly HostPartitions[]
  /** Partitions of tasks of which the instance keeps a copy of the state. */
  readonly standby: readonly HostPartitions[]
}

export const NO_HOSTS: ClusterHosts = { partitionCounts: new Map(), active: [], standby: [] }

/** In the layout of Java's `AssignmentInfo`: topic dictionary, active hosts, standby hosts; then the partition counts, which Java derives. */
export const writeClusterHosts = (writer: ByteWriter, { partitionCounts, active, standby }: ClusterHosts): void => {
  const indexes = new Map([...partitionCounts.keys()].map((topic, index) => [topic, index]))
  writer.uint32(indexes.size)
  for (const [topic, index] of indexes) {
    writer.uint32(index)
    writer.shortString(topic)
  }
  for (const hosts of [active, standby]) {
    writer.uint32(hosts.length)
    for (const { host, partitions } of hosts) {
      writer.shortString(host.host)
      writer.uint32(host.port)
      writer.uint32(partitions.length)
      for (const { topic, partition } of partitions) {
        writer.uint32(indexes.get(topic)!)
        writer.uint32(partition)
      }
    }
  }
  for (const count of partitionCounts.values()) writer.uint32(count)
}

export const readClusterHosts = (reader: ByteReader): ClusterHosts => {
  const topics = new Map(reader.list((r) => [r.uint32(), r.shortString()] as const))
  const readHosts = (): HostPartitions[] =>
    reader.list((r) => ({
      host: { host: r.shortString(), port: r.uint32() },
      partitions: r.list(() => ({ topic: topics.get(r.uint32())!, partition: r.uint32() })),
    }))
  const active = readHosts()
  const standby = readHosts()
  return { partitionCounts: new Map([...topics.values()].map((topic) => [topic, reader.uint32()])), active, standby }
}
