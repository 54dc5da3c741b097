import { EmbeddedKafka } from 'millrace/embedded'
import type { KafkaClient } from '../../lib/kafka/port'
import { CLOSING_KEY, digestOf } from './output'
import { createTopics, deleteTopics, fillTopic } from './topics'
import type { InputRecord } from './workload'

const record = (key: string, value: string): InputRecord => ({ key, value, timestamp: 1 })

let client: KafkaClient

beforeEach(() => {
  client = new EmbeddedKafka({ topics: { lines: 2, other: 3 } }).client()
})

afterEach(() => client.close())

const fill = (topic: string, partitions: number, ...records: InputRecord[]): Promise<number> =>
  fillTopic(client, { topic, partitions }, records)

describe('fillTopic', () => {
  it('counts what it has written', async () => {
    expect(await fill('lines', 2, record('a', '1'), record('b', '2'))).toBe(2)
  })

  it('rejects when records that were sent are not on the broker', async () => {
    const losing: KafkaClient = {
      ...bound(client),
      producer: (config) => {
        const producer = client.producer(config)
        const append = producer.append.bind(producer)
        let sent = 0
        producer.append = (...args) => {
          if (sent++ > 0) append(...args)
        }
        return producer
      },
    }
    await expect(
      fillTopic(losing, { topic: 'lines', partitions: 2 }, [record('a', '1'), record('b', '2')]),
    ).rejects.toThrow('Of 2 records written to lines, 1 are there')
  })
})

const bound = (client: KafkaClient): KafkaClient => ({
  fetcher: (config) => client.fetcher(config),
  group: (config, listener) => client.group(config, listener),
  producer: (config) => client.producer(config),
  admin: () => client.admin(),
  close: () => client.close(),
})

describe('topics of a run', () => {
  it('are created, and deleted by the beginning of their name', async () => {
    const admin = client.admin()
    await createTopics(admin, [
      { topic: 'run-1-out', partitions: 1 },
      { topic: 'run-2-out', partitions: 1 },
    ])
    await deleteTopics(admin, 'run-1-')
    expect((await admin.listTopics()).filter((topic) => topic.startsWith('run-'))).toEqual(['run-2-out'])
  })

  it('are deleted even if the broker did not say in time that it had done so', async () => {
    const admin = client.admin()
    const deleteThem = admin.deleteTopics.bind(admin)
    admin.deleteTopics = async (topics) => {
      await deleteThem(topics)
      await deleteThem(topics)
    }
    await createTopics(admin, [{ topic: 'run-1-out', partitions: 1 }])
    await deleteTopics(admin, 'run-1-')
    expect(await admin.listTopics()).toEqual(['lines', 'other'])
  })
})

describe('digestOf', () => {
  it('of a table is the same for the same last values, in whatever order and partition', async () => {
    await fill('lines', 2, record('a', '1'), record('a', '2'), record('b', '3'))
    await fill('other', 3, record('b', '3'), record('a', '2'))
    const digest = await digestOf(client, 'lines', 'table')
    expect(digest.records).toBe(2)
    expect(await digestOf(client, 'other', 'table')).toEqual(digest)
  })

  it('of a table is another one for another value', async () => {
    await fill('lines', 2, record('a', '1'))
    await fill('other', 3, record('a', '2'))
    expect(await digestOf(client, 'lines', 'table')).not.toEqual(await digestOf(client, 'other', 'table'))
  })

  it('of a stream counts every record', async () => {
    await fill('lines', 2, record('a', '1'), record('a', '1'), record('b', '3'))
    await fill('other', 3, record('a', '1'), record('b', '3'))
    expect(await digestOf(client, 'lines', 'stream')).toMatchObject({ records: 3 })
    expect(await digestOf(client, 'other', 'stream')).toMatchObject({ records: 2 })
  })

  it('does not count what is due to closing records', async () => {
    await fill('lines', 2, record('a', '1'), record(`${CLOSING_KEY}-0`, 'x'))
    expect(await digestOf(client, 'lines', 'stream')).toMatchObject({ records: 1 })
  })
})
