import assert from 'node:assert/strict'
import { matching } from './assert-matches'
import { type FetchedPartition, type Fetcher } from '../../../kafka/port'
import { readTopic, recordsOf, type ReadRecord } from './reading'
import { FILLER_KEY, type KafkaContract } from './kafka-client-setup'
import { appendText, startProducer, transact } from './writing'
import { tpKey } from '../../../record/topic-partition'

const withoutFiller = (records: ReadRecord[]): string[] =>
  records.filter(({ key }) => key !== FILLER_KEY).map(({ offset, key, value }) => `${offset}:${key}=${value}`)

/** Polls until the partition has been passed up to `end`; what came on the way. */
const fetchUpTo = async (fetcher: Fetcher, end: number): Promise<FetchedPartition[]> => {
  const all: FetchedPartition[] = []
  for (let next = -1; next < end;) {
    for (const fetched of await fetcher.poll(5_000)) {
      if (fetched.error) throw fetched.error
      all.push(fetched)
      next = fetched.nextOffset
    }
  }
  return all
}

export const compactionContract: KafkaContract = ({ test }, kafka) => {
  const endOf = async (topic: string): Promise<number> =>
    (await kafka.admin().listOffsets([{ topic, partition: 0, at: 'latest' }])).get(tpKey(topic, 0))!

  test('refuses a record without a key', async () => {
    const topic = await kafka.createCompactedTopic()
    const producer = await startProducer(kafka.client(), [topic])
    appendText(producer, topic, null, 'v')
    await assert.rejects(producer.flush(), matching({ kind: 'invalid', code: 'INVALID_RECORD' }))
  })

  test('leaves the last record of each key at its offset, tombstones included', async () => {
    const topic = await kafka.createCompactedTopic()
    const producer = await startProducer(kafka.client(), [topic])
    for (const [key, value] of [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
      ['b', null],
      ['c', '1'],
    ] as const) {
      appendText(producer, topic, key, value)
    }
    await producer.flush()
    await kafka.compact(topic)
    const records = await readTopic(kafka.client(), topic)
    assert.deepEqual(withoutFiller(records), ['2:a=2', '3:b=null', '4:c=1'])
  })

  test('can be read from an offset that is gone: the next record there is comes', async () => {
    const topic = await kafka.createCompactedTopic()
    const producer = await startProducer(kafka.client(), [topic])
    for (let i = 0; i < 10; i++) appendText(producer, topic, i < 9 ? 'same' : 'last', String(i))
    await producer.flush()
    await kafka.compact(topic)
    const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
    fetcher.assign(topic, 0, 3)
    const fetched = await fetchUpTo(fetcher, await endOf(topic))
    assert.deepEqual(withoutFiller(fetched.flatMap(recordsOf)), ['8:same=8', '9:last=9'])
  })

  test('is passed to its end although batches have become empty, so that a restore ends', async () => {
    const topic = await kafka.createCompactedTopic()
    const producers = await Promise.all([1, 2, 3].map(() => startProducer(kafka.client(), [topic])))
    // each producer's last batch ends up empty, but stays for its sequence number
    for (const [i, producer] of producers.entries()) {
      appendText(producer, topic, 'same', String(i))
      await producer.flush()
    }
    const last = await startProducer(kafka.client(), [topic])
    appendText(last, topic, 'same', 'last')
    await last.flush()
    await kafka.compact(topic)
    const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
    fetcher.assign(topic, 0, 0)
    const fetched = await fetchUpTo(fetcher, await endOf(topic))
    assert.deepEqual(withoutFiller(fetched.flatMap(recordsOf)), ['3:same=last'])
    assert.equal(fetched.at(-1)!.nextOffset, fetched.at(-1)!.endOffset)
  })

  test('drops aborted records and keeps what committed transactions wrote', async () => {
    const topic = await kafka.createCompactedTopic()
    const transactionalId = kafka.uniqueName('txn')
    const producer = await startProducer(kafka.client(), [topic], { transactionalId })
    await transact(
      producer,
      topic,
      [
        ['a', 'committed'],
        ['b', 'old'],
      ],
      'commit',
    )
    await transact(
      producer,
      topic,
      [
        ['a', 'aborted'],
        ['b', 'aborted'],
      ],
      'abort',
    )
    await transact(producer, topic, [['b', 'new']], 'commit')
    await kafka.compact(topic)
    for (const isolation of ['read_committed', 'read_uncommitted'] as const) {
      const records = await readTopic(kafka.client(), topic, isolation)
      assert.deepEqual(withoutFiller(records), ['0:a=committed', '6:b=new'])
    }
  })

  test('still answers with the log as it was to who asks for offsets', async () => {
    const topic = await kafka.createCompactedTopic()
    const producer = await startProducer(kafka.client(), [topic])
    for (let i = 0; i < 5; i++) appendText(producer, topic, 'same', String(i))
    await producer.flush()
    const end = await endOf(topic)
    await kafka.compact(topic)
    assert.ok((await endOf(topic)) >= end)
    const starts = await kafka.admin().listOffsets([{ topic, partition: 0, at: 'earliest' }])
    assert.equal(starts.get(tpKey(topic, 0)), 0)
  })
}
