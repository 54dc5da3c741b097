import { ConsumerGroup } from '../../../../lib/kafka/memory/consumer-group'
import type { JoinRequest, JoinResponse } from '../../../../lib/kafka/memory/group-protocol'
import type { Assignment, GroupMetadata } from '../../../../lib/kafka/port'

const SESSION_MS = 10_000
const REBALANCE_MS = 30_000

describe('ConsumerGroup', () => {
  let group: ConsumerGroup

  const request = (over: Partial<JoinRequest> = {}): JoinRequest => ({
    memberId: '',
    groupInstanceId: null,
    protocol: 'stream',
    topics: ['t'],
    userData: Buffer.alloc(0),
    sessionTimeoutMs: SESSION_MS,
    rebalanceTimeoutMs: REBALANCE_MS,
    ...over,
  })
  const at = (joined: JoinResponse, groupInstanceId: string | null = null): GroupMetadata => ({
    groupId: 'g',
    memberId: joined.memberId,
    generationId: joined.generationId,
    groupInstanceId,
  })
  const assignmentOf = (partition: number): Assignment => ({
    partitions: [{ topic: 't', partition }],
    userData: Buffer.from([partition]),
  })
  /** What the leader's member `i` gets is partition `i`. */
  const syncAs = (joined: JoinResponse, groupInstanceId: string | null = null): Promise<Assignment> => {
    const assignments = new Map(joined.members.map(({ memberId }, i) => [memberId, assignmentOf(i)]))
    return group.sync({ ...at(joined, groupInstanceId), ...(joined.members.length > 0 && { assignments }) })
  }
  /** Two members in a stable generation. */
  const stablePair = async (): Promise<[JoinResponse, JoinResponse]> => {
    const first = await group.join(request())
    const second = group.join(request())
    const again = group.join(request({ memberId: first.memberId }))
    const pair: [JoinResponse, JoinResponse] = [await again, await second]
    await Promise.all([syncAs(pair[0]), syncAs(pair[1])])
    return pair
  }
  const codeOf = async (call: () => unknown): Promise<string | undefined> => {
    try {
      await call()
      return undefined
    } catch (error) {
      return (error as { code?: string }).code
    }
  }

  /** Keeps the session alive, whatever it hears. */
  const heartbeatIgnored = (member: GroupMetadata): void => {
    try {
      group.heartbeat(member)
    } catch {
      // that a rebalance is going on
    }
  }

  beforeEach(() => {
    jest.useFakeTimers()
    group = new ConsumerGroup('g')
  })

  afterEach(() => {
    group.close()
    jest.useRealTimers()
  })

  it('refuses a member with another protocol, an unknown one, and one of an old generation', async () => {
    const [leader] = await stablePair()
    expect(await codeOf(() => group.join(request({ protocol: 'range' })))).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(await codeOf(() => group.join(request({ memberId: 'ghost' })))).toBe('UNKNOWN_MEMBER_ID')
    expect(await codeOf(() => group.heartbeat({ ...at(leader), memberId: 'ghost' }))).toBe('UNKNOWN_MEMBER_ID')
    expect(await codeOf(() => group.heartbeat({ ...at(leader), generationId: 1 }))).toBe('ILLEGAL_GENERATION')
    expect(await codeOf(() => group.validateCommit({ ...at(leader), generationId: 1 }))).toBe('ILLEGAL_GENERATION')
    expect(await codeOf(() => group.validateCommit({ ...at(leader), memberId: '', generationId: -1 }))).toBe(
      'UNKNOWN_MEMBER_ID',
    )
  })

  it('makes the first member the leader and hands each member its assignment', async () => {
    const first = await group.join(request({ userData: Buffer.from('a') }))
    expect(first).toMatchObject({ generationId: 1, leaderId: first.memberId })
    expect(first.members).toEqual([
      { memberId: first.memberId, groupInstanceId: null, topics: ['t'], userData: Buffer.from('a') },
    ])
    const second = group.join(request())
    const again = await group.join(request({ memberId: first.memberId }))
    expect(again.members).toHaveLength(2)
    expect((await second).members).toEqual([])
    const waiting = syncAs(await second)
    expect(await syncAs(again)).toEqual(assignmentOf(0))
    expect(await waiting).toEqual(assignmentOf(1))
  })

  it('tells members by heartbeat to rejoin, and takes commits of the old generation until all have', async () => {
    const [leader, follower] = await stablePair()
    void group.join(request())
    expect(await codeOf(() => group.heartbeat(at(follower)))).toBe('REBALANCE_IN_PROGRESS')
    expect(await codeOf(() => group.validateCommit(at(follower)))).toBeUndefined()
    const rejoined = group.join(request({ memberId: leader.memberId }))
    void group.join(request({ memberId: follower.memberId }))
    const next = await rejoined
    expect(await codeOf(() => group.validateCommit(at(follower)))).toBe('ILLEGAL_GENERATION')
    // the group waits for its leader's assignment
    expect(await codeOf(() => group.validateCommit(at(next)))).toBe('REBALANCE_IN_PROGRESS')
    expect(await codeOf(() => group.validateTransactionalCommit(at(next)))).toBeUndefined()
  })

  it('goes on without a member that does not rejoin within the rebalance timeout', async () => {
    const [leader, follower] = await stablePair()
    const rejoined = group.join(request({ memberId: leader.memberId, userData: Buffer.from('new') }))
    await jest.advanceTimersByTimeAsync(SESSION_MS - 1)
    heartbeatIgnored(at(follower))
    await jest.advanceTimersByTimeAsync(SESSION_MS - 1)
    heartbeatIgnored(at(follower))
    await jest.advanceTimersByTimeAsync(SESSION_MS - 1)
    heartbeatIgnored(at(follower))
    await jest.advanceTimersByTimeAsync(3)
    expect((await rejoined).members.map(({ memberId }) => memberId)).toEqual([leader.memberId])
    expect(await codeOf(() => group.heartbeat(at(follower)))).toBe('UNKNOWN_MEMBER_ID')
  })

  it('removes a member whose session times out, but not one that waits for an answer', async () => {
    const [leader, follower] = await stablePair()
    await jest.advanceTimersByTimeAsync(SESSION_MS - 1)
    group.heartbeat(at(leader))
    await jest.advanceTimersByTimeAsync(2)
    expect(group.memberCount).toBe(1)
    expect(await codeOf(() => group.heartbeat(at(leader)))).toBe('REBALANCE_IN_PROGRESS')
    expect(await codeOf(() => group.heartbeat(at(follower)))).toBe('UNKNOWN_MEMBER_ID')

    const alone = await group.join(request({ memberId: leader.memberId }))
    await syncAs(alone)
    const waiting = group.join(request())
    for (let i = 0; i < 2; i++) {
      await jest.advanceTimersByTimeAsync(SESSION_MS - 1)
      heartbeatIgnored(at(alone))
    }
    expect(group.memberCount).toBe(2)
    void group.join(request({ memberId: alone.memberId }))
    expect(await waiting).toMatchObject({ generationId: alone.generationId + 1 })
  })

  it('drops a leader that never assigns, and lets another one lead', async () => {
    const first = await group.join(request())
    const second = group.join(request())
    await group.join(request({ memberId: first.memberId }))
    const waiting = codeOf(async () => syncAs(await second))
    await jest.advanceTimersByTimeAsync(SESSION_MS + 1)
    expect(await waiting).toBe('REBALANCE_IN_PROGRESS')
    const led = await group.join(request({ memberId: (await second).memberId }))
    expect(led.leaderId).toBe(led.memberId)
    expect(led.members).toHaveLength(1)
  })

  it('gives a follower that only repeats itself what it has; new metadata moves the group', async () => {
    const [leader, follower] = await stablePair()
    expect(await group.join(request({ memberId: follower.memberId }))).toMatchObject({
      generationId: follower.generationId,
      members: [],
    })
    expect(await codeOf(() => group.heartbeat(at(leader)))).toBeUndefined()
    const moving = codeOf(() => group.join(request({ memberId: follower.memberId, userData: Buffer.from('changed') })))
    expect(await codeOf(() => group.heartbeat(at(leader)))).toBe('REBALANCE_IN_PROGRESS')
    group.close()
    expect(await moving).toBe('UNKNOWN_MEMBER_ID')
  })

  it('rebalances when a member leaves, and is empty after the last one', async () => {
    const [leader, follower] = await stablePair()
    group.leave(follower.memberId, null)
    expect(await codeOf(() => group.heartbeat(at(leader)))).toBe('REBALANCE_IN_PROGRESS')
    group.leave(leader.memberId, null)
    expect(group.memberCount).toBe(0)
    expect(await codeOf(() => group.validateCommit({ ...at(leader), memberId: '', generationId: -1 }))).toBeUndefined()
  })

  it('lets a static member return under a new id without a rebalance, and fences the old one', async () => {
    const other = await group.join(request())
    const joining = group.join(request({ groupInstanceId: 'i' }))
    const leader = await group.join(request({ memberId: other.memberId }))
    const before = await joining
    await Promise.all([syncAs(leader), syncAs(before, 'i')])

    const after = await group.join(request({ groupInstanceId: 'i', userData: Buffer.from('restarted') }))
    expect(after.generationId).toBe(before.generationId)
    expect(after.memberId).not.toBe(before.memberId)
    expect(await syncAs(after, 'i')).toEqual(assignmentOf(1))
    expect(await codeOf(() => group.heartbeat(at(leader)))).toBeUndefined()
    expect(await codeOf(() => group.heartbeat(at(before, 'i')))).toBe('FENCED_INSTANCE_ID')
    expect(await codeOf(() => group.validateCommit(at(before, 'i')))).toBe('FENCED_INSTANCE_ID')
    expect(await codeOf(() => group.join(request({ memberId: before.memberId, groupInstanceId: 'i' })))).toBe(
      'FENCED_INSTANCE_ID',
    )
  })

  it('does not let a returned static leader assign anew', async () => {
    const before = await group.join(request({ groupInstanceId: 'i' }))
    await syncAs(before, 'i')
    const after = await group.join(request({ groupInstanceId: 'i' }))
    expect(after.leaderId).not.toBe(after.memberId)
    expect(after.members).toEqual([])
    expect(await syncAs(after, 'i')).toEqual(assignmentOf(0))
  })

  it('keeps a static member through a rebalance that it misses', async () => {
    const dynamic = await group.join(request({ sessionTimeoutMs: 10 * REBALANCE_MS }))
    const joining = group.join(request({ groupInstanceId: 'i', sessionTimeoutMs: 10 * REBALANCE_MS }))
    const leader = await group.join(request({ memberId: dynamic.memberId }))
    await joining
    await syncAs(leader)
    const rejoined = group.join(request({ memberId: leader.memberId }))
    await jest.advanceTimersByTimeAsync(REBALANCE_MS + 1)
    expect((await rejoined).members.map(({ groupInstanceId }) => groupInstanceId)).toEqual([null, 'i'])
  })
})
