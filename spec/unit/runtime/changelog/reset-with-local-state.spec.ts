import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { EmbeddedKafka } from '../../../../lib/kafka/memory'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { CommandLine } from '../../../support/command-line-interface'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

const TOPOLOGIES: Record<string, () => Topology> = {
  'counts of an input': () => {
    const builder = new StreamsBuilder()
    builder.stream('words', text).groupByKey().count({ store: 'counts' })
    return builder.build()
  },
  'counts behind a repartition topic': () => {
    const builder = new StreamsBuilder()
    builder
      .stream('words', text)
      .groupBy((word) => word, text)
      .count({ store: 'counts' })
    return builder.build()
  },
}

const CASES = Object.keys(TOPOLOGIES).flatMap((name) =>
  (['at_least_once', 'exactly_once'] as const).map((guarantee) => [name, guarantee] as const),
)

describe('local state that is left behind', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ words: 1 })
  })
  afterEach(() => apps.close())

  const produce = (kafka: EmbeddedKafka, ...words: string[]): Promise<void> =>
    kafka.produce(
      'words',
      words.map((word) => ({ key: word, value: word })),
      text,
    )
  const count = (app: KafkaStreams, word: string): number =>
    (app.store('counts').get(word) as { value: number } | null)?.value ?? 0

  /** Counts these words on the embedded Kafka. */
  const run = async (topology: Topology, processingGuarantee: 'at_least_once' | 'exactly_once'): Promise<void> => {
    await produce(apps.kafka, 'a', 'b', 'a')
    const app = apps.create(topology, { processingGuarantee })
    await app.start()
    await until(() => count(app, 'a') === 2)
    await app.close()
  }

  it.each(CASES)('by a reset of the application counts nothing twice: %s, %s', async (name, processingGuarantee) => {
    await run(TOPOLOGIES[name]!(), processingGuarantee)
    const { code } = await new CommandLine(apps.kafka).run('reset', '--application-id', 'app', '--execute')
    expect(code).toBe(0)
    const app = apps.create(TOPOLOGIES[name]!(), { processingGuarantee })
    await app.start()
    await produce(apps.kafka, 'last')
    await until(() => count(app, 'last') > 0)
    expect([count(app, 'a'), count(app, 'b')]).toEqual([2, 1])
    expect(apps.warnings[0]).toMatch(
      /^changelog app-counts-changelog .* local state is ahead of it, and its inputs are read again: restoring/,
    )
  })

  it.each(CASES)('by a group whose offsets have expired is warned about: %s, %s', async (name, processingGuarantee) => {
    await run(TOPOLOGIES[name]!(), processingGuarantee)
    const again = apps.create(TOPOLOGIES[name]!(), { processingGuarantee })
    await again.start()
    await again.close()
    expect(apps.warnings).toEqual([])
    await apps.kafka.client().admin().deleteGroup('app')
    const app = apps.create(TOPOLOGIES[name]!(), { processingGuarantee })
    await app.start()
    // 4 or, where the repartition topic still has its records, 6
    await until(() => count(app, 'a') >= 4)
    expect(apps.warnings).toEqual([
      expect.stringMatching(
        /^the group has no committed offset of .* the local state contains its records up to offset .*offsets.retention.minutes/,
      ),
    ])
  })

  it.each(CASES)(
    'by a Kafka that was set up anew is not part of its counts: %s, %s',
    async (name, processingGuarantee) => {
      await run(TOPOLOGIES[name]!(), processingGuarantee)
      await using kafka = new EmbeddedKafka({ topics: { words: 1 } })
      await produce(kafka, 'a', 'last')
      const app = apps.create(TOPOLOGIES[name]!(), { processingGuarantee, kafka })
      await app.start()
      await until(() => count(app, 'last') > 0)
      expect([count(app, 'a'), count(app, 'b')]).toEqual([1, 0])
      await app.close()
    },
  )

  it.each(CASES)(
    'on another instance, which takes over later, counts nothing twice: %s, %s',
    async (name, processingGuarantee) => {
      const config = { processingGuarantee, statestoreCacheMaxBytes: 0 }
      await produce(apps.kafka, 'a', 'b', 'a', 'b', 'a', 'b')
      const former = apps.create(TOPOLOGIES[name]!(), config)
      await former.start()
      await until(() => count(former, 'b') === 3)
      await former.close()

      await using kafka = new EmbeddedKafka({ topics: { words: 1 } })
      await produce(kafka, 'a')
      const first = apps.create(TOPOLOGIES[name]!(), { ...config, kafka, stateDir: apps.stateDir('first') })
      await first.start()
      await until(() => count(first, 'a') === 1)
      await first.close()
      const second = apps.create(TOPOLOGIES[name]!(), { ...config, kafka })
      await second.start()
      await produce(kafka, 'last')
      await until(() => count(second, 'last') > 0)
      expect([count(second, 'a'), count(second, 'b')]).toEqual([1, 0])
      expect(apps.warnings).toContainEqual(
        expect.stringMatching(/local state is ahead of it, and its inputs are read again: restoring/),
      )
      await second.close()
    },
  )

  it.each(['at_least_once', 'exactly_once'] as const)(
    'by a reset is not what updates of a table replace, if its source topic is its changelog: %s',
    async (processingGuarantee) => {
      const topology = (): Topology => {
        const builder = new StreamsBuilder()
        builder
          .table('words', text, 'rows')
          .groupBy((value) => [value, value], text)
          .count({ store: 'counts' })
        return builder.build({ optimization: 'all' })
      }
      const rows = (...values: [string, string][]): Promise<void> =>
        apps.kafka.produce(
          'words',
          values.map(([key, value]) => ({ key, value })),
          text,
        )
      await rows(['k', 'a'], ['k', 'b'], ['l', 'a'], ['k', 'a'])
      const app = apps.create(topology(), { processingGuarantee })
      await app.start()
      await until(() => count(app, 'a') === 2)
      await app.close()
      const { code } = await new CommandLine(apps.kafka).run('reset', '--application-id', 'app', '--execute')
      expect(code).toBe(0)

      const again = apps.create(topology(), { processingGuarantee })
      await again.start()
      await rows(['m', 'last'])
      await until(() => count(again, 'last') > 0)
      expect([count(again, 'a'), count(again, 'b')]).toEqual([2, 0])
      expect(apps.warnings).toContainEqual(
        expect.stringMatching(
          /^changelog words .* is read from its beginning, and the local state ends at offset 3: rest/,
        ),
      )
    },
  )

  it('is kept where the offsets of its inputs are: what they contain is not processed again', async () => {
    const name = 'counts of an input'
    await run(TOPOLOGIES[name]!(), 'at_least_once')
    const admin = apps.kafka.client().admin()
    // an input of which everything has expired begins where it was committed
    await admin.deleteRecords([{ topic: 'words', partition: 0, offset: 3 }])
    await admin.deleteTopics(['app-counts-changelog'])
    const app = apps.create(TOPOLOGIES[name]!())
    await app.start()
    expect([count(app, 'a'), count(app, 'b')]).toEqual([2, 1])
    expect(apps.warnings[0]).toMatch(/Refilling it from the local state/)
  })

  it('is kept where the offsets of its inputs have expired, and reading starts behind what it contains', async () => {
    const name = 'counts of an input'
    await run(TOPOLOGIES[name]!(), 'at_least_once')
    const admin = apps.kafka.client().admin()
    await admin.deleteGroup('app')
    await admin.deleteTopics(['app-counts-changelog'])
    const app = apps.create(TOPOLOGIES[name]!(), { autoOffsetReset: 'latest' })
    await app.start()
    expect([count(app, 'a'), count(app, 'b')]).toEqual([2, 1])
    expect(apps.warnings[0]).toMatch(/Refilling it from the local state/)
  })
})
