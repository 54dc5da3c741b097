import { eventually } from './eventually'
import { readTopic } from './reading'
import type { KafkaContract } from './under-test'
import { appendText, startProducer, transact } from './writing'
import { tpKey } from '../../../lib/record/topic-partition'

export const adminContract: KafkaContract = (kafka) => {
  const missing = (): string => kafka.uniqueName('missing')

  describe('topics', () => {
    it('are created with partitions and configs, each with its own outcome', async () => {
      const admin = kafka.client().admin()
      const [topic, bad] = [kafka.uniqueName('new'), kafka.uniqueName('bad')]
      const existing = await kafka.createTopic()
      const results = await admin.createTopics([
        { topic, partitions: 3, replicationFactor: 1, configs: { 'cleanup.policy': 'compact' } },
        { topic: existing, partitions: 5 },
        { topic: `${bad}/slash`, partitions: 1 },
        { topic: bad, partitions: 1, configs: { 'no.such.config': '1' } },
      ])
      expect(results.get(topic)).toBe('created')
      expect(results.get(existing)).toBe('exists')
      expect(results.get(`${bad}/slash`)).toMatchObject({ kind: 'invalid', code: 'INVALID_TOPIC_EXCEPTION' })
      expect(results.get(bad)).toMatchObject({ kind: 'invalid', code: 'INVALID_CONFIG' })
      await eventually(async () => {
        expect(await admin.topics([topic, existing])).toEqual([
          { topic, partitions: 3 },
          { topic: existing, partitions: 1 },
        ])
        expect((await admin.topicConfigs(topic)).get('cleanup.policy')).toEqual({ value: 'compact', isDefault: false })
      })
    })

    it('that are missing have an error of their own and do not fail the others', async () => {
      const [topic, other] = [await kafka.createTopic(2), missing()]
      const [first, second] = await kafka.admin().topics([other, topic])
      expect(first).toMatchObject({ topic: other, partitions: 0, error: { kind: 'unknownTopic' } })
      expect(second).toEqual({ topic, partitions: 2 })
      expect(await kafka.admin().topics([])).toEqual([])
    })

    it('are listed, the broker’s own left out', async () => {
      const topic = await kafka.createTopic()
      await eventually(async () => expect(await kafka.admin().listTopics()).toContain(topic))
      expect((await kafka.admin().listTopics()).filter((name) => name.startsWith('__'))).toEqual([])
    })

    it('are deleted; a missing one is an error', async () => {
      const topic = await kafka.createTopic()
      const admin = kafka.client().admin()
      await admin.deleteTopics([topic])
      await expect(admin.deleteTopics([topic])).rejects.toMatchObject({ kind: 'unknownTopic' })
      await admin.deleteTopics([])
    })
  })

  describe('topic configs', () => {
    it('are altered one by one: the others stay, and null goes back to the default', async () => {
      const topic = await kafka.createTopic(1, { 'retention.ms': '86400000', 'max.message.bytes': '2000000' })
      const admin = kafka.client().admin()
      await admin.alterTopicConfigs(topic, { 'cleanup.policy': 'compact' })
      await admin.alterTopicConfigs(topic, { 'retention.ms': null })
      await eventually(async () => {
        const configs = await admin.topicConfigs(topic)
        expect(configs.get('cleanup.policy')).toEqual({ value: 'compact', isDefault: false })
        expect(configs.get('max.message.bytes')).toEqual({ value: '2000000', isDefault: false })
        expect(configs.get('retention.ms')).toEqual({ value: '604800000', isDefault: true })
      })
    })

    it('of a missing topic, and ones that do not exist, are errors', async () => {
      const topic = await kafka.createTopic()
      const admin = kafka.admin()
      await expect(admin.topicConfigs(missing())).rejects.toMatchObject({ kind: 'unknownTopic' })
      await expect(admin.alterTopicConfigs(missing(), { 'retention.ms': '1' })).rejects.toMatchObject({
        kind: 'unknownTopic',
      })
      await expect(admin.alterTopicConfigs(topic, { 'no.such': '1' })).rejects.toMatchObject({ kind: 'invalid' })
    })
  })

  describe('offsets', () => {
    it('are told by position and by time', async () => {
      const topic = await kafka.createTopic(2)
      const producer = await startProducer(kafka.client(), [topic])
      for (const timestamp of [1_000, 2_000, 3_000]) appendText(producer, topic, 'k', 'v', { timestamp })
      await producer.flush()
      const offsets = async (at: 'earliest' | 'latest' | number): Promise<number[]> => {
        const found = await kafka.admin().listOffsets([0, 1].map((partition) => ({ topic, partition, at })))
        return [found.get(tpKey(topic, 0))!, found.get(tpKey(topic, 1))!]
      }
      expect(await offsets('earliest')).toEqual([0, 0])
      expect(await offsets('latest')).toEqual([3, 0])
      expect(await offsets(1_500)).toEqual([1, 0])
      expect(await offsets(3_000)).toEqual([2, 0])
      expect(await offsets(3_001)).toEqual([3, 0])
    })

    it('end at an open transaction for who reads committed records', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic], { transactionalId: kafka.uniqueName('txn') })
      await transact(producer, topic, [['k', 'v']], 'commit')
      producer.begin()
      appendText(producer, topic, 'k', 'open')
      await producer.flush()
      const end = async (isolation: 'read_committed' | 'read_uncommitted'): Promise<number | undefined> =>
        (await kafka.admin().listOffsets([{ topic, partition: 0, at: 'latest' }], isolation)).get(tpKey(topic, 0))
      expect(await end('read_committed')).toBe(2)
      expect(await end('read_uncommitted')).toBe(3)
      await producer.abort()
    })

    it('of a missing topic or partition are an error', async () => {
      const topic = await kafka.createTopic()
      const ask = (name: string, partition: number): Promise<unknown> =>
        kafka.admin().listOffsets([{ topic: name, partition, at: 'latest' }])
      await expect(ask(missing(), 0)).rejects.toMatchObject({ kind: 'unknownTopic' })
      await expect(ask(topic, 7)).rejects.toMatchObject({ kind: 'unknownTopic', partition: { topic, partition: 7 } })
      expect(await kafka.admin().listOffsets([])).toEqual(new Map())
    })
  })

  describe('deleting records', () => {
    it('moves the start of the log', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic])
      for (let i = 0; i < 5; i++) appendText(producer, topic, 'k', String(i))
      await producer.flush()
      await kafka.admin().deleteRecords([{ topic, partition: 0, offset: 3 }])
      const starts = await kafka.admin().listOffsets([{ topic, partition: 0, at: 'earliest' }])
      expect(starts.get(tpKey(topic, 0))).toBe(3)
      expect((await readTopic(kafka.client(), topic)).map(({ value }) => value)).toEqual(['3', '4'])
    })

    it('beyond the end is refused', async () => {
      const topic = await kafka.createTopic()
      await expect(kafka.admin().deleteRecords([{ topic, partition: 0, offset: 1 }])).rejects.toMatchObject({
        kind: 'offsetOutOfRange',
        partition: { topic, partition: 0 },
      })
    })
  })

  describe('groups', () => {
    it('without offsets or members are empty, and can not be deleted', async () => {
      const group = kafka.uniqueName('group')
      const admin = kafka.admin()
      expect(await admin.groupOffsets(group)).toEqual(new Map())
      expect(await admin.groupMembers(group)).toBe(0)
      await expect(admin.deleteGroup(group)).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
    })
  })

  it('a closed admin refuses every call', async () => {
    const admin = kafka.client().admin()
    await admin.close()
    await expect(admin.listTopics()).rejects.toMatchObject({ kind: 'fatal', code: 'CLIENT_CLOSED' })
    await expect(admin.topics(['x'])).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    await admin.close()
  })
}
