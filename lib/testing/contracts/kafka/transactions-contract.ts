import assert from 'node:assert/strict'
import { assertMatches, matching } from './assert-matches'
import { type CommittedOffset, type GroupMembership } from '../../../kafka/port'
import { TestMember } from './group-member'
import { pollFor, readTopic, recordsOf, untilTransactionsEnd } from './reading'
import type { KafkaContract } from './kafka-client-setup'
import { appendText, startProducer, transact } from './writing'
import { tpKey } from '../../../record/topic-partition'

export const transactionsContract: KafkaContract = ({ describe, test }, kafka) => {
  const start = (topic: string, transactionalId = kafka.uniqueName('txn')) =>
    startProducer(kafka.client(), [topic], { transactionalId })

  /** What a reader sees while a transaction is open. */
  const visibleValues = async (topic: string, partition = 0): Promise<Array<string | null>> =>
    (await readTopic(kafka.client(), topic))
      .filter((record) => record.partition === partition)
      .map(({ value }) => value)

  /** What a reader sees once the markers of ended transactions are written, which is soon after commit and abort. */
  const committedValues = async (topic: string, partition = 0): Promise<Array<string | null>> => {
    await untilTransactionsEnd(kafka.client(), topic)
    return visibleValues(topic, partition)
  }

  /** Asks again while the offset belongs to a transaction that is still ending. */
  const stableOffset = async (group: GroupMembership, topic: string): Promise<CommittedOffset | undefined> => {
    for (;;) {
      try {
        return (await group.committed([{ topic, partition: 0 }])).get(tpKey(topic, 0))
      } catch (error) {
        if ((error as { kind?: string }).kind !== 'unstableOffset') throw error
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }

  test('refuses what is out of turn', async () => {
    const topic = await kafka.createTopic()
    const illegal = matching({ kind: 'invalid', code: 'ILLEGAL_STATE' })
    const plain = await startProducer(kafka.client(), [topic])
    assert.throws(() => plain.begin(), illegal)
    const producer = await start(topic)
    assert.throws(() => appendText(producer, topic, 'k', 'v'), illegal)
    await assert.rejects(producer.commit(), illegal)
    await assert.rejects(producer.abort(), illegal)
    producer.begin()
    assert.throws(() => producer.begin(), illegal)
  })

  test('a transaction becomes visible as a whole', async () => {
    const topic = await kafka.createTopic(2)
    const producer = await start(topic)
    producer.begin()
    appendText(producer, topic, 'k', 'a')
    appendText(producer, topic, 'k', 'b', { partition: 1 })
    await producer.flush()
    assert.deepEqual(await visibleValues(topic), [])
    await producer.commit()
    assert.deepEqual(await committedValues(topic, 0), ['a'])
    assert.deepEqual(await committedValues(topic, 1), ['b'])
  })

  test('an aborted one never does, and the producer continues', async () => {
    const topic = await kafka.createTopic(2)
    const producer = await start(topic)
    for (let i = 0; i < 5; i++) {
      await transact(producer, topic, [['k', `committed ${i}`]], 'commit')
      await transact(producer, topic, [['k', `aborted ${i}`]], 'abort')
      producer.begin()
      appendText(producer, topic, 'k', `sent and aborted ${i}`)
      await producer.flush()
      appendText(producer, topic, 'k', `never sent ${i}`)
      appendText(producer, topic, 'k', `never sent ${i}`, { partition: 1 })
      await producer.abort()
    }
    assert.deepEqual(
      await committedValues(topic),
      [0, 1, 2, 3, 4].map((i) => `committed ${i}`),
    )
    assert.deepEqual(await committedValues(topic, 1), [])
  })

  test('one without records or offsets can be committed and aborted', async () => {
    const topic = await kafka.createTopic()
    const producer = await start(topic)
    producer.begin()
    await producer.commit()
    producer.begin()
    await producer.abort()
    producer.begin()
    appendText(producer, topic, 'k', 'never sent')
    await producer.abort()
    await transact(producer, topic, [['k', 'after']], 'commit')
    assert.deepEqual(await committedValues(topic), ['after'])
  })

  test('commit flushes', async () => {
    const topic = await kafka.createTopic()
    const producer = await start(topic)
    producer.begin()
    for (let i = 0; i < 100; i++) appendText(producer, topic, 'k', String(i))
    await producer.commit()
    assert.equal((await committedValues(topic)).length, 100)
  })

  test('transactions interleaved in a partition end each in its own way', async () => {
    const topic = await kafka.createTopic()
    const [one, two] = [await start(topic), await start(topic)]
    one.begin()
    two.begin()
    for (let i = 0; i < 3; i++) {
      appendText(one, topic, 'k', `one ${i}`)
      await one.flush()
      appendText(two, topic, 'k', `two ${i}`)
      await two.flush()
    }
    await two.commit()
    assert.deepEqual(await visibleValues(topic), [])
    await one.abort()
    assert.deepEqual(await committedValues(topic), ['two 0', 'two 1', 'two 2'])
    await transact(one, topic, [['k', 'one again']], 'commit')
    assert.deepEqual(await committedValues(topic), ['two 0', 'two 1', 'two 2', 'one again'])
  })

  test('follow each other without a pause', async () => {
    const topic = await kafka.createTopic(2)
    const producer = await start(topic)
    for (let i = 0; i < 20; i++) await transact(producer, topic, [['k', String(i)]], 'commit', i % 2)
    assert.deepEqual(
      await committedValues(topic),
      Array.from({ length: 10 }, (_, i) => String(2 * i)),
    )
  })

  test('a new producer of the same id fences the old one and ends its transaction', async () => {
    const topic = await kafka.createTopic()
    const id = kafka.uniqueName('txn')
    const zombie = await start(topic, id)
    zombie.begin()
    appendText(zombie, topic, 'k', 'zombie')
    await zombie.flush()
    const owner = await start(topic, id)
    // the reader is not held up by the zombie's transaction
    await transact(owner, topic, [['k', 'owner']], 'commit')
    assert.deepEqual(await committedValues(topic), ['owner'])
    appendText(zombie, topic, 'k', 'zombie again')
    await assert.rejects(zombie.flush(), matching({ kind: 'fenced' }))
    await assert.rejects(zombie.commit(), matching({ kind: 'fenced' }))
    await assert.rejects(zombie.abort(), matching({ kind: 'fenced' }))
    assert.throws(() => appendText(zombie, topic, 'k', 'zombie'), matching({ kind: 'fenced' }))
    await transact(owner, topic, [['k', 'still']], 'commit')
    assert.deepEqual(await committedValues(topic), ['owner', 'still'])
  })

  test('a fenced producer can only commit in vain', async () => {
    const topic = await kafka.createTopic()
    const id = kafka.uniqueName('txn')
    const zombie = await start(topic, id)
    zombie.begin()
    appendText(zombie, topic, 'k', 'zombie')
    await zombie.flush()
    await start(topic, id)
    await assert.rejects(zombie.commit(), matching({ kind: 'fenced' }))
    assert.deepEqual(await committedValues(topic), [])
  })

  test('init of a producer again ends its own transaction', async () => {
    const topic = await kafka.createTopic()
    const producer = await start(topic)
    producer.begin()
    appendText(producer, topic, 'k', 'left open')
    await producer.flush()
    await producer.init()
    await transact(producer, topic, [['k', 'after']], 'commit')
    assert.deepEqual(await committedValues(topic), ['after'])
  })

  test('close aborts what is open', async () => {
    const topic = await kafka.createTopic()
    const client = kafka.client()
    const producer = await start(topic)
    producer.begin()
    appendText(producer, topic, 'k', 'left open')
    await producer.flush()
    await producer.close()
    const other = await startProducer(client, [topic])
    appendText(other, topic, 'k', 'after')
    await other.flush()
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    fetcher.assign(topic, 0, 0)
    const seen = await pollFor(fetcher, (fetched) => recordsOf(fetched).length > 0)
    assertMatches(recordsOf(seen), [{ value: 'after' }])
  })

  describe('with offsets of a group', () => {
    const offset = (topic: string, position: number, metadata = '') => ({
      topic,
      partition: 0,
      offset: position,
      metadata,
    })

    const setUp = async () => {
      const topic = await kafka.createTopic()
      const member = new TestMember(kafka.client(), { groupId: kafka.uniqueName('group'), topics: [topic] })
      await member.group.join()
      return { topic, member, group: member.group, producer: await start(topic) }
    }

    test('commit them with the records, and abort drops both', async () => {
      const { topic, group, producer } = await setUp()
      producer.begin()
      appendText(producer, topic, 'k', 'committed')
      await producer.sendOffsets([offset(topic, 5, 'note')], group.metadata())
      await producer.commit()
      assert.deepEqual(await stableOffset(group, topic), { offset: 5, metadata: 'note' })
      producer.begin()
      appendText(producer, topic, 'k', 'aborted')
      await producer.flush()
      await producer.sendOffsets([offset(topic, 9)], group.metadata())
      await producer.abort()
      assert.deepEqual(await stableOffset(group, topic), { offset: 5, metadata: 'note' })
      assert.deepEqual(await committedValues(topic), ['committed'])
    })

    test('offsets alone make a transaction', async () => {
      const { topic, group, producer } = await setUp()
      producer.begin()
      await producer.sendOffsets([offset(topic, 1)], group.metadata())
      await producer.sendOffsets([offset(topic, 2)], group.metadata())
      await producer.commit()
      assertMatches(await stableOffset(group, topic), { offset: 2 })
    })

    test('of a topic that does not exist are refused, and the transaction can be aborted', async () => {
      const { topic, group, producer } = await setUp()
      producer.begin()
      await assert.rejects(
        producer.sendOffsets([offset(topic, 1), offset(`${topic}-deleted`, 1)], group.metadata()),
        matching({ kind: 'abortable', code: 'UNKNOWN_TOPIC_OR_PARTITION' }),
      )
      await producer.abort()
      assert.equal(await stableOffset(group, topic), undefined)
      await transact(producer, topic, [['k', 'after']], 'commit')
    })

    test('an offset is not told while its transaction is open', async () => {
      const { topic, group, producer } = await setUp()
      producer.begin()
      await producer.sendOffsets([offset(topic, 3)], group.metadata())
      const told = stableOffset(group, topic)
      await producer.commit()
      assertMatches(await told, { offset: 3 })
    })

    test('a generation that has passed is fenced, and the transaction can be aborted', async () => {
      const { topic, group, producer } = await setUp()
      const { generationId, ...member } = group.metadata()
      producer.begin()
      appendText(producer, topic, 'k', 'stale')
      await assert.rejects(
        producer.sendOffsets([offset(topic, 7)], { ...member, generationId: generationId - 1 }),
        matching({ kind: 'fenced', code: 'ILLEGAL_GENERATION' }),
      )
      await assert.rejects(producer.commit(), matching({ kind: 'fenced' }))
      await producer.abort()
      assert.equal(await stableOffset(group, topic), undefined)
      await transact(producer, topic, [['k', 'after']], 'commit')
      assert.deepEqual(await committedValues(topic), ['after'])
    })

    test('so is a member that the group does not know', async () => {
      const { topic, group, producer } = await setUp()
      producer.begin()
      await assert.rejects(
        producer.sendOffsets([offset(topic, 7)], { ...group.metadata(), memberId: 'somebody' }),
        matching({ kind: 'fenced', code: 'UNKNOWN_MEMBER_ID' }),
      )
      await producer.abort()
      assert.equal(await stableOffset(group, topic), undefined)
    })
  })
}
