import { rmSync } from 'node:fs'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import type { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import * as serdes from '../../../lib/serdes'
import type { Topology } from '../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const partitioner = (_topic: string, key: unknown): number => (key === 'a' ? 0 : 1)

/** After Kafka Streams' PositionRestartIntegrationTest. */
describe('the position of a store', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ words: 2 })
  })
  afterEach(() => apps.close())

  const counting = (storeType: 'persistent' | 'in-memory'): Topology => {
    const builder = new StreamsBuilder()
    builder.stream('words', text).groupByKey().count({ store: 'counts', storeType })
    return builder.build()
  }

  const restarted = async (topology: Topology, processingGuarantee: 'at_least_once' | 'exactly_once') => {
    const app = apps.create(topology, { processingGuarantee })
    await app.start()
    return app
  }

  const verify = async (app: KafkaStreams, isolation: 'latest' | 'committed'): Promise<void> => {
    const options = { isolation, local: true, partitioner }
    const bounded = app.query('counts', { ...options, atLeast: { words: { 0: 1, 1: 0 } } })
    expect(await bounded.get('a')).toMatchObject({ value: { value: 2 }, position: { words: { 0: 1 } } })
    expect(await bounded.get('b')).toMatchObject({ value: { value: 1 }, position: { words: { 1: 0 } } })
    const all = bounded.all()
    expect(await all.toArray()).toHaveLength(2)
    expect(all.position).toEqual({ words: { 0: 1, 1: 0 } })
    const ahead = app.query('counts', { ...options, atLeast: { words: { 0: 2 } } })
    await expect(ahead.get('a')).rejects.toMatchObject({ code: 'STORE_BEHIND' })
  }

  it.each([
    ['persistent', 'at_least_once', ['latest', 'committed']],
    ['persistent', 'exactly_once', ['latest', 'committed']],
    ['in-memory', 'at_least_once', ['latest']],
  ] as const)(
    'is known after a restart, with its state and without, before a record has come (%s, %s)',
    async (storeType, processingGuarantee, isolations) => {
      const topology = counting(storeType)
      const app = await restarted(topology, processingGuarantee)
      await apps.kafka.produce(
        'words',
        ['a', 'b', 'a'].map((key) => ({ key, value: '', partition: partitioner('', key) })),
        text,
      )
      await until(async () => {
        const committed = await Promise.all([0, 1].map((partition) => apps.committed('words', partition)))
        return committed.every((offset) => offset > 0) && committed[0]! >= 2
      })
      await app.close()

      const again = await restarted(topology, processingGuarantee)
      for (const isolation of isolations) await verify(again, isolation)
      await again.close()

      rmSync(apps.stateDir('a'), { recursive: true })
      const restored = await restarted(topology, processingGuarantee)
      for (const isolation of isolations) await verify(restored, isolation)
    },
  )
})
