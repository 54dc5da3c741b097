import assert from 'node:assert/strict'
import { assertMatches, matching } from './assert-matches'
import { type FetchedPartition, type Fetcher, type Producer } from '../../../kafka/port'
import { eventually } from './eventually'
import { pollFor, readTopic, recordsOf, untilTransactionsEnd } from './reading'
import type { KafkaContract } from './kafka-client-setup'
import { appendText, startProducer, transact } from './writing'
import { NO_HEADERS } from '../../../record/headers'
import { tpKey } from '../../../record/topic-partition'

const write = async (producer: Producer, topic: string, values: readonly string[], partition = 0): Promise<void> => {
  for (const value of values) appendText(producer, topic, 'k', value, { partition })
  await producer.flush()
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i))

/** Polls until `count` records have come; their values, by partition. */
const readValues = async (fetcher: Fetcher, count: number): Promise<Record<number, string[]>> => {
  const values: Record<number, string[]> = {}
  for (let read = 0; read < count;) {
    for (const fetched of await fetcher.poll(5_000)) {
      if (fetched.error) throw fetched.error
      for (const { value } of recordsOf(fetched)) {
        ;(values[fetched.partition] ??= []).push(value!)
        read++
      }
    }
  }
  return values
}

/** Polls until the partition's end, under the fetcher's isolation, has been passed. */
const readToEnd = async (fetcher: Fetcher): Promise<{ values: string[]; last: FetchedPartition }> => {
  const values: string[] = []
  for (;;) {
    const last = await pollFor(fetcher)
    if (last.error) throw last.error
    values.push(...recordsOf(last).map(({ value }) => value!))
    if (last.nextOffset >= last.endOffset) return { values, last }
  }
}

export const fetcherContract: KafkaContract = ({ describe, test }, kafka) => {
  describe('polling', () => {
    test('gives what is there from the assigned offset on, then what arrives', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic])
      await write(producer, topic, numbers(0, 5))
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 2)
      assert.deepEqual(await readValues(fetcher, 3), { 0: ['2', '3', '4'] })
      const waiting = pollFor(fetcher)
      await write(producer, topic, ['5'])
      assert.deepEqual(
        recordsOf(await waiting).map(({ offset, value }) => [offset, value]),
        [[5, '5']],
      )
    })

    test('reports the start, end and next offset of a partition', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic])
      await write(producer, topic, numbers(0, 5))
      await kafka.admin().deleteRecords([{ topic, partition: 0, offset: 2 }])
      const fetcher = kafka.client().fetcher({ isolation: 'read_uncommitted' })
      fetcher.assign(topic, 0, 3)
      const fetched = await pollFor(fetcher)
      assertMatches(fetched, { topic, partition: 0, nextOffset: 5, endOffset: 5, logStartOffset: 2 })
      assert.ok(fetched.sizeInBytes > 0)
      assert.deepEqual(recordsOf(fetched), recordsOf(fetched))
    })

    test('knows when there was nothing behind what it has returned', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic])
      await write(producer, topic, numbers(0, 5))
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      assert.equal(fetcher.caughtUpAt(topic, 0), undefined)
      fetcher.assign(topic, 0, 0)
      assert.equal(fetcher.caughtUpAt(topic, 0), undefined)
      await readValues(fetcher, 5)
      const after = performance.now()
      await eventually(async () => assert.ok(fetcher.caughtUpAt(topic, 0)! >= after))
      assert.equal(fetcher.caughtUpAt(topic, 1), undefined)
    })

    test('tells the producers of records apart, but for those of transactions', async () => {
      const topic = await kafka.createTopic()
      const producers = [await startProducer(kafka.client(), [topic]), await startProducer(kafka.client(), [topic])]
      for (const producer of [...producers, producers[0]!]) await write(producer, topic, ['value'])
      const transactional = { transactionalId: kafka.uniqueName('txn') }
      await transact(await startProducer(kafka.client(), [topic], transactional), topic, [['k', 'value']], 'commit')
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 0)
      const ids: number[] = []
      while (ids.length < 4) {
        const cursor = (await pollFor(fetcher)).records()
        while (cursor.advance()) ids.push(cursor.producerId)
      }
      const [first, second] = ids
      assert.ok(first! >= 0 && second! >= 0 && first !== second)
      assert.deepEqual(ids, [first, second, first, -1])
    })

    test('gives nothing when nothing arrives in time', async () => {
      const topic = await kafka.createTopic()
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 0)
      assert.deepEqual(await fetcher.poll(50), [])
      assert.deepEqual(await fetcher.poll(0), [])
    })

    test('ends early when woken up', async () => {
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      const waiting = fetcher.poll(600_000)
      fetcher.wakeup()
      assert.deepEqual(await waiting, [])
    })

    test('by two loops at once leaves timers their turn, and gives each record to one of them', async () => {
      const topic = await kafka.createTopic()
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 0)
      const values: string[] = []
      const poll = async (): Promise<void> => {
        while (values.length < 5) {
          for (const fetched of await fetcher.poll(1_000)) values.push(...recordsOf(fetched).map(({ value }) => value!))
        }
        fetcher.wakeup()
      }
      const polling = [poll(), poll()]
      await new Promise((resolve) => setTimeout(resolve, 20))
      const producer = await startProducer(kafka.client(), [topic])
      await write(producer, topic, numbers(0, 5))
      await Promise.all(polling)
      assert.deepEqual(values, numbers(0, 5))
    })

    test('ends at once when the fetcher is closed, however long the broker would hold the request', async () => {
      const topic = await kafka.createTopic()
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed', maxWaitMs: 300_000 })
      fetcher.assign(topic, 0, 0)
      await fetcher.poll(50)
      const waiting = fetcher.poll(600_000)
      await fetcher.close()
      assert.deepEqual(await waiting, [])
      await assert.rejects(fetcher.poll(0), matching({ kind: 'fatal', code: 'CLIENT_CLOSED' }))
    })

    test('ends at once when the client is closed', async () => {
      const client = kafka.client()
      const fetcher = client.fetcher({ isolation: 'read_committed' })
      const waiting = fetcher.poll(600_000)
      await client.close()
      assert.deepEqual(await waiting, [])
    })

    test('reads several partitions, each in order', async () => {
      const topic = await kafka.createTopic(4)
      const producer = await startProducer(kafka.client(), [topic])
      for (let partition = 0; partition < 4; partition++) {
        await write(producer, topic, numbers(partition * 100, partition * 100 + 50), partition)
      }
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      for (let partition = 0; partition < 4; partition++) fetcher.assign(topic, partition, 0)
      assert.deepEqual(await readValues(fetcher, 200), {
        0: numbers(0, 50),
        1: numbers(100, 150),
        2: numbers(200, 250),
        3: numbers(300, 350),
      })
    })
  })

  describe('assigning', () => {
    test('again seeks to the offset: nothing fetched before is returned', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic], { batchBytes: 1 })
      await write(producer, topic, numbers(0, 20))
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed', maxBytesPerPartition: 1 })
      fetcher.assign(topic, 0, 0)
      await pollFor(fetcher)
      fetcher.assign(topic, 0, 15)
      assert.deepEqual(await readValues(fetcher, 5), { 0: numbers(15, 20) })
      fetcher.assign(topic, 0, 3)
      fetcher.assign(topic, 0, 18)
      assert.deepEqual(await readValues(fetcher, 2), { 0: numbers(18, 20) })
    })

    test('of other partitions may come and go while one is read', async () => {
      const topic = await kafka.createTopic(2)
      const producer = await startProducer(kafka.client(), [topic])
      await write(producer, topic, numbers(0, 10), 0)
      await write(producer, topic, numbers(10, 20), 1)
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 0)
      assert.deepEqual(await readValues(fetcher, 10), { 0: numbers(0, 10) })
      fetcher.assign(topic, 1, 5)
      assert.deepEqual(await readValues(fetcher, 5), { 1: numbers(15, 20) })
      fetcher.unassign(topic, 1)
      await write(producer, topic, ['ignored'], 1)
      await write(producer, topic, ['seen'], 0)
      assert.deepEqual(await readValues(fetcher, 1), { 0: ['seen'] })
      assert.deepEqual(await fetcher.poll(100), [])
    })

    test('is undone by unassign, with what was buffered', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic])
      await write(producer, topic, numbers(0, 5))
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 0)
      fetcher.pause(topic, 0)
      await fetcher.poll(100)
      fetcher.unassign(topic, 0)
      assert.deepEqual(await fetcher.poll(100), [])
    })
  })

  describe('a paused partition', () => {
    test('is not returned, while others are, and continues without loss when resumed', async () => {
      const topic = await kafka.createTopic(2)
      const producer = await startProducer(kafka.client(), [topic])
      await write(producer, topic, numbers(0, 5), 0)
      await write(producer, topic, numbers(0, 5), 1)
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 0)
      fetcher.assign(topic, 1, 0)
      fetcher.pause(topic, 0)
      assert.deepEqual(await readValues(fetcher, 5), { 1: numbers(0, 5) })
      await write(producer, topic, numbers(5, 10), 0)
      await write(producer, topic, numbers(5, 10), 1)
      assert.deepEqual(await readValues(fetcher, 5), { 1: numbers(5, 10) })
      fetcher.resume(topic, 0)
      assert.deepEqual(await readValues(fetcher, 10), { 0: numbers(0, 10) })
    })

    test('ends a waiting poll when it is resumed', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic])
      await write(producer, topic, ['v'])
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 0)
      fetcher.pause(topic, 0)
      assert.deepEqual(await fetcher.poll(100), [])
      const waiting = pollFor(fetcher)
      fetcher.resume(topic, 0)
      assert.deepEqual(
        recordsOf(await waiting).map(({ value }) => value),
        ['v'],
      )
    })

    test('does not keep the others from being read when it fills the buffer', async () => {
      const topic = await kafka.createTopic(2)
      const producer = await startProducer(kafka.client(), [topic])
      const large = 'x'.repeat(50_000)
      for (const partition of [0, 1]) await write(producer, topic, Array<string>(10).fill(large), partition)
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed', maxBufferedBytes: 10_000 })
      fetcher.assign(topic, 0, 0)
      fetcher.pause(topic, 0)
      await fetcher.poll(100)
      fetcher.assign(topic, 1, 0)
      assert.equal((await readValues(fetcher, 10))[1]!.length, 10)
      fetcher.resume(topic, 0)
      assert.equal((await readValues(fetcher, 10))[0]!.length, 10)
    })
  })

  describe('sizes', () => {
    test('however small the buffer and the responses, every record comes once and in order', async () => {
      const topic = await kafka.createTopic(3)
      const producer = await startProducer(kafka.client(), [topic], { batchBytes: 200 })
      for (let partition = 0; partition < 3; partition++) await write(producer, topic, numbers(0, 300), partition)
      const fetcher = kafka
        .client()
        .fetcher({ isolation: 'read_committed', maxBytes: 500, maxBytesPerPartition: 100, maxBufferedBytes: 300 })
      for (let partition = 0; partition < 3; partition++) fetcher.assign(topic, partition, 0)
      const all = numbers(0, 300)
      assert.deepEqual(await readValues(fetcher, 900), { 0: all, 1: all, 2: all })
    })

    test('a record larger than maxBytesPerPartition and maxBytes comes through', async () => {
      const topic = await kafka.createTopic(2)
      const producer = await startProducer(kafka.client(), [topic])
      const large = 'x'.repeat(300_000)
      for (const partition of [0, 1]) await write(producer, topic, ['small', large, 'after'], partition)
      const fetcher = kafka
        .client()
        .fetcher({ isolation: 'read_committed', maxBytes: 2_000, maxBytesPerPartition: 1_000 })
      fetcher.assign(topic, 0, 0)
      fetcher.assign(topic, 1, 1)
      const values = await readValues(fetcher, 5)
      assert.deepEqual(
        values[0]!.map(({ length }) => length),
        [5, 300_000, 5],
      )
      assert.deepEqual(
        values[1]!.map(({ length }) => length),
        [300_000, 5],
      )
    })
  })

  describe('an offset out of range', () => {
    test('is an error of that partition alone, which waits for a new assign', async () => {
      const topic = await kafka.createTopic(2)
      const producer = await startProducer(kafka.client(), [topic])
      await write(producer, topic, numbers(0, 5), 0)
      await write(producer, topic, numbers(0, 5), 1)
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 99)
      fetcher.assign(topic, 1, 0)
      const seen: FetchedPartition[] = []
      while (seen.length < 2) seen.push(...(await fetcher.poll(5_000)))
      const [failed] = seen.filter(({ partition }) => partition === 0)
      assertMatches(failed!.error, {
        kind: 'offsetOutOfRange',
        code: 'OFFSET_OUT_OF_RANGE',
        partition: { topic, partition: 0 },
      })
      assert.equal(failed!.nextOffset, 99)
      assert.deepEqual(recordsOf(failed!), [])
      assert.equal(recordsOf(seen.find(({ partition }) => partition === 1)!).length, 5)
      assert.deepEqual(await fetcher.poll(100), [])
      fetcher.assign(topic, 0, 4)
      assert.deepEqual(await readValues(fetcher, 1), { 0: ['4'] })
    })

    test('may lie before what has been deleted', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic])
      await write(producer, topic, numbers(0, 5))
      await kafka.admin().deleteRecords([{ topic, partition: 0, offset: 3 }])
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 1)
      assertMatches((await pollFor(fetcher)).error, { kind: 'offsetOutOfRange' })
    })

    test('is not the end of the log: there the next record is waited for', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic])
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 0)
      const waiting = pollFor(fetcher)
      await write(producer, topic, ['first'])
      assert.deepEqual(
        recordsOf(await waiting).map(({ value }) => value),
        ['first'],
      )
    })
  })

  test('a topic that does not exist is reported, and read once it has been created', async () => {
    const topic = kafka.uniqueName('later')
    const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
    fetcher.assign(topic, 0, 0)
    assertMatches((await pollFor(fetcher)).error, { kind: 'unknownTopic', partition: { topic, partition: 0 } })
    await kafka.admin().createTopics([{ topic, partitions: 1 }])
    const producer = await startProducer(kafka.client(), [topic])
    await write(producer, topic, ['v'])
    assert.deepEqual(await readValues(fetcher, 1), { 0: ['v'] })
  })

  test('a topic that was read, deleted and created again is reported as another one', async () => {
    const topic = await kafka.createTopic()
    const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
    fetcher.assign(topic, 0, 0)
    await write(await startProducer(kafka.client(), [topic]), topic, ['before'])
    assert.deepEqual(await readValues(fetcher, 1), { 0: ['before'] })
    await kafka.admin().deleteTopics([topic])
    await eventually(async () => {
      const { error } = await pollFor(fetcher)
      if (error?.code !== 'UNKNOWN_TOPIC_ID') await kafka.admin().createTopics([{ topic, partitions: 1 }])
      assertMatches(error, { kind: 'unknownTopic', code: 'UNKNOWN_TOPIC_ID', partition: { topic, partition: 0 } })
    })
  })

  describe('transactions under read_committed', () => {
    const committedFrom = async (topic: string, offset: number): Promise<string[]> => {
      await untilTransactionsEnd(kafka.client(), topic)
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, offset)
      const { values, last } = await readToEnd(fetcher)
      const key = tpKey(topic, 0)
      const end = await kafka.admin().listOffsets([{ topic, partition: 0, at: 'latest' }], 'read_committed')
      assert.equal(last.nextOffset, end.get(key))
      return values
    }

    test('aborted records do not come, and the partition is passed to its end', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic], { transactionalId: kafka.uniqueName('txn') })
      await transact(
        producer,
        topic,
        [
          ['a', 'committed'],
          ['b', 'committed too'],
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
      await transact(producer, topic, [['a', 'again']], 'commit')
      await transact(producer, topic, [['a', 'aborted']], 'abort')
      assert.deepEqual(await committedFrom(topic, 0), ['committed', 'committed too', 'again'])
      const uncommitted = await readTopic(kafka.client(), topic, 'read_uncommitted')
      assert.equal(uncommitted.filter(({ value }) => value === 'aborted').length, 3)
    })

    test('an aborted record with the int32 key 0 is no abort marker', async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic], { transactionalId: kafka.uniqueName('txn') })
      producer.begin()
      for (const key of [1, 0, 2]) {
        const bytes = Buffer.alloc(4)
        bytes.writeInt32BE(key)
        producer.append(topic, 0, bytes, Buffer.from(`aborted ${key}`), 0, NO_HEADERS)
        await producer.flush()
      }
      await producer.abort()
      await transact(producer, topic, [['k', 'committed']], 'commit')
      assert.deepEqual(await committedFrom(topic, 0), ['committed'])
    })

    test('interleaved ones are told apart, from whatever offset the reading starts', async () => {
      const topic = await kafka.createTopic()
      const [x, y, z] = await Promise.all(
        ['x', 'y', 'z'].map((name) =>
          startProducer(kafka.client(), [topic], { transactionalId: kafka.uniqueName(name) }),
        ),
      )
      const step = async (producer: Producer, value: string): Promise<void> => {
        appendText(producer, topic, 'k', value)
        await producer.flush()
      }
      for (const producer of [x!, y!, z!]) producer.begin()
      await step(x!, 'aborted x0')
      await step(y!, 'aborted y1')
      await step(z!, 'z2')
      await step(x!, 'aborted x3')
      await step(y!, 'aborted y4')
      await y!.abort()
      y!.begin()
      await step(y!, 'y6')
      await step(x!, 'aborted x7')
      await z!.commit()
      await step(y!, 'y9')
      await x!.abort()
      await y!.commit()
      await untilTransactionsEnd(kafka.client(), topic)
      const all = await readTopic(kafka.client(), topic, 'read_uncommitted')
      assert.equal(all.length, 8)
      const committed = all.filter(({ value }) => !value!.startsWith('aborted'))
      for (let from = 0; from <= committed.at(-1)!.offset; from++) {
        const expected = committed.filter(({ offset }) => offset >= from).map(({ value }) => value)
        assert.deepEqual([from, await committedFrom(topic, from)], [from, expected])
      }
    })

    test('an open one holds back what lies behind it until it ends', async () => {
      const topic = await kafka.createTopic()
      const open = await startProducer(kafka.client(), [topic], { transactionalId: kafka.uniqueName('txn') })
      const plain = await startProducer(kafka.client(), [topic])
      await write(plain, topic, ['before'])
      open.begin()
      await write(open, topic, ['open'])
      await write(plain, topic, ['behind'])
      const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
      fetcher.assign(topic, 0, 0)
      const first = await readToEnd(fetcher)
      assert.deepEqual(first.values, ['before'])
      assertMatches(first.last, { nextOffset: 1, endOffset: 1 })
      assert.deepEqual(await fetcher.poll(100), [])
      await open.commit()
      assert.deepEqual(await readValues(fetcher, 2), { 0: ['open', 'behind'] })
    })
  })
}
