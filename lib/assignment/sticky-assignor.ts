import { type TaskId, compareTaskIds, parseTaskId } from '../record/task-id'

/** What the assignor knows of one instance. */
export interface AssignorMember {
  readonly memberId: string
  readonly processId: string
  /** Group generation in which `ownedTasks` were held. */
  readonly generation: number
  readonly ownedTasks: readonly TaskId[]
  readonly offsetSums: ReadonlyMap<TaskId, number>
}

export interface TaskPlan {
  /** Per member id: the final assignment of every task. */
  readonly target: ReadonlyMap<string, readonly TaskId[]>
  /** Per member id: what it may run now, that is `target` without tasks that another member has not given up yet. */
  readonly granted: ReadonlyMap<string, readonly TaskId[]>
  /** Tasks are withheld: when their owners have given them up, another rebalance hands them over. */
  readonly followUp: boolean
}

interface ClientState {
  readonly member: AssignorMember
  readonly owned: ReadonlySet<TaskId>
  readonly tasks: TaskId[]
  /** Sub-topologies of which it has one task more than others. */
  extras: number
}

/**
 * Distributes tasks among members: every task once, each member's share of every sub-topology and of all tasks within one
 * of the others', with as few moves as that allows. A task goes to the member that runs it, else to the one whose
 * state of it is most advanced, else anywhere.
 */
export const planTasks = (tasks: readonly TaskId[], members: readonly AssignorMember[]): TaskPlan => {
  const owners = currentOwners(members)
  const clientStates = [...members]
    .sort((a, b) => compare(a.processId, b.processId) || compare(a.memberId, b.memberId))
    .map<ClientState>((member) => ({
      member,
      owned: new Set(member.ownedTasks.filter((task) => owners.get(task) === member.memberId)),
      tasks: [],
      extras: 0,
    }))
  if (clientStates.length > 0) for (const group of bySubTopology(tasks)) assignGroup(group, clientStates)

  const target = new Map<string, readonly TaskId[]>()
  const granted = new Map<string, readonly TaskId[]>()
  let followUp = false
  for (const { member, tasks: assigned } of clientStates) {
    assigned.sort(compareTaskIds)
    const free = assigned.filter((task) => (owners.get(task) ?? member.memberId) === member.memberId)
    followUp ||= free.length < assigned.length
    target.set(member.memberId, assigned)
    granted.set(member.memberId, free)
  }
  return { target, granted, followUp }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Of two members that claim a task the one with the newer generation has it; the other has missed a rebalance. */
const currentOwners = (members: readonly AssignorMember[]): Map<TaskId, string> => {
  const owners = new Map<TaskId, AssignorMember>()
  for (const member of members) {
    for (const task of member.ownedTasks) {
      const other = owners.get(task)
      if (!other || other.generation < member.generation) owners.set(task, member)
    }
  }
  return new Map([...owners].map(([task, member]) => [task, member.memberId]))
}

const bySubTopology = (tasks: readonly TaskId[]): TaskId[][] => {
  const groups = new Map<number, TaskId[]>()
  for (const task of [...tasks].sort(compareTaskIds)) {
    const { subTopology } = parseTaskId(task)
    const group = groups.get(subTopology)
    if (group) group.push(task)
    else groups.set(subTopology, [task])
  }
  return [...groups.values()]
}

const assignGroup = (tasks: readonly TaskId[], clientStates: readonly ClientState[]): void => {
  const quotas = quotasOf(tasks, clientStates)
  const placed = new Set<TaskId>()
  const room = new Map(quotas)
  const give = (task: TaskId, clientState: ClientState): void => {
    clientState.tasks.push(task)
    placed.add(task)
    room.set(clientState, room.get(clientState)! - 1)
  }

  // who runs a task keeps it, up to its quota; it first gives up what a member with room has state of
  for (const clientState of clientStates) {
    const kept = tasks.filter((task) => clientState.owned.has(task))
    const wanted = (task: TaskId): number =>
      Math.max(
        -1,
        ...clientStates.map((other) =>
          other !== clientState && other.owned.size < clientState.owned.size
            ? (other.member.offsetSums.get(task) ?? -1)
            : -1,
        ),
      )
    const surplus = kept.length - quotas.get(clientState)!
    const ranked = surplus > 0 ? kept.map((task) => ({ task, wanted: wanted(task) })) : []
    const released = new Set(
      ranked
        .sort((a, b) => b.wanted - a.wanted || compareTaskIds(b.task, a.task))
        .slice(0, Math.max(0, surplus))
        .map((entry) => entry.task),
    )
    for (const task of kept) if (!released.has(task)) give(task, clientState)
  }

  // the rest goes where its state is most advanced; tasks with the most advanced state anywhere choose first
  const withState: { task: TaskId; clientState: ClientState; sum: number }[] = []
  for (const task of tasks) {
    if (placed.has(task)) continue
    for (const clientState of clientStates) {
      const sum = clientState.member.offsetSums.get(task)
      if (sum !== undefined && sum >= 0) withState.push({ task, clientState, sum })
    }
  }
  withState.sort((a, b) => b.sum - a.sum)
  for (const { task, clientState } of withState)
    if (!placed.has(task) && room.get(clientState)! > 0) give(task, clientState)

  for (const task of tasks) {
    if (placed.has(task)) continue
    let best: ClientState | undefined
    for (const clientState of clientStates)
      if (room.get(clientState)! > 0 && (!best || room.get(clientState)! > room.get(best)!)) best = clientState
    give(task, best!)
  }
}

/**
 * How many tasks of one sub-topology each member gets. A remainder goes to members that have had the fewest
 * remainders so far (this keeps their totals within one), among them to those that own most, then that have most state.
 */
const quotasOf = (tasks: readonly TaskId[], clientStates: readonly ClientState[]): Map<ClientState, number> => {
  const base = Math.floor(tasks.length / clientStates.length)
  let remainder = tasks.length % clientStates.length
  const quotas = new Map(clientStates.map((clientState) => [clientState, base]))
  if (remainder === 0) return quotas
  const rank = new Map(
    clientStates.map((clientState) => [
      clientState,
      {
        owned: tasks.filter((task) => clientState.owned.has(task)).length,
        withState: tasks.filter((task) => (clientState.member.offsetSums.get(task) ?? -1) >= 0).length,
      },
    ]),
  )
  const order = [...clientStates].sort(
    (a, b) =>
      a.extras - b.extras || rank.get(b)!.owned - rank.get(a)!.owned || rank.get(b)!.withState - rank.get(a)!.withState,
  )
  for (const clientState of order) {
    if (remainder-- === 0) break
    quotas.set(clientState, base + 1)
    clientState.extras++
  }
  return quotas
}
