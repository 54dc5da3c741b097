import type { Workload } from '../workload'
import { avro } from './avro'
import { cogroup } from './cogroup'
import { globalJoin, graceJoin, streamTableJoin, versionedTableJoin } from './enrichments'
import { jsonAggregate } from './json-aggregate'
import { latencies } from './latency'
import { mixedService } from './mixed-service'
import { largeState, reduce } from './reduce'
import { restore, warmStart } from './restore'
import { stateless } from './stateless'
import { streamJoins } from './stream-joins'
import { foreignKeyJoin, tableTableJoin } from './table-joins'
import { topN } from './top-n'
import { hoppingWindows, sessionWindows, suppress, suppressSpill } from './windows'
import { wordCounts } from './word-count'

/** In the order of the table. */
export const WORKLOADS: readonly Workload[] = [
  stateless,
  ...wordCounts,
  reduce,
  largeState,
  jsonAggregate,
  ...streamJoins,
  streamTableJoin,
  globalJoin,
  versionedTableJoin,
  graceJoin,
  tableTableJoin,
  foreignKeyJoin,
  ...hoppingWindows,
  sessionWindows,
  suppress,
  suppressSpill,
  cogroup,
  topN,
  avro,
  restore,
  warmStart,
  ...latencies,
  mixedService,
]

export const workloadNamed = (name: string): Workload => {
  const found = WORKLOADS.find((workload) => workload.name === name)
  if (found === undefined) throw new Error(`There is no workload '${name}'`)
  return found
}
