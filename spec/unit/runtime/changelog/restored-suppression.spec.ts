import { rmSync } from 'node:fs'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { untilTimeLimit } from '../../../../lib/dsl/suppressed'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

/** After Kafka Streams' SuppressionDurabilityIntegrationTest. */
describe('what suppress holds back', () => {
  let apps: EmbeddedApps
  let emitted: string[]

  beforeEach(() => {
    // a trap for what would be written to the partition of its key
    apps = new EmbeddedApps({ in: 2 })
    emitted = []
  })
  afterEach(() => apps.close())

  const holding = (): Topology => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .groupByKey()
      .count({ store: 'counts', caching: false })
      .suppress(untilTimeLimit(Infinity, { maxRecords: 3, name: 'held' }))
      .toStream()
      .foreach((count, key, { topic, partition, offset, timestamp, headers }) => {
        emitted.push(`${key}=${count} ${topic}-${partition} ${offset} @${timestamp} ${String(headers[0]?.[1])}`)
      })
    return builder.build()
  }

  const produce = (...numbers: number[]): Promise<void> =>
    apps.kafka.produce(
      'in',
      numbers.map((i) => ({
        key: `k${i}`,
        value: '',
        timestamp: i * 1000,
        partition: 0,
        headers: [['number', Buffer.from(`${i}`)]],
      })),
      text,
    )
  const emissions = (...numbers: number[]): string[] => numbers.map((i) => `k${i}=1 in-0 ${i - 1} @${i * 1000} ${i}`)

  it.each([
    ['at_least_once', 'kept'],
    ['at_least_once', 'lost'],
    ['exactly_once', 'kept'],
    ['exactly_once', 'lost'],
  ] as const)(
    'is emitted once, with the origin of its record, across a restart (%s, local state %s)',
    async (processingGuarantee, state) => {
      const app = apps.create(holding(), { processingGuarantee })
      await app.start()
      await produce(1, 2, 3)
      await until(async () => (await apps.committed('in', 0)) >= 3)
      expect(emitted).toEqual([])
      await produce(4, 5)
      await until(() => emitted.length >= 2)
      await app.close()
      expect(emitted.splice(0)).toEqual(emissions(1, 2))

      if (state === 'lost') rmSync(apps.stateDir('a'), { recursive: true })
      const again = apps.create(holding(), { processingGuarantee })
      await again.start()
      await produce(6, 7, 8)
      await until(() => emitted.length >= 3)
      await again.close()
      expect(emitted).toEqual(emissions(3, 4, 5))
    },
  )
})
