import { EmbeddedKafka } from '../../../../lib/kafka/memory'
import type {
  Assignment,
  GroupConfig,
  GroupListener,
  GroupMembership,
  GroupMetadata,
  KafkaClient,
} from '../../../../lib/kafka/port'

const TIMEOUTS = { sessionTimeoutMs: 10_000, heartbeatIntervalMs: 3_000, rebalanceTimeoutMs: 60_000 }
const turns = (): Promise<void> => jest.advanceTimersByTimeAsync(0).then(() => undefined)

/** Writes down what a member is told; everything is assigned to the first member. */
class Recorder implements GroupListener {
  readonly told: string[] = []
  userData = ''
  on: Partial<GroupListener> = {}

  subscription() {
    return { topics: ['t'], userData: Buffer.from(this.userData) }
  }

  async assign(members: Parameters<GroupListener['assign']>[0]) {
    if (this.on.assign) return this.on.assign(members)
    const all = [{ topic: 't', partition: 0 }]
    return new Map(
      members.map(({ memberId }, i) => [memberId, { partitions: i === 0 ? all : [], userData: Buffer.alloc(0) }]),
    )
  }

  async beforeRejoin(current: GroupMetadata) {
    this.told.push(`beforeRejoin ${current.generationId}`)
    await this.on.beforeRejoin?.(current)
  }

  async assigned(assignment: Assignment, now: GroupMetadata) {
    this.told.push(`assigned ${now.generationId} [${assignment.partitions.map(({ partition }) => partition)}]`)
    return (await this.on.assigned?.(assignment, now)) ?? 'stable'
  }

  async lost(cause: Parameters<GroupListener['lost']>[0]) {
    this.told.push(`lost ${cause.code}`)
  }

  failed(cause: Error) {
    this.told.push(`failed ${cause.message}`)
  }
}

describe('MemoryMembership', () => {
  let kafka: EmbeddedKafka
  let client: KafkaClient

  const member = (listener: GroupListener, config: Partial<GroupConfig> = {}): GroupMembership =>
    client.group({ groupId: 'g', protocol: 'p', ...TIMEOUTS, ...config }, listener)
  const heartbeat = (): Promise<void> =>
    jest.advanceTimersByTimeAsync(TIMEOUTS.heartbeatIntervalMs).then(() => undefined)

  beforeEach(() => {
    jest.useFakeTimers()
    kafka = new EmbeddedKafka({ topics: { t: 1 } })
    client = kafka.client()
  })

  afterEach(async () => {
    await kafka.close()
    jest.useRealTimers()
  })

  it.each(['assign', 'assigned', 'beforeRejoin'] as const)(
    'ends, and leaves the group, when %s throws',
    async (method) => {
      const listener = new Recorder()
      const throws = { [method]: () => Promise.reject(new Error('boom')) }
      Object.assign(listener.on, throws)
      const membership = member(listener)
      const joined = membership.join()
      if (method === 'beforeRejoin') {
        await joined
        membership.requestRejoin('test')
      } else {
        await expect(joined).rejects.toThrow('boom')
      }
      await turns()
      expect(listener.told.at(-1)).toBe('failed boom')
      expect(await client.admin().groupMembers('g')).toBe(0)
      expect(jest.getTimerCount()).toBe(0)
    },
  )

  it('fails where the group uses another assignor', async () => {
    await member(new Recorder()).join()
    const listener = new Recorder()
    await expect(member(listener, { protocol: 'other' }).join()).rejects.toMatchObject({
      code: 'INCONSISTENT_GROUP_PROTOCOL',
    })
    expect(listener.told).toEqual([expect.stringContaining('failed')])
  })

  it('hears of a rebalance by heartbeat while it works, and commits before it rejoins', async () => {
    const first = new Recorder()
    const membership = member(first)
    await membership.join()
    first.on.beforeRejoin = () => membership.commit([{ topic: 't', partition: 0, offset: 5, metadata: 'm' }])
    const second = new Recorder()
    const joining = member(second).join()
    await turns()
    expect(first.told).toEqual(['assigned 1 [0]'])
    await heartbeat()
    await joining
    expect(first.told).toEqual(['assigned 1 [0]', 'beforeRejoin 1', 'assigned 2 [0]'])
    expect(second.told).toEqual(['assigned 2 []'])
    expect((await membership.committed([{ topic: 't', partition: 0 }])).get('t-0')).toEqual({
      offset: 5,
      metadata: 'm',
    })
  })

  it('stays a member, by heartbeats, through a long beforeRejoin', async () => {
    const listener = new Recorder()
    const membership = member(listener)
    await membership.join()
    let done = (): void => undefined
    listener.on.beforeRejoin = () => new Promise((resolve) => (done = resolve))
    membership.requestRejoin('test')
    for (let i = 0; i < 10; i++) await heartbeat()
    done()
    await turns()
    expect(listener.told).toEqual(['assigned 1 [0]', 'beforeRejoin 1', 'assigned 2 [0]'])
  })

  it('is told that all is lost when the group went on without it, and joins again', async () => {
    const slow = new Recorder()
    const membership = member(slow, { rebalanceTimeoutMs: 5_000 })
    await membership.join()
    let done = (): void => undefined
    slow.on.beforeRejoin = () => new Promise((resolve) => (done = resolve))
    const quick = new Recorder()
    const joining = member(quick, { rebalanceTimeoutMs: 5_000 }).join()
    await jest.advanceTimersByTimeAsync(9_000)
    await joining
    expect(quick.told).toEqual(['assigned 2 [0]'])
    done()
    await turns()
    await heartbeat()
    expect(slow.told).toEqual(['assigned 1 [0]', 'beforeRejoin 1', 'lost UNKNOWN_MEMBER_ID', 'assigned 3 []'])
  })

  it('rejects a commit before it has joined', async () => {
    const commit = member(new Recorder()).commit([{ topic: 't', partition: 0, offset: 5, metadata: '' }])
    await expect(commit).rejects.toMatchObject({ kind: 'fenced' })
  })

  it('rejects commits of a generation that is over', async () => {
    const listener = new Recorder()
    const membership = member(listener, { rebalanceTimeoutMs: 5_000 })
    await membership.join()
    listener.on.beforeRejoin = () => new Promise(() => undefined)
    void member(new Recorder(), { rebalanceTimeoutMs: 5_000 }).join()
    await jest.advanceTimersByTimeAsync(9_000)
    await expect(membership.commit([{ topic: 't', partition: 0, offset: 5, metadata: '' }])).rejects.toMatchObject({
      kind: 'fenced',
    })
  })

  it('starts the second phase of a hand-over at once when asked to', async () => {
    const listener = new Recorder()
    let phase = 0
    listener.on.assigned = async () => (phase++ === 0 ? 'rejoin' : 'stable')
    await member(listener).join()
    await turns()
    expect(listener.told).toEqual(['assigned 1 [0]', 'beforeRejoin 1', 'assigned 2 [0]'])
  })

  it('moves the group when a follower asks to rejoin, though its metadata is the same', async () => {
    const leader = new Recorder()
    await member(leader).join()
    const follower = new Recorder()
    const following = member(follower)
    const joining = following.join()
    await heartbeat()
    await joining
    following.requestRejoin('test')
    await heartbeat()
    expect(leader.told.at(-1)).toBe('assigned 3 [0]')
    expect(follower.told).toEqual(['assigned 2 []', 'beforeRejoin 2', 'assigned 3 []'])
  })

  it('is missed after its session timeout when its client is closed without leaving', async () => {
    const other = kafka.client()
    await other.group({ groupId: 'g', protocol: 'p', ...TIMEOUTS }, new Recorder()).join()
    await other.close()
    expect(await client.admin().groupMembers('g')).toBe(1)
    await jest.advanceTimersByTimeAsync(TIMEOUTS.sessionTimeoutMs)
    expect(await client.admin().groupMembers('g')).toBe(0)
  })

  it('waits for the end of a transaction before it tells committed offsets', async () => {
    const membership = member(new Recorder())
    await membership.join()
    const producer = client.producer({ transactionalId: 'x' })
    await producer.init()
    producer.begin()
    await producer.sendOffsets([{ topic: 't', partition: 0, offset: 7, metadata: '' }], membership.metadata())
    const committed = membership.committed([{ topic: 't', partition: 0 }])
    await jest.advanceTimersByTimeAsync(1_000)
    await producer.commit()
    await jest.advanceTimersByTimeAsync(1_000)
    expect((await committed).get('t-0')).toEqual({ offset: 7, metadata: '' })
  })

  it('does not forget a wish to rejoin that comes while the group is being joined', async () => {
    const listener = new Recorder()
    const membership = member(listener)
    listener.on.assign = async (members) => {
      delete listener.on.assign
      membership.requestRejoin('a topic was created')
      return new Map(members.map(({ memberId }) => [memberId, { partitions: [], userData: Buffer.alloc(0) }]))
    }
    await membership.join()
    await turns()
    expect(listener.told).toEqual(['assigned 1 []', 'beforeRejoin 1', 'assigned 2 [0]'])
  })

  it('can leave at any time, also from within a callback, and is then told nothing more', async () => {
    const first = new Recorder()
    await member(first).join()
    const waiting = new Recorder()
    const waitingMember = member(waiting)
    const joining = waitingMember.join()
    const rejected = expect(joining).rejects.toThrow('closed')
    await waitingMember.leave()
    await rejected
    expect(waiting.told).toEqual([])

    const leaver = new Recorder()
    const leaving = member(leaver, { groupId: 'other' })
    leaver.on.assigned = async () => {
      await leaving.leave()
      return 'stable'
    }
    await expect(leaving.join()).rejects.toThrow('closed')
    await turns()
    expect(leaver.told).toEqual(['assigned 1 [0]'])
    expect(await client.admin().groupMembers('other')).toBe(0)
  })

  it('keeps a static member in the group unless it leaves by force', async () => {
    const before = member(new Recorder(), { groupInstanceId: 'i' })
    await before.join()
    const { generationId } = before.metadata()
    await before.leave()
    expect(await client.admin().groupMembers('g')).toBe(1)
    const after = member(new Recorder(), { groupInstanceId: 'i' })
    await after.join()
    expect(after.metadata().generationId).toBe(generationId)
    await after.leave({ force: true })
    expect(await client.admin().groupMembers('g')).toBe(0)
  })

  it('fails for good when another process takes over its instance id', async () => {
    const old = new Recorder()
    await member(old, { groupInstanceId: 'i' }).join()
    await member(new Recorder(), { groupInstanceId: 'i' }).join()
    await heartbeat()
    expect(old.told).toEqual(['assigned 1 [0]', expect.stringContaining('failed Another process')])
    expect(await client.admin().groupMembers('g')).toBe(1)
  })
})
