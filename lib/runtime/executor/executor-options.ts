import type { ClusterTasks } from '../../assignment/group-leader'
import type { ResolvedConfig } from '../../config/config'
import type { StreamsError } from '../../errors'
import type { Admin, KafkaClient } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { ThreadSensors } from '../../observe/metrics/thread-sensors'
import type { InstanceRecordCounts } from '../../observe/record-counts'
import type { ChangeFeeds } from '../../state/changes/change-feeds'
import type { StateDirectory } from '../../state/state-directory'
import type { StateStore } from '../../state/store'
import type { CompiledTopology } from '../../topology/definition'
import type { BoundedRun } from '../bounded/bounded-run'
import type { RestoreListener } from '../changelog/restore-progress'
import type { RebalanceEvent } from './rebalance-listener'

/** News of an executor, for its run. */
export interface ExecutorListener extends RestoreListener {
  /** Whether the executor is in the group and processes everything that it is assigned. */
  runningChanged(): void
  rebalanced(event: RebalanceEvent): void
  /** Source topics that the group's leader can't find; empty: none. */
  missingTopics(topics: readonly string[]): void
  /** The executor can't continue, and neither can the instance. */
  failed(error: StreamsError): void
}

export interface ExecutorOptions {
  /** Counted from 1, unique in the instance. */
  readonly index: number
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  readonly client: KafkaClient
  readonly admin: Admin
  readonly stateDirectory: StateDirectory
  /** By name. */
  readonly globalStores: ReadonlyMap<string, StateStore>
  /** On the group's leader: the tasks that result from the cluster's topics. */
  readonly clusterTasks: () => Promise<ClusterTasks>
  readonly changeFeeds: ChangeFeeds
  readonly recordCounts: InstanceRecordCounts
  /** Undefined: nothing is measured. */
  readonly sensors: ThreadSensors | undefined
  /** For a run that ends by itself. */
  readonly bounded?: BoundedRun | undefined
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly listener: ExecutorListener
}
