import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createKafkaJsClient } from '../../../../lib/kafka/kafkajs'
import type { GroupListener, KafkaClient } from '../../../../lib/kafka/port'
import { TinyBroker } from './tiny-broker'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const listener: GroupListener = {
  subscription: () => ({ topics: ['t'], userData: Buffer.alloc(0) }),
  assign: async () => new Map(),
  beforeRejoin: async () => {},
  assigned: async () => 'stable',
  lost: async () => {},
  failed: () => {},
}
const group = {
  groupId: 'g',
  protocol: 'p',
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 3_000,
  rebalanceTimeoutMs: 60_000,
}

describe('a kafkajs client', () => {
  const broker = new TinyBroker()
  let client: KafkaClient

  beforeEach(async () => {
    broker.silent = false
    broker.requests.length = 0
    await broker.start()
    // with these, whoever waited for an answer would outlast the test
    const patience = { connectionTimeout: 600_000, authenticationTimeout: 600_000, requestTimeout: 600_000 }
    client = createKafkaJsClient({ brokers: [`127.0.0.1:${broker.port}`], ...patience })
  })
  afterEach(async () => {
    await client.close()
    await broker.stop()
  })

  it('lets go of producers, memberships, fetchers and admins that were closed', async () => {
    const refs: Array<WeakRef<object>> = []
    const openAndClose = async (): Promise<void> => {
      const lease = { answeredAt: 0, holds: () => true, subscribe: () => () => {} }
      const [producer, membership] = [client.producer({ lease }), client.group(group, { ...listener })]
      const [fetcher, admin] = [client.fetcher({ isolation: 'read_committed' }), client.admin()]
      for (const part of [producer, membership, fetcher, admin]) refs.push(new WeakRef(part))
      await producer.close()
      await membership.leave()
      await fetcher.close()
      await admin.close()
    }
    await openAndClose()
    for (let turn = 0; turn < 3; turn++) {
      await new Promise(setImmediate)
      collectGarbage()
    }
    expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined, undefined])
  })

  it('closes at once while no broker answers, whatever is under way', async () => {
    broker.silent = true
    const producer = client.producer({})
    const transactional = client.producer({ transactionalId: 'id' })
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    const admin = client.admin()
    fetcher.assign('t', 0, 0)
    const pending = [
      producer.init(),
      transactional.init(),
      client.group(group, listener).join(),
      admin.topics(['t']),
      admin.createTopics([{ topic: 't', partitions: 1 }]),
      admin.listOffsets([{ topic: 't', partition: 0, at: 'latest' }]),
      admin.groupOffsets('g'),
      fetcher.poll(600_000).then(() => Promise.reject(Object.assign(new Error('ended'), { code: 'CLIENT_CLOSED' }))),
    ]
    const outcomes = Promise.allSettled(pending)
    // each on a connection of its own: two producers, fetcher, admin and the member's join
    while (broker.requests.length < 5) await new Promise(setImmediate)
    await client.close()
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CLIENT_CLOSED' } })
    }
    while (broker.connections > 0) await new Promise(setImmediate)
  })

  it('closes at once while connections are refused', async () => {
    await broker.stop()
    const joined = client.group(group, listener).join()
    const refused = expect(joined).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    const topics = expect(client.admin().topics(['t'])).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    await client.close()
    await refused
    await topics
  })

  it('a member leaves within two seconds although no coordinator can be found', async () => {
    const membership = client.group(group, listener)
    // as after a first answer: what has a member id says goodbye
    Object.assign((membership as unknown as { joining: object }).joining, { memberId: 'm' })
    broker.silent = true
    await membership.leave()
    expect(broker.requests.length).toBeGreaterThan(0)
  })
})
