import { bank } from './bank'
import { events } from './events'
import { join } from './join'
import { wordCount } from './word-count'
import type { Workload } from './workload'

export const WORKLOADS: readonly Workload[] = [
  bank,
  wordCount('exactly_once'),
  wordCount('at_least_once'),
  join,
  events,
]

export const workloadNamed = (name: string): Workload => {
  const found = WORKLOADS.find((workload) => workload.name === name)
  if (!found) throw new Error(`no workload ${name}: there are ${WORKLOADS.map((workload) => workload.name).join(', ')}`)
  return found
}
