import type { IdleInputs, SubTopology } from '../definition'

/** Sub-topologies with what says when their inputs are idle: their sources, and those that their repartition topics come from. */
export function withIdleInputs(subTopologies: readonly SubTopology[]): SubTopology[] {
  const known = new Map<SubTopology, IdleInputs | undefined>()
  const idleOf = (sub: SubTopology): IdleInputs | undefined => {
    if (known.has(sub)) return known.get(sub)
    // an answer for a sub-topology that leads back to itself
    known.set(sub, undefined)
    const found = [...ownIdle(sub), ...writersOf(sub, subTopologies).flatMap((writer) => onward(idleOf(writer)))]
    const idle = found.length === 0 ? undefined : longest(found)
    known.set(sub, idle)
    return idle
  }
  return subTopologies.map((sub) => {
    const idle = idleOf(sub)
    return idle === undefined ? sub : { ...sub, idle }
  })
}

function ownIdle({ nodes }: SubTopology): IdleInputs[] {
  return nodes.flatMap((node) =>
    node.kind === 'source' && node.idleAfterMs !== undefined ? [{ afterMs: node.idleAfterMs, hops: 0 }] : [],
  )
}

function writersOf(sub: SubTopology, subTopologies: readonly SubTopology[]): SubTopology[] {
  return subTopologies.filter(({ sinkTopics }) => sinkTopics.some((topic) => sub.repartitionSourceTopics.has(topic)))
}

function onward(idle: IdleInputs | undefined): IdleInputs[] {
  return idle === undefined ? [] : [{ ...idle, hops: idle.hops + 1 }]
}

function longest(all: readonly IdleInputs[]): IdleInputs {
  return {
    afterMs: Math.max(...all.map(({ afterMs }) => afterMs)),
    hops: Math.max(...all.map(({ hops }) => hops)),
  }
}
