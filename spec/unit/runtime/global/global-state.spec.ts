import { rmSync } from 'node:fs'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { StreamsError } from '../../../../lib/errors'
import { deadLetterTopic } from '../../../../lib/handlers'
import { NO_HEADERS } from '../../../../lib/record/headers'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import type { Processor, ProcessorContext } from '../../../../lib/operators/processor'
import type { RestoreEvent } from '../../../../lib/runtime/changelog/restore-progress'
import * as serdes from '../../../../lib/serdes'
import type { KeyValueStore } from '../../../../lib/state/store'
import { keyValueStore, timestampedKeyValueStore } from '../../../../lib/state/stores'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'
import { once } from '../../../support/events'
import { tpKey } from '../../../../lib/record/topic-partition'
import type { StreamRecord } from '../../../../lib/record/stream-record'

const text = { key: serdes.string(), value: serdes.string() }
const rates = timestampedKeyValueStore('rates', text)
const rules = keyValueStore('rules', text)

const joined = (): Topology => {
  const builder = new StreamsBuilder()
  const table = builder.globalTable('rates', text, rates)
  builder
    .stream('orders', text)
    .leftJoin(
      table,
      (order) => order,
      (order, rate) => `${order}:${rate}`,
    )
    .to('out', text)
  return builder.build()
}

/** Keeps values in capitals. */
class Capitals implements Processor<string, string> {
  private store!: KeyValueStore<string, string>
  init(context: ProcessorContext<unknown, unknown>): void {
    this.store = context.stateStore(rules)
  }
  process({ key, value }: StreamRecord<string, string>): void {
    this.store.put(key, value.toUpperCase())
  }
}

describe('global stores', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ rates: 3, rules: 2, orders: 2, out: 1, dead: 1 })
  })
  afterEach(() => apps.close())

  const produce = (topic: string, entries: Record<string, string>): Promise<unknown> =>
    apps.kafka.produce(
      topic,
      Object.entries(entries).map(([key, value]) => ({ key, value })),
      text,
    )

  /** Resolves once such a value has come out. */
  const untilOut = async (value: string): Promise<void> => {
    for await (const record of apps.kafka.subscribe('out', text)) if (record.value === value) return
  }

  it.each(['at_least_once', 'exactly_once'] as const)(
    'have all partitions of their topics before a record is processed, and follow them (%s)',
    async (processingGuarantee) => {
      await produce('rates', { a: '1', b: '2', c: '3', d: '4', e: '5' })
      await produce('orders', { x: 'e', y: 'nothing' })
      const streams = apps.create(joined(), { processingGuarantee })
      expect(() => streams.store(rates)).toThrow(expect.objectContaining({ code: 'STORE_NOT_AVAILABLE' }))
      await streams.start()
      await Promise.all([untilOut('e:5'), untilOut('nothing:null')])
      const store = streams.store(rates)
      expect(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => store.get(key)?.value)).toEqual([
        '1',
        '2',
        '3',
        '4',
        '5',
        undefined,
      ])

      await produce('rates', { f: '6' })
      while (store.get('f') === null) await new Promise((resolve) => setImmediate(resolve))
      await produce('orders', { z: 'f' })
      await untilOut('f:6')
    },
  )

  it('go on from their state on disk, and begin anew where the topic lacks what follows it', async () => {
    await produce('rates', { a: '1', b: '2' })
    const first = apps.create(joined())
    await first.start()
    expect(await first.close()).toBe(true)

    await produce('rates', { c: '3' })
    const second = apps.create(joined())
    const restored: RestoreEvent[] = []
    second.on('restoreEnd', (event) => restored.push(event))
    await second.start()
    expect(restored.filter(({ store }) => store === 'rates').reduce((sum, event) => sum + event.restored, 0)).toBe(1)
    expect(['a', 'b', 'c'].map((key) => second.store(rates).get(key)?.value)).toEqual(['1', '2', '3'])
    await second.close()

    await produce('rates', { a: '10', b: '20', c: '30' })
    const admin = apps.kafka.client().admin()
    const partitions = [0, 1, 2].map((partition) => ({ topic: 'rates', partition }))
    const ends = await admin.listOffsets(partitions.map((partition) => ({ ...partition, at: 'latest' })))
    await admin.deleteRecords(
      partitions.map((partition) => ({ ...partition, offset: ends.get(tpKey(partition.topic, partition.partition))! })),
    )
    await produce('rates', { c: '31' })
    const third = apps.create(joined())
    await third.start()
    expect(['a', 'b', 'c'].map((key) => third.store(rates).get(key)?.value)).toEqual([undefined, undefined, '31'])
  })

  it('hold nothing of aborted transactions under exactly-once, and wait for none: neither at the start nor from disk nor later', async () => {
    const producer = apps.kafka.client().producer({ transactionalId: 'rates' })
    await producer.init()
    await producer.loadTopics(['rates'])
    const write = async (how: 'commit' | 'abort', entries: Record<string, string>): Promise<void> => {
      producer.begin()
      for (const [key, value] of Object.entries(entries))
        producer.append('rates', 0, Buffer.from(key), Buffer.from(value), 1, NO_HEADERS)
      await producer.flush()
      await producer[how]()
    }
    const streams = (): KafkaStreams => apps.create(joined(), { processingGuarantee: 'exactly_once' })
    const rows = (from: KafkaStreams) => ['a', 'b', 'c', 'd'].map((key) => from.store(rates).get(key)?.value)

    await write('abort', { a: 'aborted', b: 'aborted' })
    await write('commit', { a: '1', b: '1' })
    await write('abort', { a: 'aborted', c: 'aborted' })
    const first = streams()
    await first.start()
    expect(rows(first)).toEqual(['1', '1', undefined, undefined])
    await write('abort', { b: 'aborted' })
    await write('commit', { c: '2' })
    await until(() => rows(first)[2] === '2')
    expect(rows(first)).toEqual(['1', '1', '2', undefined])
    await first.close()

    await write('abort', { b: 'aborted' })
    producer.begin()
    producer.append('rates', 0, Buffer.from('d'), Buffer.from('3'), 1, NO_HEADERS)
    await producer.flush()
    const second = streams()
    await second.start()
    expect(rows(second)).toEqual(['1', '1', '2', undefined])
    await producer.commit()
    await until(() => rows(second)[3] === '3')
  })

  it('are filled by a processor of the user, at restore too; others only read them', async () => {
    const failures: unknown[] = []
    const build = (): Topology => {
      const builder = new StreamsBuilder()
      builder.addGlobalStore(rules, 'rules', text, () => new Capitals())
      builder
        .stream('orders', text)
        .process<string, string>(() => {
          let store: KeyValueStore<string, string>
          let forward: (record: StreamRecord<string, string>) => void
          return {
            init(context) {
              store = context.stateStore(rules)
              forward = (record) => context.forward(record)
            },
            process(record) {
              try {
                store.put('mine', 'x')
              } catch (error) {
                failures.push(error)
              }
              forward(record.withValue(`${record.value}:${store.get(record.value)}`))
            },
          }
        })
        .to('out', text)
      return builder.build()
    }
    await produce('rules', { a: 'yes', b: 'no' })
    await produce('orders', { x: 'a' })
    const streams = apps.create(build())
    await streams.start()
    await untilOut('a:YES')
    expect(failures).toEqual([expect.objectContaining({ code: 'ILLEGAL_STATE', location: { store: 'rules' } })])
    expect(streams.store(rules).get('b')).toBe('NO')
    await streams.close()

    rmSync(apps.folder, { recursive: true, force: true })
    await produce('orders', { x: 'b' })
    await apps.create(build()).start()
    await untilOut('b:NO')
  })

  it.each(['their processor', 'the look-up of their topics'])(
    'can be opened in the same process after %s has failed',
    async (what) => {
      const builder = new StreamsBuilder()
      let fails = true
      const fail = (): void => {
        if (fails) throw new StreamsError('NOT_AUTHORIZED', 'not yet')
      }
      builder.addGlobalStore(rules, 'rules', text, () => {
        const processor = new Capitals()
        return {
          init: (context) => {
            if (what === 'their processor') fail()
            processor.init(context)
          },
          process: (record) => processor.process(record),
        }
      })
      const client = apps.kafka.client.bind(apps.kafka)
      apps.kafka.client = () => {
        const made = client()
        const admin = made.admin.bind(made)
        made.admin = () => {
          const changed = admin()
          const listOffsets = changed.listOffsets.bind(changed)
          changed.listOffsets = async (...args) => {
            if (what !== 'their processor') fail()
            return listOffsets(...args)
          }
          return changed
        }
        return made
      }
      await produce('rules', { a: 'yes' })
      await expect(apps.create(builder.build()).start()).rejects.toMatchObject({ message: 'not yet' })
      fails = false
      const streams = apps.create(builder.build())
      await streams.start()
      expect(streams.store(rules).get('a')).toBe('YES')
    },
  )

  it('need no streams beside them', async () => {
    const builder = new StreamsBuilder()
    builder.globalTable('rates', text, rates)
    await produce('rates', { a: '1' })
    const streams = apps.create(builder.build())
    await streams.start()
    expect(streams.state).toBe('RUNNING')
    expect(streams.store(rates).get('a')?.value).toBe('1')
  })

  it('ask the handler about records that can not be read, and send its dead letters', async () => {
    const builder = new StreamsBuilder()
    builder.globalTable('rates', { key: serdes.string(), value: serdes.long() }, 'longs')
    const streams = apps.create(builder.build(), {
      deserializationExceptionHandler: deadLetterTopic('dead', { then: 'continue' }),
    })
    await streams.start()
    await produce('rates', { a: 'no long' })
    for await (const { key, value } of apps.kafka.subscribe('dead', text)) {
      expect([key, value]).toEqual(['a', 'no long'])
      break
    }
  })

  it('end the instance where they can not go on', async () => {
    const builder = new StreamsBuilder()
    builder.globalTable('rates', { key: serdes.string(), value: serdes.long() }, 'longs')
    const streams = apps.create(builder.build())
    await streams.start()
    const failed = once(streams, 'error')
    await produce('rates', { a: 'no long' })
    expect(await failed).toMatchObject({ code: 'DESERIALIZATION_FAILED', location: { topic: 'rates' } })
  })

  it('are not read before they are restored, nor after the close', async () => {
    const builder = new StreamsBuilder()
    builder.globalTable('rates', text, rates)
    const streams = apps.create(builder.build())
    const refused = async (state: string): Promise<void> => {
      const error = {
        code: 'STORE_NOT_AVAILABLE',
        message: `global store "rates" is not restored yet, or closed: this instance is ${state}; read it when it is RUNNING`,
      }
      expect(() => streams.store(rates)).toThrow(expect.objectContaining(error))
      await expect(streams.query(rates).get('a')).rejects.toMatchObject(error)
    }
    await refused('CREATED')
    await streams.start()
    expect(streams.store(rates).get('a')).toBeNull()
    await streams.close()
    await refused('NOT_RUNNING')
  })

  it('end the instance where their topic was deleted and created again, and are restored from it at the next start', async () => {
    await produce('rates', { a: '1', b: '2' })
    const first = apps.create(joined())
    await first.start()
    const failed = once(first, 'error')
    await apps.kafka.client().admin().deleteTopics(['rates'])
    await apps.kafka.createTopic('rates', 3)
    await produce('rates', { b: '20', c: '30', d: '40', e: '50' })
    expect(await failed).toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      message: expect.stringMatching(/created again.*start the application again/) as string,
      location: { topic: 'rates', store: 'rates' },
    })
    await first.close()

    const second = apps.create(joined())
    await second.start()
    const values = ['a', 'b', 'c', 'd', 'e'].map((key) => second.store(rates).get(key)?.value)
    expect(values).toEqual([undefined, '20', '30', '40', '50'])
  })

  it('are waited for like any source topic', async () => {
    const builder = new StreamsBuilder()
    builder.globalTable('later', text)
    const streams = apps.create(builder.build())
    const warned = once(streams, 'warning')
    const started = streams.start()
    expect(await warned).toMatchObject({ code: 'MISSING_SOURCE_TOPIC', topics: ['later'] })
    await apps.kafka.createTopic('later')
    await started
  })
})
