import { parseTaskId, type TaskId } from '../../record/task-id'
import type { TopicPartition } from '../../record/topic-partition'
import type { CompiledTopology } from '../../topology/definition'
import { currentSourceTopics } from '../../topology/partition-counts'
import { clusterTasks } from '../topics/cluster-tasks'

/**
 * Sub-topologies that end together: they write to each other, as the sides of a foreign-key join do. Most often it is
 * a single one.
 */
export interface RunStage {
  readonly tasks: ReadonlyMap<TaskId, readonly TopicPartition[]>
  /** Stages that write to topics of this one. */
  readonly upstream: readonly RunStage[]
}

/** What there is to do in a bounded run, on all instances together. */
export interface RunPlan {
  /** Each after those upstream of it. */
  readonly stages: readonly RunStage[]
  /** Input partitions of topics that others write. */
  readonly inputs: readonly TopicPartition[]
  /** Repartition topics, and other topics that the topology both writes and reads. */
  readonly ownTopics: ReadonlySet<string>
  /** Their partitions. */
  readonly ownInputs: readonly TopicPartition[]
}

/** `sourceCounts`: partitions of the user's topics. */
export const planRun = (topology: CompiledTopology, sourceCounts: ReadonlyMap<string, number>): RunPlan => {
  const { tasks } = clusterTasks(topology, sourceCounts)
  const { subTopologies } = topology
  const read = new Map(subTopologies.map((sub) => [sub.id, currentSourceTopics(sub, sourceCounts)]))
  const isRead = new Set([...read.values()].flat())
  const ownTopics = new Set(subTopologies.flatMap((sub) => sub.sinkTopics.filter((topic) => isRead.has(topic))))
  const writers = new Map(
    subTopologies.map(({ id }) => [
      id,
      subTopologies.filter((sub) => sub.sinkTopics.some((topic) => read.get(id)!.includes(topic))).map((sub) => sub.id),
    ]),
  )
  const all = [...tasks.values()].flat()
  return {
    stages: stagesOf(tasks, writers),
    inputs: all.filter(({ topic }) => !ownTopics.has(topic)),
    ownTopics,
    ownInputs: all.filter(({ topic }) => ownTopics.has(topic)),
  }
}

/** `writers`: by sub-topology, those that write to its sources. */
const stagesOf = (
  tasks: ReadonlyMap<TaskId, readonly TopicPartition[]>,
  writers: ReadonlyMap<number, readonly number[]>,
): RunStage[] => {
  const upstreamOf = new Map([...writers.keys()].map((id) => [id, reachable(id, writers)]))
  const stageOf = new Map<number, RunStage>()
  const stages: RunStage[] = []
  const add = (id: number): RunStage => {
    const known = stageOf.get(id)
    if (known) return known
    const upstream = upstreamOf.get(id)!
    const together = new Set([id, ...[...upstream].filter((other) => upstreamOf.get(other)!.has(id))])
    const before = new Set([...upstream].filter((other) => !together.has(other)).map(add))
    const own = [...tasks].filter(([task]) => together.has(parseTaskId(task).subTopology))
    const stage = { tasks: new Map(own), upstream: [...before] }
    for (const member of together) stageOf.set(member, stage)
    stages.push(stage)
    return stage
  }
  for (const id of writers.keys()) add(id)
  return stages
}

const reachable = (from: number, writers: ReadonlyMap<number, readonly number[]>): Set<number> => {
  const found = new Set<number>()
  const open = [from]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const writer of writers.get(id)!) {
      if (found.has(writer)) continue
      found.add(writer)
      open.push(writer)
    }
  }
  return found
}
