import type { ClusterHosts } from '../assignment/cluster-hosts'

/** What an instance knows of its group. */
export interface ClusterView {
  readonly hosts: ClusterHosts
  /** Of the group, in which `hosts` were assigned; −1 while this instance is out of the group. */
  readonly generation: number
  /** A rebalance is in progress, or this instance is out of the group: `hosts` may be outdated. */
  readonly rebalancing: boolean
}
