import { assignGroup, type ClusterTasks } from '../../../lib/assignment/group-leader'
import { decodeAssignment, encodeSubscription } from '../../../lib/assignment/user-data'
import { StreamsError } from '../../../lib/errors'
import type { GroupMember } from '../../../lib/kafka/port'
import { silentLogger } from '../../../lib/observe/logger'
import type { HostInfo } from '../../../lib/host-info'
import type { TaskId } from '../../../lib/record/task-id'

const member = (
  memberId: string,
  topology = 'same',
  ownedTasks: readonly TaskId[] = [],
  host?: HostInfo,
): GroupMember => ({
  memberId,
  groupInstanceId: null,
  topics: ['in'],
  userData: encodeSubscription({
    processId: memberId,
    generation: 1,
    ownedTasks,
    offsetSums: new Map(),
    topology,
    host,
  }),
})

const tasks = (...partitions: number[]): ClusterTasks => ({
  tasks: new Map(partitions.map((partition) => [`0_${partition}` as TaskId, [{ topic: 'in', partition }]])),
  missingTopics: [],
})

const assign = async (members: GroupMember[], clusterTasks = async () => tasks(0, 1, 2, 3)) => {
  const assignments = await assignGroup(members, { clusterTasks, logger: silentLogger })
  return new Map(
    [...assignments].map(([memberId, { partitions, userData }]) => [
      memberId,
      { ...decodeAssignment(userData), partitions },
    ]),
  )
}

const refused = { error: 'failed', errorCode: 'INCOMPATIBLE_INSTANCES', activeTasks: [], partitions: [] }

describe('the leader of the group', () => {
  it('assigns every task to one member, with its partitions', async () => {
    const assignments = await assign([member('a'), member('b')])
    expect([...assignments.values()].flatMap(({ activeTasks }) => activeTasks).sort()).toEqual([
      '0_0',
      '0_1',
      '0_2',
      '0_3',
    ])
    for (const { activeTasks, partitions } of assignments.values()) {
      expect(partitions.map(({ partition }) => `0_${partition}`)).toEqual(activeTasks)
    }
  })

  it('tells all members who answers queries for what', async () => {
    const [one, two] = [
      { host: 'one', port: 1 },
      { host: 'two', port: 2 },
    ]
    const assignments = await assign([member('a', 'same', [], one), member('b', 'same', [], two), member('c')])
    const [first, ...others] = [...assignments.values()]
    for (const { hosts } of others) expect(hosts).toEqual(first!.hosts)
    const { partitionCounts, active, standby } = first!.hosts
    expect(partitionCounts).toEqual(new Map([['in', 4]]))
    expect(standby).toEqual([])
    expect(active).toEqual([
      { host: one, partitions: assignments.get('a')!.partitions },
      { host: two, partitions: assignments.get('b')!.partitions },
    ])
  })

  it('names no host for a task that is being handed over', async () => {
    const one = { host: 'one', port: 1 }
    const two = { host: 'two', port: 2 }
    const owner = member('a', 'same', ['0_0', '0_1', '0_2', '0_3'], one)
    const assignments = await assign([owner, member('b', 'same', [], two)])
    const { active } = assignments.get('b')!.hosts
    expect(active.map(({ partitions }) => partitions.length)).toEqual([2, 0])
  })

  it('tells all members of source topics that are missing', async () => {
    const clusterTasks = async (): Promise<ClusterTasks> => ({ tasks: new Map(), missingTopics: ['in'] })
    const assignments = await assign([member('a'), member('b')], clusterTasks)
    for (const id of ['a', 'b']) {
      expect(assignments.get(id)).toMatchObject({ error: 'missing-source-topics', missingTopics: ['in'] })
    }
  })

  it('tells all members of what keeps it from assigning', async () => {
    const clusterTasks = async (): Promise<ClusterTasks> => {
      throw new StreamsError('INTERNAL_TOPIC_MISMATCH', 'it has 3 partitions')
    }
    const assignments = await assign([member('a'), member('b')], clusterTasks)
    for (const id of ['a', 'b']) {
      expect(assignments.get(id)).toMatchObject({
        errorCode: 'INTERNAL_TOPIC_MISMATCH',
        errorMessage: 'it has 3 partitions',
      })
    }
  })
})

describe('members with another topology', () => {
  it('that join a running group are refused, and the running ones keep all tasks', async () => {
    const running = [member('a', 'old', ['0_0', '0_1']), member('b', 'old', ['0_2', '0_3'])]
    const joining = ['c', 'd', 'e'].map((id) => member(id, 'new'))
    const assignments = await assign([...joining, ...running])
    for (const id of ['c', 'd', 'e']) expect(assignments.get(id)).toMatchObject(refused)
    expect(assignments.get('a')).toMatchObject({ error: 'none', activeTasks: ['0_0', '0_1'] })
    expect(assignments.get('b')).toMatchObject({ error: 'none', activeTasks: ['0_2', '0_3'] })
  })

  it('are the fewer ones where nobody runs yet', async () => {
    const assignments = await assign([member('a', 'x'), member('b', 'y'), member('c', 'y')])
    expect(assignments.get('a')).toMatchObject(refused)
    expect(assignments.get('b')!.activeTasks.length + assignments.get('c')!.activeTasks.length).toBe(4)
  })

  it('are the same ones for whoever leads, where two are new at once', async () => {
    const [x, y] = [member('a', 'x'), member('b', 'y')]
    for (const members of [
      [x, y],
      [y, x],
    ]) {
      const assignments = await assign(members)
      expect(assignments.get('a')!.activeTasks).toHaveLength(4)
      expect(assignments.get('b')).toMatchObject(refused)
    }
  })

  it('are refused, too, while source topics are missing', async () => {
    const clusterTasks = async (): Promise<ClusterTasks> => ({ tasks: new Map(), missingTopics: ['in'] })
    const assignments = await assign([member('a', 'x', ['0_0']), member('b', 'y')], clusterTasks)
    expect(assignments.get('a')).toMatchObject({ error: 'missing-source-topics' })
    expect(assignments.get('b')).toMatchObject(refused)
  })

  it('learn what to do', async () => {
    const assignments = await assign([member('a', 'x', ['0_0']), member('b', 'y')])
    expect(assignments.get('b')!.errorMessage).toMatch(/another topology.*Stop all instances.*applicationId of its own/)
  })
})
