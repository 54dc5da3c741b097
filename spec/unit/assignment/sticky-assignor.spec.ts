import { type AssignorMember, planTasks } from '../../../lib/assignment/sticky-assignor'
import { parseTaskId, taskId } from '../../../lib/record/task-id'

interface Known {
  owned?: string[]
  state?: Record<string, number>
  generation?: number
}

const member = (id: string, { owned = [], state = {}, generation = 1 }: Known = {}): AssignorMember => ({
  memberId: id,
  processId: id,
  generation,
  ownedTasks: owned,
  offsetSums: new Map(Object.entries(state)),
})

const tasksOf = (...partitionsPerSubTopology: number[]): string[] =>
  partitionsPerSubTopology.flatMap((count, sub) => Array.from({ length: count }, (_, p) => taskId(sub, p)))

/** Rounds until nothing is withheld any more, as the group would go through them. */
const settle = (tasks: string[], members: AssignorMember[]) => {
  let current = members
  for (let round = 1; ; round++) {
    const plan = planTasks(tasks, current)
    current = current.map((m) => {
      const granted = plan.granted.get(m.memberId)!
      const state = new Map(m.offsetSums)
      for (const task of granted) state.set(task, (state.get(task) ?? 0) + 100)
      return { ...m, ownedTasks: granted, offsetSums: state, generation: m.generation + 1 }
    })
    if (!plan.followUp) return { rounds: round, members: current }
    if (round > 3) throw new Error('does not settle')
  }
}

const ownedBy = (members: readonly AssignorMember[]) =>
  Object.fromEntries(members.map((m) => [m.memberId, m.ownedTasks]))

describe('planTasks', () => {
  it('gives nothing to nobody', () => {
    expect(planTasks(tasksOf(2), []).target.size).toBe(0)
    expect([...planTasks([], [member('a')]).target]).toEqual([['a', []]])
  })

  it('gives a single member all tasks', () => {
    const plan = planTasks(tasksOf(2, 2), [member('a')])
    expect(plan.granted.get('a')).toEqual(['0_0', '0_1', '1_0', '1_1'])
    expect(plan.followUp).toBe(false)
  })

  it('balances each sub-topology as well as the whole', () => {
    const { target } = planTasks(tasksOf(3, 3), [member('a'), member('b')])
    const counts = [...target.values()].map((tasks) => tasks.length)
    expect(counts).toEqual([3, 3])
    expect(target.get('a')!.filter((t) => t.startsWith('0_'))).toHaveLength(2)
    expect(target.get('b')!.filter((t) => t.startsWith('1_'))).toHaveLength(2)
  })

  it('withholds tasks from a newcomer until their owner has given them up', () => {
    const plan = planTasks(tasksOf(4), [member('a', { owned: tasksOf(4) }), member('b')])
    expect(plan.followUp).toBe(true)
    expect(plan.granted.get('a')).toHaveLength(2)
    expect(plan.granted.get('b')).toEqual([])
    expect(plan.target.get('b')).toHaveLength(2)
    const settled = settle(tasksOf(4), [member('a', { owned: tasksOf(4) }), member('b')])
    expect(settled.rounds).toBe(2)
    expect(settled.members.map((m) => m.ownedTasks)).toEqual([plan.target.get('a'), plan.target.get('b')])
  })

  it('moves only the tasks of a member that left', () => {
    const plan = planTasks(tasksOf(6), [member('a', { owned: ['0_0', '0_3'] }), member('b', { owned: ['0_1', '0_4'] })])
    expect(plan.followUp).toBe(false)
    expect(plan.target.get('a')).toEqual(expect.arrayContaining(['0_0', '0_3']))
    expect(plan.target.get('b')).toEqual(expect.arrayContaining(['0_1', '0_4']))
  })

  it('prefers the member whose state is most advanced', () => {
    const { target } = planTasks(tasksOf(2), [
      member('a', { state: { '0_0': 10, '0_1': 90 } }),
      member('b', { state: { '0_0': 50, '0_1': 80 } }),
    ])
    expect(target.get('a')).toEqual(['0_1'])
    expect(target.get('b')).toEqual(['0_0'])
  })

  it('gives back to a restarted member the tasks it has state of', () => {
    const { target } = planTasks(tasksOf(4), [
      member('a', { owned: tasksOf(4) }),
      member('b', { state: { '0_1': 70, '0_2': 60 } }),
    ])
    expect(target.get('b')).toEqual(['0_1', '0_2'])
  })

  it('believes the newer generation where two members claim a task', () => {
    const plan = planTasks(tasksOf(2), [
      member('zombie', { owned: ['0_0', '0_1'], generation: 3 }),
      member('live', { owned: ['0_0'], generation: 5 }),
    ])
    expect(plan.granted.get('live')).toEqual(['0_0'])
    expect(plan.granted.get('zombie')).toEqual(['0_1'])
  })

  it('ignores owned tasks that no longer exist', () => {
    const plan = planTasks(tasksOf(1), [member('a', { owned: ['7_0', '0_0'] })])
    expect(plan.target.get('a')).toEqual(['0_0'])
  })

  it('does not depend on the order in which members are listed', () => {
    const members = [member('a', { owned: ['0_2'] }), member('b', { state: { '0_0': 5 } }), member('c')]
    const one = planTasks(tasksOf(5, 2), members)
    const other = planTasks(tasksOf(5, 2), [...members].reverse())
    for (const m of members) expect(other.target.get(m.memberId)).toEqual(one.target.get(m.memberId))
  })

  describe('for random groups', () => {
    let seed = 20_260_101
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      return Math.floor((seed / 0x80000000) * below)
    }

    const expectValid = (tasks: string[], members: AssignorMember[]): void => {
      const all = members.flatMap((m) => m.ownedTasks)
      expect([...all].sort()).toEqual([...tasks].sort())
      const spread = (counts: number[]): number => Math.max(...counts) - Math.min(...counts)
      expect(spread(members.map((m) => m.ownedTasks.length))).toBeLessThanOrEqual(1)
      for (const sub of new Set(tasks.map((t) => parseTaskId(t).subTopology))) {
        const counts = members.map((m) => m.ownedTasks.filter((t) => parseTaskId(t).subTopology === sub).length)
        expect(spread(counts)).toBeLessThanOrEqual(1)
      }
    }

    it('every task has one owner, shares differ by one at most, and nothing moves without a reason', () => {
      for (let run = 0; run < 200; run++) {
        const tasks = tasksOf(...Array.from({ length: 1 + random(4) }, () => 1 + random(12)))
        let members = Array.from({ length: 1 + random(5) }, (_, i) => member(`m${run}-${i}`))
        members = settle(tasks, members).members
        expectValid(tasks, members)
        for (let step = 0; step < 6; step++) {
          const before = members
          if (members.length > 1 && random(2) === 0) members = members.filter((_, i) => i !== random(members.length))
          else members = [...members, member(`m${run}-${step}-new`)]
          if (members.length === 0) break
          const settled = settle(tasks, members)
          expect(settled.rounds).toBeLessThanOrEqual(2)
          members = settled.members
          expectValid(tasks, members)
          if (members.length > before.length) {
            // with one more member each share only shrinks: what moves, moves to the newcomer or evens out a remainder
            const moved = members
              .filter((m) => before.some((b) => b.memberId === m.memberId))
              .flatMap((m) =>
                m.ownedTasks.filter((t) => !before.find((b) => b.memberId === m.memberId)!.ownedTasks.includes(t)),
              )
            expect(moved.length).toBeLessThanOrEqual(new Set(tasks.map((t) => parseTaskId(t).subTopology)).size)
          }
          const again = settle(tasks, members)
          expect(again.rounds).toBe(1)
          expect(ownedBy(again.members)).toEqual(ownedBy(members))
        }
      }
    })

    it('grants a task to nobody while another member still holds it', () => {
      for (let run = 0; run < 200; run++) {
        const tasks = tasksOf(1 + random(8), random(8))
        const count = 1 + random(5)
        const members = Array.from({ length: count }, (_, i) => member(`m${i}`, { owned: [] }))
        for (const task of tasks) {
          const at = random(count + 2)
          if (at < count) members[at] = { ...members[at]!, ownedTasks: [...members[at]!.ownedTasks, task] }
        }
        const plan = planTasks(tasks, members)
        for (const m of members) {
          for (const task of plan.granted.get(m.memberId)!) {
            expect(members.some((other) => other !== m && other.ownedTasks.includes(task))).toBe(false)
          }
        }
        const granted = [...plan.granted.values()].flat().length
        expect(plan.followUp).toBe(granted < tasks.length)
      }
    })
  })
})
