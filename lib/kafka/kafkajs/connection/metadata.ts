import type { Frame } from '../protocol/frame'
import { rigid } from '../protocol/frame'

export interface BrokerNode {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export interface PartitionLeader {
  /** -1: none at the moment */
  readonly leader: number
  readonly leaderEpoch: number
}

export interface TopicLeaders {
  /** the broker's error code for this topic; 0 for none */
  readonly errorCode: number
  readonly internal: boolean
  /** by partition number */
  readonly partitions: readonly PartitionLeader[]
}

export interface ClusterMetadata {
  readonly brokers: readonly BrokerNode[]
  /** -1: none at the moment */
  readonly controllerId: number
  readonly topics: ReadonlyMap<string, TopicLeaders>
}

const METADATA = { key: 3, version: 7, name: 'Metadata' }

/** `topics` null: all of the cluster. Never creates a topic; an unknown one has its own error code and fails no other. */
export const metadataFrame = (topics: readonly string[] | null): Frame<ClusterMetadata> =>
  rigid(
    METADATA,
    (w) => {
      w.array(topics, (topic) => w.string(topic)).boolean(false)
    },
    (r) => {
      r.int32() // throttle time
      const brokers = r.array((): BrokerNode => {
        const node = { nodeId: r.int32(), host: r.string(), port: r.int32() }
        r.nullableString() // rack
        return node
      })
      r.nullableString() // cluster id
      const controllerId = r.int32()
      const topics = new Map<string, TopicLeaders>()
      r.array(() => {
        const errorCode = r.int16()
        const name = r.string()
        const internal = r.boolean()
        const partitions: PartitionLeader[] = []
        r.array(() => {
          r.int16() // error code: LEADER_NOT_AVAILABLE comes with leader -1, other codes concern replicas
          const partition = r.int32()
          partitions[partition] = { leader: r.int32(), leaderEpoch: r.int32() }
          r.array(() => r.int32()) // replicas
          r.array(() => r.int32()) // in-sync replicas
          r.array(() => r.int32()) // offline replicas
        })
        topics.set(name, { errorCode, internal, partitions })
      })
      return { brokers, controllerId, topics }
    },
  )

export type CoordinatorKind = 'group' | 'transaction'

const FIND_COORDINATOR = { key: 10, version: 2, name: 'FindCoordinator' }

export const findCoordinatorFrame = (kind: CoordinatorKind, key: string): Frame<BrokerNode & { errorCode: number }> =>
  rigid(
    FIND_COORDINATOR,
    (w) => {
      w.string(key).int8(kind === 'group' ? 0 : 1)
    },
    (r) => {
      r.int32() // throttle time
      const errorCode = r.int16()
      r.nullableString() // error message
      return { errorCode, nodeId: r.int32(), host: r.string(), port: r.int32() }
    },
  )
