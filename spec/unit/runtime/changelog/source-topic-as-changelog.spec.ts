import { rmSync } from 'node:fs'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import type { KeyValueStore } from '../../../../lib/state/store'
import { keyValueStore, timestampedKeyValueStore } from '../../../../lib/state/stores'
import { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

/** After Kafka Streams' RestoreIntegrationTest, shouldRestoreStateFromSourceTopic… */
describe('a store whose changelog is its source topic', () => {
  let apps: EmbeddedApps
  let processed: string[]

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 1 })
    processed = []
  })
  afterEach(() => apps.close())

  const note = (key: string | null, value: string | null): void => void processed.push(`${key}=${value}`)

  const topologies: Record<string, () => Topology> = {
    'an optimized table': () => {
      const builder = new StreamsBuilder()
      const rows = builder.table('in', text, timestampedKeyValueStore('rows', text))
      rows.toStream().foreach((value, key) => note(key, value))
      return builder.build({ optimization: 'all' })
    },
    'a read-only store of the Processor API': () => {
      const rows = keyValueStore('rows', text)
      const writer = () => {
        let store: KeyValueStore<string, string>
        return {
          init: (context: { stateStore(handle: typeof rows): KeyValueStore<string, string> }) =>
            void (store = context.stateStore(rows)),
          process: ({ key, value }: { key: string; value: string | null }) => {
            note(key, value)
            store.put(key, value)
          },
        }
      }
      return new Topology().addReadOnlyStateStore(rows, 'source', 'in', 'writer', writer, text)
    },
  }

  const start = async (kind: string): Promise<{ app: KafkaStreams; restored: () => number }> => {
    const app = apps.create(topologies[kind]!())
    let restored = 0
    app.on('restoreEnd', (event) => (restored += event.restored))
    await app.start()
    return { app, restored: () => restored }
  }

  const rows = async (app: KafkaStreams): Promise<unknown[]> => {
    const found = await app.query('rows').all().toArray()
    return found.map(([key, value]) => [key, (value as { value?: string }).value ?? value])
  }

  const produce = (...records: [string, string | null][]): Promise<void> =>
    apps.kafka.produce(
      'in',
      records.map(([key, value]) => ({ key, value })),
      text,
    )

  it.each(Object.keys(topologies))(
    'is restored up to what is committed, and what comes after is processed: %s',
    async (kind) => {
      await produce(['a', '1'], ['b', '1'], ['a', '2'], ['c', '1'], ['a', '3'], ['b', '2'])
      const admin = apps.kafka.client().admin()
      await admin.alterGroupOffsets('app', [{ topic: 'in', partition: 0, offset: 3, metadata: '' }])

      const first = await start(kind)
      await until(async () => (await apps.committed('in', 0)) === 6)
      expect(first.restored()).toBe(3)
      expect(processed.splice(0)).toEqual(['c=1', 'a=3', 'b=2'])
      expect(await rows(first.app)).toEqual([
        ['a', '3'],
        ['b', '2'],
        ['c', '1'],
      ])
      await first.app.close()

      // with local state: nothing is restored
      await produce(['a', null], ['d', '1'])
      const second = await start(kind)
      await until(async () => (await apps.committed('in', 0)) === 8)
      expect(second.restored()).toBe(0)
      expect(processed.splice(0)).toEqual(['a=null', 'd=1'])
      await second.app.close()

      // without it: everything is, a tombstone as well, and nothing is processed again
      rmSync(apps.stateDir('a'), { recursive: true })
      const third = await start(kind)
      expect(third.restored()).toBe(8)
      expect(await rows(third.app)).toEqual([
        ['b', '2'],
        ['c', '1'],
        ['d', '1'],
      ])
      expect(processed).toEqual([])
    },
  )

  it.each(Object.keys(topologies))(
    'is what that has, and never writes to it, after it was deleted and created again: %s',
    async (kind) => {
      await produce(['a', '1'], ['b', '1'], ['c', '1'])
      const first = await start(kind)
      await until(async () => (await apps.committed('in', 0)) === 3)
      await first.app.close()
      await apps.kafka.client().admin().deleteTopics(['in'])
      await apps.kafka.createTopic('in')
      await produce(['x', '1'])

      const second = await start(kind)
      await until(async () => (await apps.committed('in', 0)) === 1)
      expect(processed).toEqual(['a=1', 'b=1', 'c=1', 'x=1'])
      expect(await rows(second.app)).toEqual([['x', '1']])
      expect(apps.warnings[0]).toMatch(
        /^changelog in partition 0 of store rows ends at offset 1 and the local state is ahead of it: restoring the task from the/,
      )
      await second.app.close()
      expect((await apps.kafka.read('in', text)).map(({ key }) => key)).toEqual(['x'])
    },
  )

  it('is empty in tasks whose other inputs have more partitions than its topic', async () => {
    topologies['beside a wider topic'] = () => {
      const builder = new StreamsBuilder()
      const table = builder.table('in', text, timestampedKeyValueStore('rows', text))
      const wider = builder.stream('wider', text)
      const merged = table.toStream().merge(wider)
      merged.foreach((value, key) => note(key, value))
      return builder.build({ optimization: 'all' })
    }
    await apps.kafka.createTopic('wider', 2)
    await produce(['a', '1'], ['b', '1'])
    await apps.produceTo('wider', 1, 'w')
    const first = await start('beside a wider topic')
    await until(async () => (await apps.committed('in', 0)) === 2 && (await apps.committed('wider', 1)) === 1)
    await first.app.close()
    rmSync(apps.stateDir('a'), { recursive: true })

    const second = await start('beside a wider topic')
    expect(second.restored()).toBe(2)
    expect(await rows(second.app)).toEqual([
      ['a', '1'],
      ['b', '1'],
    ])
    expect(processed.sort()).toEqual(['a=1', 'b=1', 'w=w'])
  })

  it('that has lost its end does not take the only copy of a store beside it along, whose changelog is gone', async () => {
    const seen = keyValueStore('seen', text)
    const topology = (): Topology => {
      const builder = new StreamsBuilder()
      const keeping = () => {
        let store: KeyValueStore<string, string>
        return {
          init: (context: { stateStore(handle: typeof seen): KeyValueStore<string, string> }) =>
            void (store = context.stateStore(seen)),
          process: ({ key, value }: { key: string; value: string | null }) => store.put(key, value),
        }
      }
      builder
        .table('in', text, timestampedKeyValueStore('rows', text))
        .toStream()
        .process(keeping as never, [seen])
      return builder.build({ optimization: 'all' })
    }
    await produce(['a', '1'], ['b', '1'], ['c', '1'])
    const first = apps.create(topology())
    await first.start()
    await until(async () => (await apps.committed('in', 0)) === 3)
    await first.close()
    await apps.kafka.client().admin().deleteTopics(['in', 'app-seen-changelog'])
    await apps.kafka.createTopic('in')
    await produce(['x', '1'])
    // as after an unclean election: Kafka forgets the offsets of a topic that is deleted
    await apps.kafka
      .client()
      .admin()
      .alterGroupOffsets('app', [{ topic: 'in', partition: 0, offset: 3, metadata: '' }])

    const second = apps.create(topology())
    await second.start()
    await until(async () => (await apps.committed('in', 0)) === 1)
    expect(await rows(second)).toEqual([['x', '1']])
    const kept = (await second.query('seen').all().toArray()).map(([key]) => key)
    expect(kept).toEqual(['a', 'b', 'c', 'x'])
    expect((await apps.kafka.read('in', text)).map(({ key }) => key)).toEqual(['x'])
  })
})
