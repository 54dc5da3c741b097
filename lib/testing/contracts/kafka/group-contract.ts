import assert from 'node:assert/strict'
import { assertMatches, matching } from './assert-matches'
import { type Assignment, type GroupMember } from '../../../kafka/port'
import { assignmentOf, NO_BYTES, partitionsOf, TestMember, type TestMemberOptions } from './group-member'
import type { KafkaContract } from './kafka-client-setup'
import { tpKey } from '../../../record/topic-partition'

export const groupContract: KafkaContract = ({ describe, test }, kafka) => {
  const setUp = async (partitions = 2) => {
    const topic = await kafka.createTopic(partitions)
    const groupId = kafka.uniqueName('group')
    const member = (name: string, options: Partial<TestMemberOptions> = {}): TestMember => {
      const created = new TestMember(kafka.client(), { groupId, topics: [topic], ...options })
      created.userData = Buffer.from(name)
      return created
    }
    return { topic, groupId, member }
  }

  const gate = () => {
    let open!: () => void
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    return { open, opened }
  }

  describe('joining', () => {
    test('the leader sees every member, and each gets its partitions and user data', async () => {
      const { topic, groupId, member } = await setUp()
      const assign = async (members: GroupMember[]): Promise<Map<string, Assignment>> =>
        new Map(
          members.map((m) => [
            m.memberId,
            assignmentOf(topic, [m.userData[0]! - 97], Buffer.from(`for ${m.userData}`)),
          ]),
        )
      const a = member('a', { assign })
      await a.group.join()
      const b = member('b', { assign })
      await b.group.join()
      await a.owns(0)
      const { members } = a.events.filter((event) => event.type === 'assign').at(-1)!
      const seen = members.map(({ topics, userData }) => `${userData} of ${String(topics)}`)
      assert.deepEqual(seen.sort(), [`a of ${topic}`, `b of ${topic}`])
      const { assignment, group } = await b.next('assigned')
      assert.deepEqual(partitionsOf(assignment), [1])
      assert.equal(String(assignment.userData), 'for b')
      assert.deepEqual(group, b.group.metadata())
      assertMatches(group, { groupId, groupInstanceId: null })
      assert.ok(members.map(({ memberId }) => memberId).includes(group.memberId))
    })

    test('a member without an assignment from the leader owns nothing', async () => {
      const { topic, member } = await setUp()
      const assign = async (members: GroupMember[]): Promise<Map<string, Assignment>> =>
        new Map(members.filter((m) => String(m.userData) === 'a').map((m) => [m.memberId, assignmentOf(topic, [0, 1])]))
      const a = member('a', { assign })
      await a.group.join()
      const b = member('b', { assign })
      await b.group.join()
      const { assignment } = await b.next('assigned')
      assert.deepEqual(assignment, { partitions: [], userData: NO_BYTES })
    })

    for (const hook of ['assign', 'assigned'] as const)
      test(`an error in ${hook} ends the membership and is told`, async () => {
        const { member } = await setUp()
        const boom = new Error('boom')
        const a = member('a', { [hook]: () => Promise.reject(boom) })
        await assert.rejects(a.group.join(), (error) => error === boom)
        assertMatches(await a.next('failed'), { cause: boom })
        await a.group.leave()
        const b = member('b')
        await b.group.join()
        await b.owns(0)
      })

    test('leave while the join is parked resolves, and nothing is told any more', async () => {
      const { member } = await setUp()
      const { open, opened } = gate()
      const a = member('a', { beforeRejoin: () => opened })
      await a.group.join()
      const b = member('b')
      const joined = b.group.join()
      await a.next('beforeRejoin')
      const refused = assert.rejects(joined, matching({ code: 'CLIENT_CLOSED' }))
      await b.group.leave()
      await refused
      open()
      await a.owns(0)
      assert.deepEqual(b.events, [])
      await assert.rejects(b.group.join(), matching({ code: 'CLIENT_CLOSED' }))
    })
  })

  describe('rebalancing', () => {
    test('beforeRejoin is awaited and can commit in the old generation', async () => {
      const { topic, groupId, member } = await setUp()
      const { open, opened } = gate()
      const a = member('a', {
        beforeRejoin: async () => {
          await opened
          await a.group.commit([{ topic, partition: 0, offset: 4, leaderEpoch: 2, metadata: 'at the last moment' }])
        },
      })
      await a.group.join()
      const old = await a.owns(0)
      const b = member('b')
      const joined = b.group.join()
      assert.equal((await a.next('beforeRejoin')).group.generationId, old)
      assert.equal(b.count('assigned'), 0)
      open()
      await joined
      assert.ok((await b.owns(1)) > old)
      const committed = await kafka.admin().groupOffsets(groupId)
      assert.deepEqual(committed.get(tpKey(topic, 0)), { offset: 4, leaderEpoch: 2, metadata: 'at the last moment' })
    })

    test('an error in beforeRejoin ends the membership and is told', async () => {
      const { member } = await setUp()
      const boom = new Error('boom')
      const a = member('a', { beforeRejoin: () => Promise.reject(boom), sessionTimeoutMs: 6_000 })
      await a.group.join()
      const b = member('b')
      const joined = b.group.join()
      assertMatches(await a.next('failed'), { cause: boom })
      await a.group.leave()
      await joined
      assert.equal(b.count('failed'), 0)
    })

    test('hands partitions over in two phases, without a stop for those that stay', async () => {
      const { topic, member } = await setUp(4)
      const owned = new Map<string, number[]>()
      const { open, opened: bothAssigned } = gate()
      // a partition goes to its new owner only once the old one has given it up
      const assign = async (members: GroupMember[]): Promise<Map<string, Assignment>> => {
        const shares =
          members.length === 1
            ? [[0, 1, 2, 3]]
            : [
                [0, 1],
                [2, 3],
              ]
        const inOrder = [...members].sort((x, y) => Buffer.compare(x.userData, y.userData))
        const target = new Map(inOrder.map((m, i) => [String(m.userData), shares[i]!]))
        return new Map(
          inOrder.map((m) => {
            const name = String(m.userData)
            const elsewhere = [...owned].flatMap(([other, partitions]) => (other === name ? [] : partitions))
            return [
              m.memberId,
              assignmentOf(
                topic,
                target.get(name)!.filter((partition) => !elsewhere.includes(partition)),
              ),
            ]
          }),
        )
      }
      const options = (name: string): Partial<TestMemberOptions> => ({
        assign,
        assigned: async (assignment) => {
          const before = owned.get(name) ?? []
          owned.set(name, partitionsOf(assignment))
          if (name === 'b') open()
          if (before.every((partition) => owned.get(name)!.includes(partition))) return 'stable'
          // who joins again before the others have their assignments has them skip this generation
          await bothAssigned
          return 'rejoin'
        },
      })
      const a = member('a', options('a'))
      await a.group.join()
      await a.owns(0, 1, 2, 3)
      const b = member('b', options('b'))
      await b.group.join()
      const first = await b.owns()
      assert.equal(await a.owns(0, 1), first)
      assert.equal(await b.owns(2, 3), first + 1)
      assert.equal(await a.owns(0, 1), first + 1)
    })

    test('any member can ask for it, a follower too', async () => {
      const { member } = await setUp()
      const members = [member('a'), member('b')]
      for (const m of members) await m.group.join()
      const [a, b] = members as [TestMember, TestMember]
      await a.owns(0)
      let generation = await b.owns(1)
      assert.equal(await a.owns(0), generation)
      for (const m of members) {
        m.group.requestRejoin('the test wants it')
        assert.equal(await a.owns(0), ++generation)
        assert.equal(await b.owns(1), generation)
      }
    })

    test('a wish to rejoin during a join is met after it', async () => {
      const { member } = await setUp()
      let wishes = 0
      const a = member('a', {
        assigned: async () => {
          if (wishes++ === 0) a.group.requestRejoin('found out while joining')
          return 'stable'
        },
      })
      await a.group.join()
      const first = (await a.next('assigned')).group.generationId
      assert.ok((await a.next('assigned')).group.generationId > first)
    })

    test('a member that leaves is not waited for', async () => {
      const { groupId, member } = await setUp()
      const a = member('a')
      const b = member('b')
      await a.group.join()
      await b.group.join()
      await b.owns(1)
      await a.group.leave()
      await b.owns(0)
      assert.equal(await kafka.admin().groupMembers(groupId), 1)
      await b.group.leave()
      assert.equal(await kafka.admin().groupMembers(groupId), 0)
    })
  })

  describe('losing the membership', () => {
    test('a member that is late for the rebalance is told, is fenced, and comes back as another', async () => {
      const { topic, member } = await setUp()
      const { open, opened } = gate()
      const a = member('a', { rebalanceTimeoutMs: 1_000, beforeRejoin: () => opened })
      await a.group.join()
      await a.owns(0)
      const old = a.group.metadata()
      const b = member('b', { rebalanceTimeoutMs: 1_000 })
      await b.group.join()
      await b.owns(0)
      await assert.rejects(
        a.group.commit([{ topic, partition: 0, offset: 9, metadata: '' }]),
        matching({
          kind: 'fenced',
        }),
      )
      open()
      assertMatches(await a.next('lost'), { cause: { kind: 'fenced' } })
      await a.owns(0)
      assert.notEqual(a.group.metadata().memberId, old.memberId)
      assert.equal((await a.group.committed([{ topic, partition: 0 }])).size, 0)
    })

    test('a member whose session has expired comes back as another', async () => {
      const { member } = await setUp()
      const a = member('a', { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 7_000 })
      await a.group.join()
      await a.owns(0)
      const { memberId } = a.group.metadata()
      assertMatches(await a.next('lost'), { cause: { code: 'UNKNOWN_MEMBER_ID' } })
      await a.owns(0)
      assert.notEqual(a.group.metadata().memberId, memberId)
    })

    test('keeps the lost generation until the next one: what still goes out under it is fenced', async () => {
      const { topic, member } = await setUp()
      const { open, opened } = gate()
      const { open: goOn, opened: told } = gate()
      const a = member('a', { rebalanceTimeoutMs: 1_000, beforeRejoin: () => opened, lost: () => told })
      await a.group.join()
      await a.owns(0)
      const old = a.group.metadata()
      const b = member('b', { rebalanceTimeoutMs: 1_000 })
      await b.group.join()
      open()
      await a.next('lost')
      assert.deepEqual(a.group.metadata(), old)
      const refused = { kind: 'fenced' }
      await assert.rejects(a.group.commit([{ topic, partition: 0, offset: 9, metadata: '' }]), matching(refused))
      goOn()
      await a.owns(0)
      assert.ok(a.group.metadata().generationId > old.generationId)
    })

    test('an error in lost ends the membership and is told', async () => {
      const { member } = await setUp()
      const boom = new Error('boom')
      const { open, opened } = gate()
      const a = member('a', { rebalanceTimeoutMs: 1_000, beforeRejoin: () => opened, lost: () => Promise.reject(boom) })
      await a.group.join()
      const b = member('b', { rebalanceTimeoutMs: 1_000 })
      await b.group.join()
      open()
      assertMatches(await a.next('failed'), { cause: boom })
    })
  })

  describe('static membership', () => {
    test('a member that restarts gets its part back, and nobody else notices', async () => {
      const { groupId, member } = await setUp()
      const a = member('a', { groupInstanceId: 'instance-a' })
      const b = member('b', { groupInstanceId: 'instance-b' })
      await a.group.join()
      await b.group.join()
      const generation = await b.owns(1)
      const rebalances = a.count('beforeRejoin')
      const { memberId } = b.group.metadata()
      await b.group.leave()
      assert.equal(await kafka.admin().groupMembers(groupId), 2)
      const again = member('b', { groupInstanceId: 'instance-b' })
      await again.group.join()
      assert.equal(await again.owns(1), generation)
      assertMatches(again.group.metadata(), { groupInstanceId: 'instance-b' })
      assert.notEqual(again.group.metadata().memberId, memberId)
      assert.equal(a.count('beforeRejoin'), rebalances)
    })

    test('a second process with the same instance id fences the first', async () => {
      const { topic, member } = await setUp()
      const a = member('a', { groupInstanceId: 'instance' })
      await a.group.join()
      const same = member('a', { groupInstanceId: 'instance' })
      await same.group.join()
      await same.owns(0)
      assertMatches(await a.next('failed'), { cause: { kind: 'fenced', code: 'FENCED_INSTANCE_ID' } })
      await assert.rejects(
        a.group.commit([{ topic, partition: 0, offset: 1, metadata: '' }]),
        matching({
          kind: 'fenced',
        }),
      )
      assert.equal(a.count('lost'), 0)
    })

    test('leaves for good when forced to', async () => {
      const { groupId, member } = await setUp()
      const a = member('a', { groupInstanceId: 'instance' })
      await a.group.join()
      await a.group.leave({ force: true })
      assert.equal(await kafka.admin().groupMembers(groupId), 0)
    })
  })

  describe('offsets', () => {
    test('are committed with metadata; a partition without one is absent', async () => {
      const { topic, member } = await setUp()
      const a = member('a')
      await a.group.join()
      assert.deepEqual(await a.group.committed([]), new Map())
      await a.group.commit([])
      await a.group.commit([{ topic, partition: 1, offset: 0, metadata: '' }])
      await a.group.commit([{ topic, partition: 1, offset: 12_345_678_901, metadata: 'größer' }])
      const committed = await a.group.committed([
        { topic, partition: 0 },
        { topic, partition: 1 },
      ])
      assert.deepEqual(committed, new Map([[tpKey(topic, 1), { offset: 12_345_678_901, metadata: 'größer' }]]))
    })

    test('are refused before the first join', async () => {
      const { topic, member } = await setUp()
      await assert.rejects(
        member('a').group.commit([{ topic, partition: 0, offset: 1, metadata: '' }]),
        matching({
          kind: 'fenced',
        }),
      )
    })
  })
}
