import type { LogicalGraph } from '../graph/logical-graph'
import { mergeRepartitions } from './merge-repartitions'
import { mergeSelfJoins } from './merge-self-joins'
import { mergeSources } from './merge-sources'
import { reuseSourceTopics } from './reuse-source-topics'

/** A way to save internal topics and stores (KIP-295). Switching one on or off renames topics: it is not for a running app. */
export type Optimization = 'reuse.ktable.source.topics' | 'merge.repartition.topics' | 'single.store.self.join'

type Pass = (graph: LogicalGraph) => LogicalGraph

/** In the order in which they are run. */
const PASSES: Readonly<Record<Optimization, Pass>> = {
  'reuse.ktable.source.topics': reuseSourceTopics,
  'merge.repartition.topics': mergeRepartitions,
  'single.store.self.join': mergeSelfJoins,
}

export const OPTIMIZATIONS = Object.keys(PASSES) as readonly Optimization[]

/** The graph as it is compiled: with one source a topic, and with what the chosen optimizations save. */
export function optimize(graph: LogicalGraph, chosen: ReadonlySet<Optimization>): LogicalGraph {
  const passes = OPTIMIZATIONS.filter((name) => chosen.has(name)).map((name) => PASSES[name])
  return passes.reduce((passed, pass) => pass(passed), mergeSources(graph))
}
