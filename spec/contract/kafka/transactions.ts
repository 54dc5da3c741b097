import { type CommittedOffset, type GroupMembership } from '../../../lib/kafka/port'
import { TestMember } from './group-member'
import { pollFor, readTopic, recordsOf, untilTransactionsEnd } from './reading'
import type { KafkaContract } from './under-test'
import { appendText, startProducer, transact } from './writing'
import { tpKey } from '../../../lib/record/topic-partition'

export const transactionsContract: KafkaContract = (kafka) => {
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

  it('refuses what is out of turn', async () => {
    const topic = await kafka.createTopic()
    const illegal = expect.objectContaining({ kind: 'invalid', code: 'ILLEGAL_STATE' })
    const plain = await startProducer(kafka.client(), [topic])
    expect(() => plain.begin()).toThrow(illegal)
    const producer = await start(topic)
    expect(() => appendText(producer, topic, 'k', 'v')).toThrow(illegal)
    await expect(producer.commit()).rejects.toEqual(illegal)
    await expect(producer.abort()).rejects.toEqual(illegal)
    producer.begin()
    expect(() => producer.begin()).toThrow(illegal)
  })

  it('a transaction becomes visible as a whole', async () => {
    const topic = await kafka.createTopic(2)
    const producer = await start(topic)
    producer.begin()
    appendText(producer, topic, 'k', 'a')
    appendText(producer, topic, 'k', 'b', { partition: 1 })
    await producer.flush()
    expect(await visibleValues(topic)).toEqual([])
    await producer.commit()
    expect(await committedValues(topic, 0)).toEqual(['a'])
    expect(await committedValues(topic, 1)).toEqual(['b'])
  })

  it('an aborted one never does, and the producer goes on', async () => {
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
    expect(await committedValues(topic)).toEqual([0, 1, 2, 3, 4].map((i) => `committed ${i}`))
    expect(await committedValues(topic, 1)).toEqual([])
  })

  it('one without records or offsets can be committed and aborted', async () => {
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
    expect(await committedValues(topic)).toEqual(['after'])
  })

  it('commit flushes', async () => {
    const topic = await kafka.createTopic()
    const producer = await start(topic)
    producer.begin()
    for (let i = 0; i < 100; i++) appendText(producer, topic, 'k', String(i))
    await producer.commit()
    expect(await committedValues(topic)).toHaveLength(100)
  })

  it('transactions interleaved in a partition end each in its own way', async () => {
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
    expect(await visibleValues(topic)).toEqual([])
    await one.abort()
    expect(await committedValues(topic)).toEqual(['two 0', 'two 1', 'two 2'])
    await transact(one, topic, [['k', 'one again']], 'commit')
    expect(await committedValues(topic)).toEqual(['two 0', 'two 1', 'two 2', 'one again'])
  })

  it('follow each other without a pause', async () => {
    const topic = await kafka.createTopic(2)
    const producer = await start(topic)
    for (let i = 0; i < 20; i++) await transact(producer, topic, [['k', String(i)]], 'commit', i % 2)
    expect(await committedValues(topic)).toEqual(Array.from({ length: 10 }, (_, i) => String(2 * i)))
  })

  it('a new producer of the same id fences the old one and ends its transaction', async () => {
    const topic = await kafka.createTopic()
    const id = kafka.uniqueName('txn')
    const zombie = await start(topic, id)
    zombie.begin()
    appendText(zombie, topic, 'k', 'zombie')
    await zombie.flush()
    const owner = await start(topic, id)
    // the reader is not held up by the zombie's transaction
    await transact(owner, topic, [['k', 'owner']], 'commit')
    expect(await committedValues(topic)).toEqual(['owner'])
    appendText(zombie, topic, 'k', 'zombie again')
    await expect(zombie.flush()).rejects.toMatchObject({ kind: 'fenced' })
    await expect(zombie.commit()).rejects.toMatchObject({ kind: 'fenced' })
    await expect(zombie.abort()).rejects.toMatchObject({ kind: 'fenced' })
    expect(() => appendText(zombie, topic, 'k', 'zombie')).toThrow(expect.objectContaining({ kind: 'fenced' }))
    await transact(owner, topic, [['k', 'still']], 'commit')
    expect(await committedValues(topic)).toEqual(['owner', 'still'])
  })

  it('a fenced producer can only commit in vain', async () => {
    const topic = await kafka.createTopic()
    const id = kafka.uniqueName('txn')
    const zombie = await start(topic, id)
    zombie.begin()
    appendText(zombie, topic, 'k', 'zombie')
    await zombie.flush()
    await start(topic, id)
    await expect(zombie.commit()).rejects.toMatchObject({ kind: 'fenced' })
    expect(await committedValues(topic)).toEqual([])
  })

  it('init of a producer again ends its own transaction', async () => {
    const topic = await kafka.createTopic()
    const producer = await start(topic)
    producer.begin()
    appendText(producer, topic, 'k', 'left open')
    await producer.flush()
    await producer.init()
    await transact(producer, topic, [['k', 'after']], 'commit')
    expect(await committedValues(topic)).toEqual(['after'])
  })

  it('close aborts what is open', async () => {
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
    expect(recordsOf(seen)).toMatchObject([{ value: 'after' }])
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

    it('commit them with the records, and abort drops both', async () => {
      const { topic, group, producer } = await setUp()
      producer.begin()
      appendText(producer, topic, 'k', 'committed')
      await producer.sendOffsets([offset(topic, 5, 'note')], group.metadata())
      await producer.commit()
      expect(await stableOffset(group, topic)).toEqual({ offset: 5, metadata: 'note' })
      producer.begin()
      appendText(producer, topic, 'k', 'aborted')
      await producer.flush()
      await producer.sendOffsets([offset(topic, 9)], group.metadata())
      await producer.abort()
      expect(await stableOffset(group, topic)).toEqual({ offset: 5, metadata: 'note' })
      expect(await committedValues(topic)).toEqual(['committed'])
    })

    it('offsets alone make a transaction', async () => {
      const { topic, group, producer } = await setUp()
      producer.begin()
      await producer.sendOffsets([offset(topic, 1)], group.metadata())
      await producer.sendOffsets([offset(topic, 2)], group.metadata())
      await producer.commit()
      expect(await stableOffset(group, topic)).toMatchObject({ offset: 2 })
    })

    it('an offset is not told while its transaction is open', async () => {
      const { topic, group, producer } = await setUp()
      producer.begin()
      await producer.sendOffsets([offset(topic, 3)], group.metadata())
      const told = stableOffset(group, topic)
      await producer.commit()
      expect(await told).toMatchObject({ offset: 3 })
    })

    it('a generation that has passed is fenced, and the transaction can be aborted', async () => {
      const { topic, group, producer } = await setUp()
      const { generationId, ...member } = group.metadata()
      producer.begin()
      appendText(producer, topic, 'k', 'stale')
      await expect(
        producer.sendOffsets([offset(topic, 7)], { ...member, generationId: generationId - 1 }),
      ).rejects.toMatchObject({ kind: 'fenced', code: 'ILLEGAL_GENERATION' })
      await expect(producer.commit()).rejects.toMatchObject({ kind: 'fenced' })
      await producer.abort()
      expect(await stableOffset(group, topic)).toBeUndefined()
      await transact(producer, topic, [['k', 'after']], 'commit')
      expect(await committedValues(topic)).toEqual(['after'])
    })

    it('so is a member that the group does not know', async () => {
      const { topic, group, producer } = await setUp()
      producer.begin()
      await expect(
        producer.sendOffsets([offset(topic, 7)], { ...group.metadata(), memberId: 'somebody' }),
      ).rejects.toMatchObject({ kind: 'fenced', code: 'UNKNOWN_MEMBER_ID' })
      await producer.abort()
      expect(await stableOffset(group, topic)).toBeUndefined()
    })
  })
}
