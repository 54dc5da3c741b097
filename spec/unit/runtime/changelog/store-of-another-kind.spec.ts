import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { SessionWindows } from '../../../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import { keyValueStore, timestampedKeyValueStore } from '../../../../lib/state/stores'
import type { KeyValueStore, VersionedKeyValueStore } from '../../../../lib/state/store'
import { versionedKeyValueStore } from '../../../../lib/state/versioned/versioned-key-value-store'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const counted = { key: serdes.string(), value: serdes.long() }
const changelog = 'app-counts-changelog'

const counting = (kind: string): Topology => {
  const builder = new StreamsBuilder()
  const stream = builder.stream('in', text)
  const grouped = stream.groupByKey(text)
  if (kind === 'window') grouped.windowedBy(TimeWindows.of({ size: '1m' })).count({ store: 'counts' })
  else if (kind === 'session') grouped.windowedBy(SessionWindows.of({ inactivityGap: '1m' })).count({ store: 'counts' })
  else if (kind === 'versioned') grouped.count(versionedKeyValueStore('counts', { ...counted, historyRetention: '1h' }))
  else if (kind === 'key-value') grouped.count({ store: 'counts' })
  else {
    const store = kind === 'plain' ? keyValueStore('counts', counted) : timestampedKeyValueStore('counts', counted)
    stream.process(() => {
      let counts: KeyValueStore<string, unknown>
      return {
        init: (context) => void (counts = context.stateStore('counts')),
        process: ({ key, timestamp }) => counts.put(key!, kind === 'plain' ? 1 : { value: 1, timestamp }),
      }
    }, [store])
  }
  return builder.build()
}

describe('a store of another kind than the one that had its name before', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 1 })
  })
  afterEach(() => apps.close())

  const runBefore = async (kind: string): Promise<void> => {
    const before = apps.create(counting(kind))
    await before.start()
    await apps.kafka.produce(
      'in',
      [{ key: 'some-customer-id', value: 'x', timestamp: Date.UTC(2026, 1, 3, 4, 5, 6) }],
      text,
    )
    const bytes = { key: serdes.bytes(), value: serdes.bytes() }
    await until(async () => {
      for await (const _record of apps.kafka.subscribe(changelog, bytes)) return true
      return false
    })
    await before.close()
  }

  const elsewhere = (kind: string): KafkaStreams =>
    apps.create(counting(kind), { stateDir: apps.stateDir('elsewhere') })

  it.each([
    ['key-value', 'window'],
    ['key-value', 'session'],
    ['window', 'session'],
    ['session', 'window'],
  ])('does not restore the changelog of a %s store into a %s store', async (was, is) => {
    await runBefore(was)
    await expect(elsewhere(is).start()).rejects.toMatchObject({
      code: 'INTERNAL_TOPIC_MISMATCH',
      message: expect.stringMatching(
        new RegExp(
          `store "counts" is a ${is} store, and its changelog ${changelog} has .* another kind by this name. Give`,
        ),
      ),
      location: { store: 'counts', topic: changelog, offset: 0 },
    })
  })

  it.each(['window', 'session'])('is refused the changelog of a %s store, which forgets', async (was) => {
    await runBefore(was)
    await expect(elsewhere('key-value').start()).rejects.toMatchObject({
      code: 'INTERNAL_TOPIC_MISMATCH',
      message: expect.stringMatching(
        /has cleanup.policy=compact,delete and the topology needs compact: .*give the store a new name/,
      ),
    })
  })

  it.each([
    ['key-value', 'a key-value store with timestamps', 'window', 'a window store with timestamps'],
    ['window', 'a window store with timestamps', 'session', 'a session store'],
    ['versioned', 'a versioned store', 'key-value', 'a key-value store with timestamps'],
  ])('does not take the local state of a %s store for its own', async (was, wasNamed, is, isNamed) => {
    await runBefore(was)
    await expect(apps.create(counting(is)).start()).rejects.toMatchObject({
      code: 'INTERNAL_TOPIC_MISMATCH',
      message: expect.stringContaining(
        `store "counts" is ${isNamed}, and the local state of this name is that of ${wasNamed}. Give the store a new name; or,`,
      ),
      location: { store: 'counts', topic: changelog },
    })
  })

  it('is restored from the changelog where only the timestamps differ', async () => {
    await runBefore('plain')
    const after = apps.create(counting('timestamped'))
    await expect(after.start()).rejects.toMatchObject({
      code: 'INTERNAL_TOPIC_MISMATCH',
      message: expect.stringContaining(
        'call cleanUp() on each before its next start: the store is restored from its changelog',
      ),
    })
    await after.cleanUp()
    const restored = apps.create(counting('timestamped'))
    await restored.start()
    const store = restored.store(timestampedKeyValueStore('counts', counted))
    expect(store.get('some-customer-id')).toEqual({ value: 1, timestamp: Date.UTC(2026, 1, 3, 4, 5, 6) })
  })

  // after Kafka Streams' VersionedKeyValueStoreIntegrationTest, shouldManualUpgradeFromNonVersioned…
  it.each(['plain', 'timestamped'])(
    'is restored from the changelog where versions are to be kept from now on, with those that it has (%s)',
    async (was) => {
      const text = { key: serdes.string(), value: serdes.string() }
      const versions = versionedKeyValueStore('rows', { ...text, historyRetention: '1h' })
      const writing = (kind: string): Topology => {
        const builder = new StreamsBuilder()
        const plain = kind === 'plain' ? keyValueStore('rows', text) : timestampedKeyValueStore('rows', text)
        builder.stream('in', { ...text, nullable: true }).process(() => {
          let rows: VersionedKeyValueStore<string, string> & KeyValueStore<string, unknown>
          return {
            init: (context) => void (rows = context.stateStore('rows')),
            process({ key, value, timestamp }) {
              if (kind === 'versioned') rows.put(key!, value, timestamp)
              else rows.put(key!, kind === 'plain' || value === null ? value : { value, timestamp })
            },
          }
        }, [kind === 'versioned' ? versions : plain])
        return builder.build()
      }
      const start = Date.UTC(2026, 1, 3)
      const before = apps.create(writing(was))
      await before.start()
      await apps.kafka.produce(
        'in',
        (
          [
            ['a', 'a0', 0],
            ['b', 'b0', 0],
            ['c', null, 0],
            ['a', 'a5', 5],
            ['b', null, 5],
            ['c', 'c5', 5],
            ['a', 'a2', 2],
            ['b', 'b2', 2],
            ['c', null, 2],
          ] as const
        ).map(([key, value, after]) => ({ key, value, timestamp: start + after })),
        text,
      )
      await until(async () => (await apps.committed('in', 0)) === 9)
      await before.close()

      const after = apps.create(writing('versioned'))
      await expect(after.start()).rejects.toMatchObject({
        code: 'INTERNAL_TOPIC_MISMATCH',
        message: expect.stringContaining(
          'call cleanUp() on each before its next start: the store is restored from its changelog',
        ),
      })
      await after.cleanUp()
      const upgraded = apps.create(writing('versioned'))
      await upgraded.start()
      const store = upgraded.store(versions)
      const valuesOf = (key: string) =>
        [0, 2, 5].map((time) => store.get(key, start + time)?.value ?? null).concat(store.get(key)?.value ?? null)
      expect(['a', 'b', 'c'].map(valuesOf)).toEqual([
        ['a0', 'a2', 'a5', 'a5'],
        ['b0', 'b2', null, null],
        [null, null, 'c5', 'c5'],
      ])
    },
  )

  it('of the same kind takes both', async () => {
    await runBefore('window')
    await apps.create(counting('window')).start()
  })
})
