import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import { NO_HEADERS } from '../../../../lib/record/headers'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const REPARTITION = 'app-counts-repartition'

const counting = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('words', text)
    .groupBy((word) => word, text)
    .count({ store: 'counts' })
  return builder.build()
}

describe('committing', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ words: 1 })
  })
  afterEach(() => apps.close())

  const produce = (words: number): Promise<void> =>
    apps.kafka.produce(
      'words',
      Array.from({ length: words }, (_, i) => ({ key: `word ${i}`, value: `word ${i}` })),
    )
  const committed = async (topic: string): Promise<number> =>
    (await apps.kafka.client().admin().groupOffsets('app')).get(`${topic}-0`)?.offset ?? 0
  const offset = async (at: 'earliest' | 'latest'): Promise<number> =>
    (
      await apps.kafka
        .client()
        .admin()
        .listOffsets([{ topic: REPARTITION, partition: 0, at }])
    ).get(`${REPARTITION}-0`)!

  it.each(['at_least_once', 'exactly_once'] as const)(
    'happens before its interval is over when more than maxUncommittedBytes would be lost (%s)',
    async (processingGuarantee) => {
      const builder = new StreamsBuilder()
      builder.stream('words', text).groupByKey().count({ store: 'counts' })
      const app = apps.create(builder.build(), {
        processingGuarantee,
        commitInterval: '10m',
        transactionTimeout: '15m',
        maxUncommittedBytes: 10_000,
        statestoreCacheMaxBytes: 0,
      })
      await app.start()
      await produce(100)
      await until(() => app.store('counts').get('word 99') !== null)
      expect(await committed('words')).toBe(0)
      await produce(2000)
      await until(async () => (await committed('words')) > 100)
    },
  )

  it.each(['at_least_once', 'exactly_once'] as const)(
    "keeps the partition's time, which the next run's timestamp extractor is given (%s)",
    async (processingGuarantee) => {
      const given: number[] = []
      const timestampExtractor = ({ timestamp }: { timestamp: number }, partitionTime: number): number => {
        given.push(partitionTime)
        return timestamp
      }
      const builder = new StreamsBuilder()
      builder.stream('words', { ...text, timestampExtractor }).foreach(() => {})
      const topology = builder.build()
      for (const [run, timestamp] of [5000, 4999, 4998].entries()) {
        const app = apps.create(topology, { processingGuarantee })
        await app.start()
        await apps.kafka.produce('words', [{ key: 'k', value: 'v', timestamp }])
        await until(() => given.length > run)
        await app.close()
      }
      expect(given).toEqual([-1, 5000, 5000])
    },
  )

  it('goes past the marker and the aborted records at the end of a topic under exactly-once', async () => {
    const producer = apps.kafka.client().producer({ transactionalId: 'words' })
    await producer.init()
    await producer.loadTopics(['words'])
    for (const how of ['commit', 'abort'] as const) {
      producer.begin()
      producer.append('words', 0, null, Buffer.from(how), 1, NO_HEADERS)
      await producer.flush()
      await producer[how]()
    }
    const app = apps.create(counting(), { processingGuarantee: 'exactly_once' })
    await app.start()
    await until(async () => (await committed('words')) === 4)
    const ends = await apps.kafka
      .client()
      .admin()
      .listOffsets([{ topic: 'words', partition: 0, at: 'latest' }])
    expect(ends.get('words-0')).toBe(4)
    await until(() => app.store('counts').get('commit') !== null)
    expect(app.store('counts').get('abort')).toBeNull()
  })

  it('deletes what is committed of repartition topics although nothing more is committed', async () => {
    await apps.create(counting(), { repartitionPurgeInterval: 300 }).start()
    await produce(100)
    await until(async () => (await offset('earliest')) === 100)
    expect(await committed(REPARTITION)).toBe(100)
    expect(await offset('latest')).toBe(100)
  })

  it('deletes what is committed of repartition topics, and no more', async () => {
    const app = apps.create(counting(), { repartitionPurgeInterval: 50 })
    await app.start()
    for (let round = 1; (await offset('earliest')) === 0; round++) {
      await produce(100)
      await until(async () => (await committed(REPARTITION)) === round * 100)
      expect(await offset('earliest')).toBeLessThanOrEqual(round * 100)
    }
    await app.close()
    const kept = await offset('latest')
    expect(await offset('earliest')).toBeLessThanOrEqual(kept)

    // what is deleted is not missed, by the same instance or by one without state
    await app.cleanUp()
    const next = apps.create(counting())
    await next.start()
    const before = (next.store('counts').get('word 0') as { value: number }).value
    expect(before).toBe(kept / 100)
    await produce(100)
    await until(() => (next.store('counts').get('word 0') as { value: number }).value === before + 1)
    expect(apps.warnings).toEqual([])
  })
})
