import { setImmediate } from 'node:timers/promises'
import { NO_HOSTS } from '../../../../lib/assignment/cluster-hosts'
import { silentLogger } from '../../../../lib/observe/logger'
import type { TaskId } from '../../../../lib/record/task-id'
import type { TopicPartition } from '../../../../lib/record/topic-partition'
import {
  type RebalanceEvent,
  RebalanceListener,
  type RebalanceListenerOptions,
} from '../../../../lib/runtime/executor/rebalance-listener'
import { deferred } from '../processing/processing-under-test'

type Inputs = readonly TopicPartition[]

const input = (partition: number): Inputs => [{ topic: 'in', partition }]
const assignmentOf = (active: Record<TaskId, Inputs>, missingTopics: readonly string[] = []) => ({
  generation: 7,
  active: new Map(Object.entries(active) as [TaskId, Inputs][]),
  standby: [],
  warmup: [],
  missingTopics,
  hosts: NO_HOSTS,
  followUp: false,
})

interface FakeTask {
  id: TaskId
  state: 'running' | 'suspended'
  inputs: Inputs
  held: boolean
  hold(): () => void
}

const setUp = (
  initial: Record<TaskId, Inputs>,
  options: {
    transactional?: boolean
    commitAll?: () => Promise<boolean>
    untouched?: boolean
    refilled?: Promise<void>
  } = {},
) => {
  const calls: string[] = []
  const note =
    <T>(call: string, result?: T) =>
    (): T => {
      calls.push(call)
      return result as T
    }
  const events: { event: RebalanceEvent; missingTopics: readonly string[] }[] = []
  const failures: unknown[] = []
  const tasks = new Map<TaskId, FakeTask>()
  const add = (id: TaskId, inputs: Inputs): void => {
    const task: FakeTask = { id, inputs, state: 'running', held: false, hold: () => ((task.held = true), () => {}) }
    tasks.set(id, task)
  }
  for (const [id, inputs] of Object.entries(initial)) add(id as TaskId, inputs)
  const suspended = () => [...tasks.values()].filter(({ state }) => state === 'suspended')
  let stopping = false
  const listener = new RebalanceListener({
    tasks: {
      get all() {
        return [...tasks.values()]
      },
      get suspended() {
        return suspended()
      },
      get: (id: TaskId) => tasks.get(id),
      knows: (id: TaskId) => id.startsWith('0_'),
      offsetSums: () => new Map(),
      refilled: async () => options.refilled,
      add: (added: ReadonlyMap<TaskId, Inputs>) => {
        for (const [id, inputs] of added) {
          calls.push(`add ${id}`)
          add(id, inputs)
        }
      },
      close: (ids: Iterable<TaskId>, how: string) => {
        for (const id of ids) {
          calls.push(`close ${id} ${how}`)
          tasks.delete(id)
        }
      },
      suspend: () => {
        calls.push('suspend tasks')
        for (const task of tasks.values()) task.state = 'suspended'
      },
      resume: () => {
        calls.push('resume tasks')
        for (const task of tasks.values()) task.state = 'running'
      },
    },
    committer: {
      commit: async () => calls.push('commit'),
      commitAll: async () => {
        calls.push('commit all')
        return options.commitAll?.() ?? true
      },
      idle: async () => {},
      suspend: note('suspend commits'),
      resume: note('resume commits'),
      forget: note('forget'),
    },
    producer: {
      transactional: options.transactional ?? false,
      freeze: note('freeze'),
      thaw: note('thaw'),
      discard: note('discard', Promise.resolve()),
    },
    logger: silentLogger,
    stopping: () => stopping,
    handOverMs: 1000,
    untouched: async () => options.untouched ?? false,
    whyLost: () => 'the session has timed out',
    news: {
      rebalanced: (event: RebalanceEvent, missingTopics: readonly string[]) =>
        void events.push({ event, missingTopics }),
      failed: (error: unknown) => void failures.push(error),
      ended: () => {},
    },
  } as unknown as RebalanceListenerOptions)
  return { listener, calls, events, failures, tasks, stop: () => (stopping = true) }
}

describe('an assignment', () => {
  it('leaves tasks that stay untouched, commits and closes those that go, and adds the new ones', async () => {
    const { listener, calls, events, tasks } = setUp({ '0_0': input(0), '0_1': input(1) })
    const staying = tasks.get('0_0')!
    const going = tasks.get('0_1')!
    await listener.assigned(assignmentOf({ '0_0': input(0), '0_2': input(2) }))
    expect(calls).toEqual(['thaw', 'resume commits', 'commit all', 'close 0_1 clean', 'add 0_2'])
    expect([tasks.get('0_0'), staying.held, going.held]).toEqual([staying, false, true])
    expect(events).toEqual([
      { event: { generation: 7, added: ['0_2'], revoked: ['0_1'], tasks: ['0_0', '0_2'] }, missingTopics: [] },
    ])
  })

  it('that changes nothing commits nothing', async () => {
    const { listener, calls } = setUp({ '0_0': input(0) })
    await listener.assigned(assignmentOf({ '0_0': input(0) }))
    expect(calls).toEqual(['thaw', 'resume commits'])
  })

  it('of other inputs to a task restarts it', async () => {
    const { listener, calls } = setUp({ '0_0': input(0) })
    await listener.assigned(assignmentOf({ '0_0': [...input(0), { topic: 'more', partition: 0 }] }))
    expect(calls).toEqual(['thaw', 'resume commits', 'commit all', 'close 0_0 clean', 'add 0_0'])
  })

  it('tells of topics that are missing', async () => {
    const { listener, events } = setUp({ '0_0': input(0) })
    await listener.assigned(assignmentOf({}, ['in']))
    expect(events).toMatchObject([{ event: { revoked: ['0_0'], tasks: [] }, missingTopics: ['in'] }])
  })

  it('starts nothing while the instance stops', async () => {
    const { listener, calls, stop } = setUp({})
    stop()
    await listener.assigned(assignmentOf({ '0_0': input(0) }))
    expect(calls).toEqual(['thaw', 'resume commits'])
  })

  it.each([
    ['without inputs', { '0_0': [] }, /task 0_0 without any input/],
    ['that the topology does not have', { '1_0': input(0) }, /task 1_0, which this instance's topology does not have/],
  ])('of a task %s fails, and changes nothing', async (_, active: Record<TaskId, Inputs>, message) => {
    const { listener, failures, calls, events } = setUp({ '0_3': input(3) })
    await listener.assigned(assignmentOf(active))
    expect(failures).toMatchObject([
      { code: 'INCOMPATIBLE_INSTANCES', message: expect.stringMatching(message) as string },
    ])
    expect([calls, events]).toEqual([['resume commits'], []])
  })
})

describe('tasks that go', () => {
  it('keep their next owner waiting while their changelogs are refilled', async () => {
    const refilled = deferred()
    const { listener, calls } = setUp({ '0_0': input(0) }, { refilled: refilled.promise })
    const assigned = listener.assigned(assignmentOf({}))
    await setImmediate()
    expect(calls).not.toContainEqual(expect.stringContaining('close'))
    refilled.resolve()
    await assigned
    expect(calls.at(-1)).toBe('close 0_0 clean')
  })
})

describe('tasks that go and can not be committed in time', () => {
  const commitAll = async (): Promise<boolean> => false

  it('are repeated by their next owner under at-least-once', async () => {
    const { listener, calls, failures } = setUp({ '0_0': input(0) }, { commitAll })
    await listener.assigned(assignmentOf({}))
    expect([calls.at(-1), failures]).toEqual(['close 0_0 dirty', []])
  })

  it('take the transaction with them under exactly-once: what they wrote would be committed with what the others did', async () => {
    const { listener, calls, failures } = setUp({ '0_0': input(0) }, { commitAll, transactional: true })
    await listener.assigned(assignmentOf({}))
    expect([calls.at(-1), failures]).toMatchObject(['close 0_0 dirty', [{ kind: 'abortable' }]])
  })

  it('because the commit fails are kept, and the failure is told', async () => {
    const failure = new Error('fenced')
    const { listener, calls, failures, tasks } = setUp(
      { '0_0': input(0) },
      { commitAll: () => Promise.reject(failure), transactional: true },
    )
    await listener.assigned(assignmentOf({}))
    expect([failures, [...tasks.keys()], calls.at(-1)]).toEqual([[failure], ['0_0'], 'resume commits'])
  })
})

describe('before a rejoin', () => {
  it('everything is committed; at-least-once goes on committing', async () => {
    const { listener, calls } = setUp({ '0_0': input(0) })
    await listener.beforeRejoin()
    expect(calls).toEqual(['commit'])
  })

  it('no transaction can be committed until the next assignment', async () => {
    const { listener, calls } = setUp({ '0_0': input(0) }, { transactional: true })
    await listener.beforeRejoin()
    expect(calls).toEqual(['commit', 'suspend commits'])
  })
})

describe('out of the group', () => {
  it('at-least-once suspends its tasks, and nothing of them goes out', async () => {
    const { listener, calls, events, tasks } = setUp({ '0_0': input(0) })
    await listener.lost(new Error('UNKNOWN_MEMBER_ID'))
    expect(calls).toEqual(['suspend commits', 'forget', 'freeze', 'suspend tasks'])
    expect(events).toMatchObject([{ event: { generation: -1, revoked: [], tasks: ['0_0'] } }])
    expect([tasks.size, listener.ownership().owned]).toEqual([1, []])
  })

  it('exactly-once drops its tasks, and the transaction with them', async () => {
    const { listener, calls, events } = setUp({ '0_0': input(0) }, { transactional: true })
    await listener.lost(new Error('UNKNOWN_MEMBER_ID'))
    expect(calls).toEqual(['suspend commits', 'forget', 'close 0_0 dirty', 'discard'])
    expect(events).toMatchObject([{ event: { generation: -1, revoked: ['0_0'], tasks: [] } }])
  })

  it('and back, tasks that nobody has touched resume where they were', async () => {
    const { listener, calls, tasks } = setUp({ '0_0': input(0) }, { untouched: true })
    const task = tasks.get('0_0')
    await listener.lost(new Error('UNKNOWN_MEMBER_ID'))
    calls.length = 0
    await listener.assigned(assignmentOf({ '0_0': input(0) }))
    expect(calls).toEqual(['thaw', 'resume tasks', 'resume commits'])
    expect(tasks.get('0_0')).toBe(task)
  })

  it.each([
    ['that others have touched', { '0_0': input(0), '0_1': input(1) }, false],
    ['of which one is assigned elsewhere', { '0_0': input(0) }, true],
  ])('and back, tasks %s restart from the last commit, and nothing unsent is sent', async (_, active, untouched) => {
    const { listener, calls } = setUp({ '0_0': input(0), '0_1': input(1) }, { untouched })
    await listener.lost(new Error('UNKNOWN_MEMBER_ID'))
    calls.length = 0
    await listener.assigned(assignmentOf(active))
    expect(calls.slice(0, 4)).toEqual(['close 0_0 dirty', 'close 0_1 dirty', 'discard', 'resume commits'])
    expect(calls.slice(4)).toEqual(Object.keys(active).map((id) => `add ${id}`))
  })
})
