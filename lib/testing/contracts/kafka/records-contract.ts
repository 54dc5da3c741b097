import assert from 'node:assert/strict'
import { type Compression } from '../../../kafka/port'
import { readTopic, recordsOf } from './reading'
import type { KafkaContract } from './kafka-client-setup'
import { appendText, startProducer } from './writing'
import { NO_HEADERS, type RecordHeaders } from '../../../record/headers'

const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** Neither all the same nor noise, with lengths from nothing to several blocks of every codec. */
const textOf = (index: number): string => {
  const length = [0, 1, 13, 100, 5_000, 70_000, 200_000][index % 7]!
  const line = `record ${index}: ${(index * 7919) % 1000} of the quick brown foxes; `
  return line.repeat(Math.ceil(length / line.length)).slice(0, length)
}

export const recordsContract: KafkaContract = ({ test }, kafka) => {
  for (const compression of COMPRESSIONS)
    test(`come back as they were written, with compression ${compression}`, async () => {
      const topic = await kafka.createTopic(1, { 'max.message.bytes': '10000000' })
      const producer = await startProducer(kafka.client(), [topic], { compression })
      const values = Array.from({ length: 30 }, (_, index) => textOf(index))
      values.forEach((value, index) => appendText(producer, topic, `key ${index}`, value, { timestamp: 1_000 + index }))
      await producer.flush()
      const records = await readTopic(kafka.client(), topic)
      assert.deepEqual(
        records.map(({ offset, key, timestamp }) => [offset, key, timestamp]),
        values.map((_, index) => [index, `key ${index}`, 1_000 + index]),
      )
      assert.equal(
        records.every(({ value }, index) => value === values[index]),
        true,
      )
    })

  for (const compression of COMPRESSIONS)
    test(`can be read from the middle of a batch, with compression ${compression}`, async () => {
      const topic = await kafka.createTopic()
      const producer = await startProducer(kafka.client(), [topic], { compression })
      for (let i = 0; i < 100; i++) appendText(producer, topic, null, `value ${i}`)
      await producer.flush()
      const fetcher = kafka.client().fetcher({ isolation: 'read_uncommitted' })
      fetcher.assign(topic, 0, 42)
      const offsets: number[] = []
      while (offsets.at(-1) !== 99) {
        for (const fetched of await fetcher.poll(5_000)) offsets.push(...recordsOf(fetched).map(({ offset }) => offset))
      }
      assert.deepEqual(
        offsets,
        Array.from({ length: 58 }, (_, i) => 42 + i),
      )
    })

  test('tell null from empty, in keys and values', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic])
    appendText(producer, topic, null, null)
    appendText(producer, topic, '', '')
    appendText(producer, topic, null, '')
    appendText(producer, topic, '', null)
    await producer.flush()
    const records = await readTopic(kafka.client(), topic)
    assert.deepEqual(
      records.map(({ key, value }) => [key, value]),
      [
        [null, null],
        ['', ''],
        [null, ''],
        ['', null],
      ],
    )
  })

  test('keep any bytes', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic])
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    producer.append(topic, 0, bytes, new Uint8Array(bytes), 0, NO_HEADERS)
    await producer.flush()
    const fetcher = kafka.client().fetcher({ isolation: 'read_committed' })
    fetcher.assign(topic, 0, 0)
    const [fetched] = await fetcher.poll(5_000)
    const cursor = fetched!.records()
    assert.equal(cursor.advance(), true)
    assert.deepEqual(cursor.key, bytes)
    assert.deepEqual(cursor.value, bytes)
    assert.equal(cursor.advance(), false)
  })

  test('written from a text are its UTF-8 bytes', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic])
    const texts = ['', 'plain', 'größe', '大きさ 🦊', 'plain again', 'é'.repeat(5_000)]
    for (const text of texts) producer.append(topic, 0, text, text, 0, NO_HEADERS)
    producer.append(topic, 0, null, 'without a key', 0, NO_HEADERS)
    await producer.flush()
    const records = await readTopic(kafka.client(), topic)
    assert.deepEqual(
      records.map(({ key, value }) => [key, value]),
      [...texts.map((text) => [text, text]), [null, 'without a key']],
    )
  })

  test('have been copied when append returns', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic])
    const reused = Buffer.from('first ')
    const header = Buffer.from('h1')
    producer.append(topic, 0, reused, reused, 0, [['name', header]])
    reused.write('second')
    header.write('h2')
    producer.append(topic, 0, reused, reused, 0, [['name', header]])
    reused.fill(0)
    header.fill(0)
    await producer.flush()
    const records = await readTopic(kafka.client(), topic)
    assert.deepEqual(
      records.map(({ key, value, headers }) => [key, value, headers]),
      [
        ['first ', 'first ', [['name', 'h1']]],
        ['second', 'second', [['name', 'h2']]],
      ],
    )
  })

  test('carry headers in order: repeated, empty, null and in any script', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic])
    const headers: RecordHeaders = [
      ['trace', Buffer.from('1')],
      ['trace', Buffer.from('2')],
      ['empty', Buffer.alloc(0)],
      ['null', null],
      ['größe 大きさ', Buffer.from('ß')],
      ['long', Buffer.from('y'.repeat(1_000))],
    ]
    producer.append(topic, 0, null, Buffer.from('with'), 0, headers)
    producer.append(topic, 0, null, Buffer.from('without'), 0, NO_HEADERS)
    await producer.flush()
    const [first, second] = await readTopic(kafka.client(), topic)
    assert.deepEqual(
      first!.headers,
      headers.map(([name, value]) => [name, value?.toString() ?? null]),
    )
    assert.deepEqual(second!.headers, [])
  })

  test('keep their timestamps: 0, -1, out of order and far apart', async () => {
    const topic = await kafka.createTopic(1, { 'message.timestamp.after.max.ms': '9223372036854775807' })
    const timestamps = [1_700_000_000_000, 0, -1, 1_700_000_000_001, 1, 253_402_300_799_999]
    for (const order of [timestamps, [...timestamps].reverse()]) {
      const producer = await startProducer(kafka.client(), [topic])
      for (const timestamp of order) appendText(producer, topic, null, 'v', { timestamp })
      await producer.flush()
    }
    const records = await readTopic(kafka.client(), topic)
    assert.deepEqual(
      records.map(({ timestamp }) => timestamp),
      [...timestamps, ...[...timestamps].reverse()],
    )
  })

  test('of a large number come back complete and in order', async () => {
    const topic = await kafka.createTopic()
    const producer = await startProducer(kafka.client(), [topic], { batchBytes: 1_000_000 })
    const count = 50_000
    for (let i = 0; i < count; i++) {
      if (!producer.writable) await producer.drained()
      appendText(producer, topic, `k${i % 100}`, `${i}`)
    }
    await producer.flush()
    const records = await readTopic(kafka.client(), topic)
    assert.equal(records.length, count)
    assert.equal(
      records.every(({ offset, value }, i) => offset === i && value === `${i}`),
      true,
    )
  })
}
