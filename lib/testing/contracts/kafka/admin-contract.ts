import assert from 'node:assert/strict'
import { assertMatches, matching } from './assert-matches'
import { eventually } from './eventually'
import { TestMember } from './group-member'
import { readTopic } from './reading'
import type { KafkaContract } from './kafka-client-setup'
import { appendText, startProducer, transact } from './writing'
import { tpKey } from '../../../record/topic-partition'

export const adminContract: KafkaContract = ({ describe, test }, kafka) => {
  const missing = (): string => kafka.uniqueName('missing')

  describe('topics', () => {
    test('are created with partitions and configs, each with its own outcome', async () => {
      const admin = kafka.client().admin()
      const [topic, bad] = [kafka.uniqueName('new'), kafka.uniqueName('bad')]
      const existing = await kafka.createTopic()
      const results = await admin.createTopics([
        { topic, partitions: 3, replicationFactor: 1, configs: { 'cleanup.policy': 'compact' } },
        { topic: existing, partitions: 5 },
        { topic: `${bad}/slash`, partitions: 1 },
        { topic: bad, partitions: 1, configs: { 'no.such.config': '1' } },
      ])
      assert.equal(results.get(topic), 'created')
      assert.equal(results.get(existing), 'exists')
      assertMatches(results.get(`${bad}/slash`), { kind: 'invalid', code: 'INVALID_TOPIC_EXCEPTION' })
      assertMatches(results.get(bad), { kind: 'invalid', code: 'INVALID_CONFIG' })
      await eventually(async () => {
        assert.deepEqual(await admin.topics([topic, existing]), [
          { topic, partitions: 3 },
          { topic: existing, partitions: 1 },
        ])
        assert.deepEqual((await admin.topicConfigs(topic)).get('cleanup.policy'), {
          value: 'compact',
          isDefault: false,
        })
      })
    })

    test('that are missing have an error of their own and do not fail the others', async () => {
      const [topic, other] = [await kafka.createTopic(2), missing()]
      const [first, second] = await kafka.admin().topics([other, topic])
      assertMatches(first, { topic: other, partitions: 0, error: { kind: 'unknownTopic' } })
      assert.deepEqual(second, { topic, partitions: 2 })
      assert.deepEqual(await kafka.admin().topics([]), [])
    })

    test('are listed without the broker’s own', async () => {
      const topic = await kafka.createTopic()
      await eventually(async () => assert.ok((await kafka.admin().listTopics()).includes(topic)))
      assert.deepEqual(
        (await kafka.admin().listTopics()).filter((name) => name.startsWith('__')),
        [],
      )
    })

    test('are deleted; a missing one is an error', async () => {
      const topic = await kafka.createTopic()
      const admin = kafka.client().admin()
      await admin.deleteTopics([topic])
      await assert.rejects(admin.deleteTopics([topic]), matching({ kind: 'unknownTopic' }))
      await admin.deleteTopics([])
    })
  })

  describe('topic configs', () => {
    test('are altered one by one: the others stay, and null goes back to the default', async () => {
      const topic = await kafka.createTopic(1, { 'retention.ms': '86400000', 'max.message.bytes': '2000000' })
      const admin = kafka.client().admin()
      await admin.alterTopicConfigs(topic, { 'cleanup.policy': 'compact' })
      await admin.alterTopicConfigs(topic, { 'retention.ms': null })
      await eventually(async () => {
        const configs = await admin.topicConfigs(topic)
        assert.deepEqual(configs.get('cleanup.policy'), { value: 'compact', isDefault: false })
        assert.deepEqual(configs.get('max.message.bytes'), { value: '2000000', isDefault: false })
        assert.deepEqual(configs.get('retention.ms'), { value: '604800000', isDefault: true })
      })
    })

    test('of a missing topic, and ones that do not exist, are errors', async () => {
      const topic = await kafka.createTopic()
      const admin = kafka.admin()
      await assert.rejects(admin.topicConfigs(missing()), matching({ kind: 'unknownTopic' }))
      await assert.rejects(
        admin.alterTopicConfigs(missing(), { 'retention.ms': '1' }),
        matching({
          kind: 'unknownTopic',
        }),
      )
      await assert.rejects(admin.alterTopicConfigs(topic, { 'no.such': '1' }), matching({ kind: 'invalid' }))
    })
  })

  describe('offsets', () => {
    test('are told by position and by time', async () => {
      const topic = await kafka.createTopic(2)
      const producer = await startProducer(kafka.client(), [topic])
      for (const timestamp of [1_000, 2_000, 3_000]) appendText(producer, topic, 'k', 'v', { timestamp })
      await producer.flush()
      const offsets = async (at: 'earliest' | 'latest' | number): Promise<number[]> => {
        const found = await kafka.admin().listOffsets([0, 1].map((partition) => ({ topic, partition, at })))
        return [found.get(tpKey(topic, 0))!, found.get(tpKey(topic, 1))!]
      }
      assert.deepEqual(await offsets('earliest'), [0, 0])
      assert.deepEqual(await offsets('latest'), [3, 0])
      assert.deepEqual(await offsets(1_500), [1, 0])
      assert.deepEqual(await offsets(3_000), [2, 0])
      assert.deepEqual(await offsets(3_001), [3, 0])
    })

    test('end at an open transaction for who reads committed records', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic], { transactionalId: kafka.uniqueName('txn') })
      await transact(producer, topic, [['k', 'v']], 'commit')
      producer.begin()
      appendText(producer, topic, 'k', 'open')
      await producer.flush()
      const end = async (isolation: 'read_committed' | 'read_uncommitted'): Promise<number | undefined> =>
        (await kafka.admin().listOffsets([{ topic, partition: 0, at: 'latest' }], isolation)).get(tpKey(topic, 0))
      assert.equal(await end('read_committed'), 2)
      assert.equal(await end('read_uncommitted'), 3)
      await producer.abort()
    })

    test('of a missing topic or partition are an error', async () => {
      const topic = await kafka.createTopic()
      const ask = (name: string, partition: number): Promise<unknown> =>
        kafka.admin().listOffsets([{ topic: name, partition, at: 'latest' }])
      await assert.rejects(ask(missing(), 0), matching({ kind: 'unknownTopic' }))
      await assert.rejects(ask(topic, 7), matching({ kind: 'unknownTopic', partition: { topic, partition: 7 } }))
      assert.deepEqual(await kafka.admin().listOffsets([]), new Map())
    })
  })

  describe('deleting records', () => {
    test('moves the start of the log', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic])
      for (let i = 0; i < 5; i++) appendText(producer, topic, 'k', String(i))
      await producer.flush()
      await kafka.admin().deleteRecords([{ topic, partition: 0, offset: 3 }])
      const starts = await kafka.admin().listOffsets([{ topic, partition: 0, at: 'earliest' }])
      assert.equal(starts.get(tpKey(topic, 0)), 3)
      assert.deepEqual(
        (await readTopic(kafka.client(), topic)).map(({ value }) => value),
        ['3', '4'],
      )
    })

    test('beyond the end is refused', async () => {
      const topic = await kafka.createTopic()
      await assert.rejects(
        kafka.admin().deleteRecords([{ topic, partition: 0, offset: 1 }]),
        matching({
          kind: 'offsetOutOfRange',
          partition: { topic, partition: 0 },
        }),
      )
    })
  })

  describe('groups', () => {
    test('without offsets or members are empty, and can not be deleted', async () => {
      const group = kafka.uniqueName('group')
      const admin = kafka.admin()
      assert.deepEqual(await admin.groupOffsets(group), new Map())
      assert.equal(await admin.groupMembers(group), 0)
      assertMatches(await admin.describeGroup(group), { groupId: group, state: 'Dead', members: [] })
      await assert.rejects(admin.deleteGroup(group), matching({ code: 'GROUP_ID_NOT_FOUND' }))
      await assert.rejects(
        admin.deleteGroupOffsets(group, [{ topic: await kafka.createTopic(), partition: 0 }]),
        matching({ code: 'GROUP_ID_NOT_FOUND' }),
      )
    })

    test('are created by setting offsets, listed, and lose what is deleted', async () => {
      const [groupId, topic] = [kafka.uniqueName('group'), await kafka.createTopic(2)]
      const admin = kafka.admin()
      const partitions = [0, 1].map((partition) => ({ topic, partition }))
      await admin.alterGroupOffsets(
        groupId,
        partitions.map((at, i) => ({ ...at, offset: i + 3, metadata: `m${i}` })),
      )
      await admin.alterGroupOffsets(groupId, [{ ...partitions[1]!, offset: 7, metadata: '' }])
      assert.deepEqual(
        await admin.groupOffsets(groupId),
        new Map([
          [tpKey(topic, 0), { offset: 3, metadata: 'm0' }],
          [tpKey(topic, 1), { offset: 7, metadata: '' }],
        ]),
      )
      const listed = (await admin.listGroups()).find((group) => group.groupId === groupId)
      assertMatches(listed, { groupId, state: 'Empty' })
      await admin.deleteGroupOffsets(groupId, [partitions[0]!])
      await admin.deleteGroupOffsets(groupId, [partitions[0]!])
      assert.deepEqual([...(await admin.groupOffsets(groupId)).keys()], [tpKey(topic, 1)])
      await admin.alterGroupOffsets(groupId, [])
      await admin.deleteGroup(groupId)
      assert.equal((await admin.describeGroup(groupId)).state, 'Dead')
    })

    test('with members are described, and their offsets are theirs alone', async () => {
      const [groupId, topic] = [kafka.uniqueName('group'), await kafka.createTopic(2)]
      const admin = kafka.admin()
      const member = new TestMember(kafka.client(), { groupId, topics: [topic], protocol: 'assignor' })
      await member.group.join()
      await member.owns(0)
      await member.group.commit([{ topic, partition: 0, offset: 0, metadata: '' }])
      const group = await admin.describeGroup(groupId)
      assertMatches(group, { groupId, state: 'Stable', protocolType: 'consumer', protocol: 'assignor' })
      assertMatches(group.members, [{ memberId: member.group.metadata().memberId, groupInstanceId: null }])
      assert.deepEqual(group.members[0]!.assignment.partitions, [{ topic, partition: 0 }])
      assertMatches(
        (await admin.listGroups()).find((listed) => listed.groupId === groupId),
        { state: 'Stable', protocolType: 'consumer' },
      )
      const offset = { topic, partition: 0, offset: 0, metadata: '' }
      await assert.rejects(admin.alterGroupOffsets(groupId, [offset]), matching({ code: 'UNKNOWN_MEMBER_ID' }))
      await assert.rejects(
        admin.deleteGroupOffsets(groupId, [offset]),
        matching({ code: 'GROUP_SUBSCRIBED_TO_TOPIC', partition: { topic, partition: 0 } }),
      )
      await assert.rejects(admin.deleteGroup(groupId), matching({ code: 'NON_EMPTY_GROUP' }))
      await member.group.leave()
    })
  })

  test('a closed admin refuses every call', async () => {
    const admin = kafka.client().admin()
    await admin.close()
    await assert.rejects(admin.listTopics(), matching({ kind: 'fatal', code: 'CLIENT_CLOSED' }))
    await assert.rejects(admin.topics(['x']), matching({ code: 'CLIENT_CLOSED' }))
    await admin.close()
  })
}
