import assert from 'node:assert/strict'
import { assertMatches, matching } from './assert-matches'
import { type AcknowledgedRun, type ClientError, type Compression, type DeliveryListener } from '../../../kafka/port'
import { pollFor, readTopic, recordsOf, untilTransactionsEnd } from './reading'
import type { KafkaContract } from './kafka-client-setup'
import { appendText, startProducer } from './writing'
import { tpKey } from '../../../record/topic-partition'
import type { RecordHeaders } from '../../../record/headers'

export const producerContract: KafkaContract = ({ test }, kafka) => {
  const valuesOf = async (topic: string, partition = 0): Promise<Array<string | null>> =>
    (await readTopic(kafka.client(), topic))
      .filter((record) => record.partition === partition)
      .map(({ value }) => value)

  test('can be used only after init', async () => {
    const topic = await kafka.createTopic()
    const producer = kafka.client().producer({})
    await producer.loadTopics([topic])
    assert.throws(() => appendText(producer, topic, 'k', 'v'), matching({ code: 'ILLEGAL_STATE' }))
  })

  test('rejects topics that do not exist, and knows the partitions of those that do', async () => {
    const topic = await kafka.createTopic(3)
    const producer = await startProducer(kafka.client(), [topic])
    assert.equal(producer.partitionCount(topic), 3)
    const missing = kafka.uniqueName('missing')
    await assert.rejects(producer.loadTopics([topic, missing]), matching({ kind: 'unknownTopic' }))
    assert.equal(producer.partitionCount(missing), undefined)
  })

  test('knows every topic asked for, also in calls of one turn', async () => {
    const topics = [await kafka.createTopic(1), await kafka.createTopic(2), await kafka.createTopic(3)]
    const producer = await startProducer(kafka.client(), [])
    await Promise.all(topics.map((topic) => producer.loadTopics([topic])))
    assert.deepEqual(
      topics.map((topic) => producer.partitionCount(topic)),
      [1, 2, 3],
    )
  })

  test('throws at append for a record above maxRequestBytes, and continues with smaller ones', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic], { maxRequestBytes: 10_000 })
    appendText(producer, topic, 'before', 'x')
    assert.throws(
      () => appendText(producer, topic, 'large', 'x'.repeat(10_000)),
      matching({ kind: 'invalid', code: 'MESSAGE_TOO_LARGE', partition: { topic, partition: 0 } }),
    )
    appendText(producer, topic, 'after', 'y')
    await producer.flush()
    assert.deepEqual(await valuesOf(topic), ['x', 'y'])
  })

  test('fails when the topic takes only smaller records than the producer, and init starts over', async () => {
    const topic = await kafka.createTopic(1, { 'max.message.bytes': '5000' })
    const producer = await startProducer(kafka.client(), [topic])
    appendText(producer, topic, 'k', 'x'.repeat(6_000))
    await assert.rejects(producer.flush(), matching({ kind: 'invalid', code: 'MESSAGE_TOO_LARGE' }))
    assert.throws(() => appendText(producer, topic, 'k', 'v'), matching({ code: 'MESSAGE_TOO_LARGE' }))
    await producer.init()
    appendText(producer, topic, 'k', 'small')
    await producer.flush()
    assert.deepEqual(await valuesOf(topic), ['small'])
  })

  test('makes batches small enough for the topic', async () => {
    const topic = await kafka.createTopic(1, { 'max.message.bytes': '3000' })
    const producer = await startProducer(kafka.client(), [topic], { batchBytes: 16_384 })
    const expected = Array.from({ length: 200 }, (_, i) => `${i}`.padEnd(100, '.'))
    for (const value of expected) appendText(producer, topic, 'k', value)
    assert.deepEqual(await producer.flush(), new Map([[tpKey(topic, 0), 199]]))
    assert.deepEqual(await valuesOf(topic), expected)
  })

  test('writes a record as large as allowed', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic])
    const value = 'x'.repeat(1_000_000)
    appendText(producer, topic, null, value)
    await producer.flush()
    assert.equal((await valuesOf(topic))[0]!.length, value.length)
  })

  test('keeps null and empty apart, and takes timestamps 0, -1 and going back', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic])
    appendText(producer, topic, null, null, { timestamp: 0 })
    appendText(producer, topic, '', '', { timestamp: -1 })
    appendText(producer, topic, 'a', null, { timestamp: 1_700_000_000_000 })
    appendText(producer, topic, null, 'b', { timestamp: 5 })
    await producer.flush()
    const records = await readTopic(kafka.client(), topic)
    assert.deepEqual(
      records.map(({ key, value, timestamp }) => [key, value, timestamp]),
      [
        [null, null, 0],
        ['', '', -1],
        ['a', null, 1_700_000_000_000],
        [null, 'b', 5],
      ],
    )
  })

  test('knows since where the end of a partition is its own', async () => {
    const topic = await kafka.createTopic(2)
    const producer = await startProducer(kafka.client(), [topic])
    const other = await startProducer(kafka.client(), [topic])
    const write = async (from: typeof producer, partition: number): Promise<void> => {
      appendText(from, topic, 'k', 'v', { partition })
      appendText(from, topic, 'k', 'w', { partition })
      await from.flush()
    }
    assert.deepEqual(producer.acknowledged(), new Map())
    await write(other, 0)
    await write(producer, 0)
    await write(producer, 0)
    await write(producer, 1)
    const [first, second] = [tpKey(topic, 0), tpKey(topic, 1)]
    const ends = (own: AcknowledgedRun): ReadonlyMap<string, AcknowledgedRun> =>
      new Map([
        [first, own],
        [second, { first: 0, last: 1 }],
      ])
    assert.deepEqual(producer.acknowledged(), ends({ first: 2, last: 5 }))
    await write(other, 0)
    await write(producer, 0)
    assert.deepEqual(producer.acknowledged(), ends({ first: 8, last: 9 }))
    await producer.init()
    assert.deepEqual(producer.acknowledged(), new Map())
  })

  test('writes headers in their order, with repeated names, null and empty values', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic])
    const headers: RecordHeaders = [
      ['name', Buffer.from('1')],
      ['', null],
      ['größe', Buffer.alloc(0)],
      ['name', Buffer.from('2')],
    ]
    producer.append(topic, 0, null, null, 0, headers)
    producer.append(topic, 0, null, null, 0, [])
    await producer.flush()
    const [first, second] = await readTopic(kafka.client(), topic)
    assert.deepEqual(first!.headers, [
      ['name', '1'],
      ['', null],
      ['größe', ''],
      ['name', '2'],
    ])
    assert.deepEqual(second!.headers, [])
  })

  test('delivers what is open when it hears that nothing more comes', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic], { lingerMs: 60_000 })
    appendText(producer, topic, 'k', 'v')
    producer.idle()
    const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
    fetcher.assign(topic, 0, 0)
    assertMatches(recordsOf(await pollFor(fetcher)), [{ key: 'k', value: 'v' }])
  })

  test('copies key and value when they are appended', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic])
    const bytes = Buffer.from('before')
    producer.append(topic, 0, bytes, bytes, 0, [])
    bytes.fill('x')
    await producer.flush()
    assertMatches(await readTopic(kafka.client(), topic), [{ key: 'before', value: 'before' }])
  })

  test('keeps the order of each partition over many batches, and tells the last offsets', async () => {
    const topic = await kafka.createTopic(3)
    const producer = await startProducer(kafka.client(), [topic], { batchBytes: 1_000 })
    for (let i = 0; i < 9_000; i++) {
      appendText(producer, topic, null, String(i), { partition: i % 3 })
      if (i % 500 === 0) await new Promise(setImmediate)
    }
    const offsets = await producer.flush()
    assert.deepEqual(offsets, new Map([0, 1, 2].map((partition) => [tpKey(topic, partition), 2_999])))
    const expected = Array.from({ length: 3_000 }, (_, i) => String(i * 3 + 1))
    assert.deepEqual(await valuesOf(topic, 1), expected)
  })

  test('flush covers what was appended before it, and only that', async () => {
    const topic = await kafka.createTopic(2)
    const producer = await startProducer(kafka.client(), [topic])
    assert.deepEqual(await producer.flush(), new Map())
    appendText(producer, topic, 'k', '0')
    const first = producer.flush()
    appendText(producer, topic, 'k', '1')
    appendText(producer, topic, 'k', '0', { partition: 1 })
    const second = producer.flush()
    appendText(producer, topic, 'k', '2')
    assert.deepEqual(await first, new Map([[tpKey(topic, 0), 0]]))
    assert.deepEqual(
      await second,
      new Map([
        [tpKey(topic, 0), 1],
        [tpKey(topic, 1), 0],
      ]),
    )
    assert.deepEqual(
      await producer.flush(),
      new Map([
        [tpKey(topic, 0), 2],
        [tpKey(topic, 1), 0],
      ]),
    )
  })

  test('tells of each record at which offset it lies, also where a batch was too large for the topic', async () => {
    const topic = await kafka.createTopic(2, { 'max.message.bytes': '3000' })
    const producer = await startProducer(kafka.client(), [topic], { batchBytes: 16_384 })
    const other = await startProducer(kafka.client(), [topic])
    appendText(other, topic, 'k', 'of another producer')
    await other.flush()
    const offsets = new Map<string, number>()
    const expected = new Map<string, number>()
    for (let i = 0; i < 200; i++) {
      const partition = i % 2
      expected.set(`${i}`, (i - partition) / 2 + (partition === 0 ? 1 : 0))
      const listener = { delivered: (offset: number) => void offsets.set(`${i}`, offset), failed: assert.fail }
      appendText(producer, topic, 'k', `${i}`.padEnd(100, '.'), { partition, listener })
    }
    await producer.flush()
    assert.deepEqual(offsets, expected)
  })

  test('tells of each record that was not delivered, and of none twice', async () => {
    const topic = await kafka.createTopic(1, { 'max.message.bytes': '5000' })
    const producer = await startProducer(kafka.client(), [topic], { lingerMs: 60_000 })
    const told: string[] = []
    const listenerOf = (name: string): DeliveryListener => ({
      delivered: (offset) => void told.push(`${name} ${offset}`),
      failed: ({ code }) => void told.push(`${name} ${code}`),
    })
    appendText(producer, topic, 'k', 'small', { listener: listenerOf('small') })
    await producer.flush()
    appendText(producer, topic, 'k', 'x'.repeat(6_000), { listener: listenerOf('large') })
    await assert.rejects(producer.flush())
    await producer.init()
    appendText(producer, topic, 'k', 'dropped', { listener: listenerOf('dropped') })
    await producer.close()
    assert.deepEqual(told.slice(0, 2), ['small 0', 'large MESSAGE_TOO_LARGE'])
    assert.match(told[2]!, /^dropped /)
    assert.equal(told.length, 3)
  })

  for (const transactionalId of [undefined, 'refusing']) {
    const kind = transactionalId === undefined ? 'idempotent' : 'transactional'

    test(`drops a record that the topic refuses if its listener says so, and writes all others (${kind})`, async () => {
      const topic = await kafka.createTopic(2, { 'max.message.bytes': '3000' })
      const producer = await startProducer(kafka.client(), [topic], {
        batchBytes: 1_000,
        ...(transactionalId && { transactionalId: `${topic}-${transactionalId}` }),
      })
      const expected: string[] = []
      const refused: string[] = []
      const written = new Map<string, number>()
      const add = (name: string, size = 100): void => {
        const listener = {
          delivered: (offset: number) => void written.set(name, offset),
          failed: assert.fail,
          refused({ code }: ClientError) {
            refused.push(`${name} ${code}`)
            appendText(producer, topic, 'k', `about ${name}`, { partition: 1 })
          },
        }
        appendText(producer, topic, 'k', name.padEnd(size, '.'), { listener })
      }
      if (transactionalId) producer.begin()
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 40; i++) {
          const name = `${round}-${i}`
          const isLarge = i % 13 === 0
          add(name, isLarge ? 4_000 : 100)
          if (!isLarge) expected.push(name)
        }
        await producer.flush()
      }
      await producer.flush()
      if (transactionalId) await producer.commit()
      await untilTransactionsEnd(kafka.client(), topic)
      const names = [0, 1, 2].flatMap((round) => [0, 13, 26, 39].map((i) => `${round}-${i}`))
      // a batch of one record is refused at once, a larger one after it was split
      assert.deepEqual(new Set(refused), new Set(names.map((name) => `${name} MESSAGE_TOO_LARGE`)))
      assert.equal(refused.length, names.length)
      assert.deepEqual(written, new Map(expected.map((name, offset) => [name, offset])))
      assert.deepEqual(
        await valuesOf(topic),
        expected.map((name) => name.padEnd(100, '.')),
      )
      assert.deepEqual(
        await valuesOf(topic, 1),
        refused.map((told) => `about ${told.split(' ')[0]}`),
      )
    })
  }

  test('drops a record without a key for a compacted topic, and writes what was batched with it', async () => {
    const topic = await kafka.createTopic(1, { 'cleanup.policy': 'compact' })
    const producer = await startProducer(kafka.client(), [topic])
    const refused: string[] = []
    for (let i = 0; i < 10; i++) {
      const listener = {
        delivered() {},
        failed: assert.fail,
        refused: ({ code }: ClientError) => void refused.push(`${i} ${code}`),
      }
      appendText(producer, topic, i === 3 || i === 9 ? null : `${i}`, `${i}`, { listener })
    }
    await producer.flush()
    assert.deepEqual(refused, ['3 INVALID_RECORD', '9 INVALID_RECORD'])
    assert.deepEqual(await valuesOf(topic), ['0', '1', '2', '4', '5', '6', '7', '8'])
  })

  test('sends by itself after lingering', async () => {
    const topic = await kafka.createTopic()
    const client = kafka.client()
    const producer = await startProducer(client, [topic], { lingerMs: 5 })
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    fetcher.assign(topic, 0, 0)
    appendText(producer, topic, 'k', 'on its own')
    const fetched = await pollFor(fetcher, ({ nextOffset }) => nextOffset > 0)
    assertMatches(recordsOf(fetched), [{ value: 'on its own' }])
  })

  test('tells when too much is buffered, and when it has drained', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic], { maxBufferedBytes: 50_000, lingerMs: 60_000 })
    await producer.drained()
    let appended = 0
    for (let rounds = 0; rounds < 3; rounds++) {
      while (producer.writable) appendText(producer, topic, null, `${appended++}`.padEnd(100))
      await producer.drained()
      assert.equal(producer.writable, true)
    }
    await producer.flush()
    assert.equal((await valuesOf(topic)).length, appended)
  })

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] satisfies Compression[])
    test(`compression ${compression}`, async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic], { compression })
      const expected = Array.from({ length: 2_000 }, (_, i) => `value number ${i} of many that are much alike`)
      for (const value of expected) appendText(producer, topic, 'k', value)
      await producer.flush()
      assert.deepEqual(await valuesOf(topic), expected)
    })

  test('init again starts over: unflushed records are dropped, earlier offsets are forgotten', async () => {
    const topic = await kafka.createTopic(2)
    const producer = await startProducer(kafka.client(), [topic], { lingerMs: 60_000 })
    appendText(producer, topic, 'k', 'kept', { partition: 1 })
    await producer.flush()
    appendText(producer, topic, 'k', 'dropped')
    await producer.init()
    appendText(producer, topic, 'k', 'new')
    assert.deepEqual(await producer.flush(), new Map([[tpKey(topic, 0), 0]]))
    assert.deepEqual(await valuesOf(topic), ['new'])
  })

  test('refuses everything once it is closed, and drops what was not flushed', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic], { lingerMs: 60_000 })
    appendText(producer, topic, 'k', 'dropped')
    await producer.close()
    await producer.close()
    assert.throws(() => appendText(producer, topic, 'k', 'v'), matching({ code: 'CLIENT_CLOSED' }))
    await assert.rejects(producer.flush(), matching({ code: 'CLIENT_CLOSED' }))
    assert.deepEqual(await valuesOf(topic), [])
  })
}
