import type { HostInfo } from '../host-info'
import type { TaskId } from '../record/task-id'
import type { TopicPartition } from '../record/topic-partition'
import type { OpenedReads } from '../state/committed-store'
import type { StateStore } from '../state/store'
import type { ClusterView } from './cluster-view'
import type { QueryIsolation, Position } from './query-types'

/** A task of this instance, as far as queries are concerned. */
export interface LocalTask {
  readonly id: TaskId
  readonly state: 'opening' | 'restoring' | 'running' | 'suspended' | 'closing'
  readonly inputs: readonly TopicPartition[]
  /** While it is running or suspended. Whoever reads closes it. */
  open(store: string, isolation: QueryIsolation): OpenedReads | undefined
  /** Of what reads with this isolation include at least. */
  position(isolation: QueryIsolation): Position
}

/** The instance, as far as queries are concerned. */
export interface LocalInstance {
  /** Its `applicationServer`. */
  readonly host: HostInfo | undefined
  /** The state of the instance, for messages. */
  readonly state: string
  /** `undefined` before the first assignment. */
  readonly cluster: ClusterView | undefined
  /** False once another instance may have this one's tasks. */
  readonly holdsLease: boolean
  task(id: TaskId): LocalTask | undefined
  globalStore(name: string): StateStore | undefined
}
