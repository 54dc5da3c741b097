import { createKafkaJsClient } from '../../../lib/kafka/kafkajs'
import { type KafkaClient } from '../../../lib/kafka/port'
import { describeWithOwnKafka, startKafka, type KafkaCluster } from '../../support/kafka-broker'
import type { TcpProxy } from '../../support/tcp-proxy'
import { TestMember, type TestMemberOptions } from '../../../lib/testing/contracts/kafka/group-member'
import { tpKey } from '../../../lib/record/topic-partition'

const JOIN_GROUP = 11
const HEARTBEAT = 12
const SYNC_GROUP = 14
const OFFSET_COMMIT = 8

const HEARTBEAT_INTERVAL_MS = 100
/** Of members whose sessions are to end, or could: longer than a busy machine may stop for. */
const SESSION_MS = 12_000

let names = 0

describeWithOwnKafka('membership by the kafkajs adapter when things break', () => {
  let cluster: KafkaCluster
  let proxy: TcpProxy
  let client: KafkaClient

  beforeAll(async () => {
    cluster = await startKafka({ proxy: true })
    proxy = cluster.brokers[0]!.proxy!
  })

  afterAll(() => cluster?.close())

  beforeEach(() => {
    client = createKafkaJsClient({ ...cluster.clientConfig(), requestTimeout: 2_000 })
  })

  afterEach(async () => {
    proxy.onRequest(() => 'forward')
    proxy.onResponse(() => 'forward')
    proxy.heal()
    await client.close()
  })

  const setUp = async () => {
    const topic = `topic-${++names}`
    await client.admin().createTopics([{ topic, partitions: 2 }])
    const groupId = `group-${names}`
    const member = (name: string, options: Partial<TestMemberOptions> = {}): TestMember => {
      const config = { groupId, topics: [topic], heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS }
      const created = new TestMember(client, { ...config, ...options })
      created.userData = Buffer.from(name)
      return created
    }
    return { topic, member }
  }

  it.each([
    ['JoinGroup', JOIN_GROUP],
    ['SyncGroup', SYNC_GROUP],
  ])('joins although an answer to %s is lost', async (_name, apiKey) => {
    const { member } = await setUp()
    const a = member('a')
    proxy.dropResponses(apiKey, 1, 'cut')
    await a.group.join()
    await a.owns(0)
    expect(a.count('failed')).toBe(0)
  })

  it('waits for members of another kind, such as Kafka Streams leaves behind, and joins when they are gone', async () => {
    const { member } = await setUp()
    const other = member('other', { protocol: 'stream' })
    await other.group.join()
    const a = member('a')
    const joining = a.group.join()
    await proxy.answersTo(JOIN_GROUP, 3)
    expect(a.count('assigned')).toBe(0)
    await other.group.leave()
    await joining
    await a.owns(0)
    expect(a.count('failed')).toBe(0)
  })

  it('a commit whose answer is lost is sent again', async () => {
    const { topic, member } = await setUp()
    const a = member('a')
    await a.group.join()
    proxy.dropResponses(OFFSET_COMMIT, 1, 'cut')
    await a.group.commit([{ topic, partition: 0, offset: 3, metadata: '' }])
    const committed = await a.group.committed([{ topic, partition: 0 }])
    expect(committed).toEqual(new Map([[tpKey(topic, 0), { offset: 3, metadata: '' }]]))
  })

  it('cut connections do not cost the membership', async () => {
    const { topic, member } = await setUp()
    const a = member('a')
    await a.group.join()
    for (let i = 0; i < 5; i++) {
      proxy.cut()
      await proxy.answersTo(HEARTBEAT, 2)
    }
    await a.group.commit([{ topic, partition: 0, offset: 1, metadata: '' }])
    expect(a.events.map(({ type }) => type)).toEqual(['assign', 'assigned'])
  })

  it('the lease ends when no heartbeat was answered for a session, and holds again when one is', async () => {
    const { member } = await setUp()
    const a = member('a', { sessionTimeoutMs: SESSION_MS })
    await a.group.join()
    const change = (): Promise<boolean> =>
      new Promise((resolve) => {
        const unsubscribe = a.group.lease.subscribe((held) => {
          unsubscribe()
          resolve(held)
        })
      })
    const ended = change()
    proxy.dropResponses(HEARTBEAT)
    expect(await ended).toBe(false)
    expect(a.group.lease.holds()).toBe(false)
    const restored = change()
    proxy.onResponse(() => 'forward')
    expect(await restored).toBe(true)
    // the broker has heard every heartbeat
    expect(a.count('lost')).toBe(0)
  })

  it('the lease is held while a rejoin is parked for longer than a session', async () => {
    const { member } = await setUp()
    let release!: () => void
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const a = member('a', { sessionTimeoutMs: SESSION_MS })
    const b = member('b', { sessionTimeoutMs: SESSION_MS, beforeRejoin: () => released })
    // one after the other: a second member would make the first rejoin, and b's rejoin waits to be released
    await a.group.join()
    await a.owns(0)
    await b.group.join()
    await a.owns(0)
    await b.owns(1)
    const told: boolean[] = []
    a.group.lease.subscribe((held) => told.push(held))
    a.group.requestRejoin('to be parked until the other one comes')
    await a.next('beforeRejoin')
    // of both members, for a session and a half
    await proxy.answersTo(HEARTBEAT, (2 * 1.5 * SESSION_MS) / HEARTBEAT_INTERVAL_MS)
    expect(told).toEqual([])
    release()
    await a.next('assigned')
    expect(a.count('lost')).toBe(0)
  })

  it('joins once a broker can be reached', async () => {
    const { member } = await setUp()
    proxy.refuse()
    const a = member('a')
    const refused = proxy.refused()
    const joined = a.group.join()
    await refused
    proxy.heal()
    await joined
    await a.owns(0)
  })

  it('leave does not wait for a broker that is gone', async () => {
    const { member } = await setUp()
    const a = member('a')
    await a.group.join()
    proxy.refuse()
    await a.group.leave()
    await a.group.leave()
    expect(a.count('failed')).toBe(0)
  })

  it('the group coordinator goes away and comes back: everybody is still a member', async () => {
    const { topic, member } = await setUp()
    const members = [member('a'), member('b')]
    for (const { group } of members) await group.join()
    const [a, b] = members as [TestMember, TestMember]
    await a.owns(0)
    await a.owns(0)
    const generation = await b.owns(1)
    const broker = cluster.brokers[0]!
    await broker.stop()
    const committed = a.group.commit([{ topic, partition: 0, offset: 7, metadata: 'while it was away' }])
    await broker.start()
    await committed
    // both go on, in whatever generation: the group can still rebalance
    b.group.requestRejoin('to see that it works')
    const next = await b.owns(1)
    expect(next).toBeGreaterThan(generation)
    expect(await a.owns(0)).toBeGreaterThan(generation)
    expect(a.count('failed') + b.count('failed') + a.count('lost') + b.count('lost')).toBe(0)
    expect((await b.group.committed([{ topic, partition: 0 }])).get(tpKey(topic, 0))).toMatchObject({ offset: 7 })
  })
})
