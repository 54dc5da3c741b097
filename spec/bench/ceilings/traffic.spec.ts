import { EmbeddedKafka } from 'millrace/embedded'
import type { KafkaClient } from '../../../lib/kafka/port'
import { fillTopic } from '../topics'
import { repeatTraffic, writtenBy } from './traffic'

const kafka = (): EmbeddedKafka =>
  new EmbeddedKafka({
    topics: {
      'bench-words': 2,
      'app-out': 2,
      'app-count-changelog': 1,
      'app-count-repartition': 2,
      'app-empty': 1,
      'app-windows-changelog': 1,
      'app-out-late': 1,
      'copy-out': 2,
      'copy-count-changelog': 1,
      'copy-count-repartition': 2,
    },
  })

let client: KafkaClient

beforeEach(() => {
  client = kafka().client()
})

afterEach(() => client.close())

const fill = (topic: string, partitions: number, records: number): Promise<number> => {
  const numbered = Array.from({ length: records }, (_, i) => ({
    key: `${topic}-${i}`,
    value: `${i}`,
    timestamp: i + 1,
  }))
  return fillTopic(client, { topic, partitions }, numbered)
}

const fillApplication = async (): Promise<void> => {
  await fill('bench-words', 2, 100)
  await fill('app-out', 2, 60)
  await fill('app-count-changelog', 1, 40)
  await fill('app-count-repartition', 2, 3000)
}

describe('writtenBy', () => {
  it('counts the records of each topic that has some, and takes samples of all its partitions', async () => {
    await fillApplication()
    const written = await writtenBy(client, 'app')
    expect(written.map(({ name, partitions, records }) => [name, partitions, records]).sort()).toEqual([
      ['count-changelog', 1, 40],
      ['count-repartition', 2, 3000],
      ['out', 2, 60],
    ])
    const out = written.find(({ name }) => name === 'out')!
    expect(out.samples.map(({ key }) => String(key)).sort()).toEqual(
      Array.from({ length: 60 }, (_, i) => `app-out-${i}`).sort(),
    )
    expect(out.samples.slice(0, 2).map(({ partition }) => partition)).toEqual([0, 1])
    const repartition = written.find(({ name }) => name === 'count-repartition')!
    expect(repartition.samples).toHaveLength(2000)
  })

  const deleteFirst = (topic: string, records: number): Promise<void> =>
    client.admin().deleteRecords([{ topic, partition: 0, offset: records }])

  it.each([
    ['some', 2, ['app-windows-changelog-2', 'app-windows-changelog-3']],
    ['all', 4, ['app-out-late-0']],
  ])('goes on behind records that are deleted meanwhile: %s', async (_, deleted, keys) => {
    await fill('app-windows-changelog', 1, 4)
    await fill('app-out-late', 1, 1)
    const newFetcher = client.fetcher.bind(client)
    jest.spyOn(client, 'fetcher').mockImplementation((config) => {
      const fetcher = newFetcher(config)
      const poll = fetcher.poll.bind(fetcher)
      fetcher.poll = async (maxWaitMs) => {
        await deleteFirst('app-windows-changelog', deleted)
        return poll(maxWaitMs)
      }
      return fetcher
    })
    const written = await writtenBy(client, 'app')
    const changelog = written.find(({ name }) => name === 'windows-changelog')!
    expect(changelog.samples.map(({ key }) => String(key))).toEqual(keys)
  })

  it('takes samples of the results for a topic whose records are gone', async () => {
    await fill('app-windows-changelog', 1, 5)
    await fill('app-out-late', 1, 3)
    await deleteFirst('app-windows-changelog', 5)
    const written = await writtenBy(client, 'app')
    const changelog = written.find(({ name }) => name === 'windows-changelog')!
    expect(changelog.records).toBe(5)
    expect(changelog.samples.map(({ key }) => String(key))).toEqual([
      'app-out-late-0',
      'app-out-late-1',
      'app-out-late-2',
    ])
  })

  it('rejects where there are no results with as many partitions', async () => {
    await fill('app-count-changelog', 1, 5)
    await fill('app-out', 2, 3)
    await deleteFirst('app-count-changelog', 5)
    await expect(writtenBy(client, 'app')).rejects.toThrow('app-count-changelog has none of its 5 records left')
  })
})

describe('repeatTraffic', () => {
  it('writes as many records as the application to each topic, and has read back what it reads itself', async () => {
    await fillApplication()
    const halfway = jest.fn()
    const written = await writtenBy(client, 'app')
    await repeatTraffic(client, { inputs: ['bench-words'], written, applicationId: 'copy' }, halfway)
    const copied = await writtenBy(client, 'copy')
    const counts = copied.map(({ name, records }) => [name, records])
    expect(counts.sort()).toEqual([
      ['count-changelog', 40],
      ['count-repartition', 3000],
      ['out', 60],
    ])
    expect(halfway).toHaveBeenCalledTimes(1)
  })
})
