import type { StreamsConfig } from '../../../../lib/config/config'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { StreamsError } from '../../../../lib/errors'
import type { KafkaClient } from '../../../../lib/kafka/port'
import type { Processor, ProcessorContext } from '../../../../lib/operators/processor'
import type { StreamRecord } from '../../../../lib/record/stream-record'
import * as serdes from '../../../../lib/serdes'
import { MissingDependency } from '../../../../lib/serdes/missing-dependency'
import { keyValueStore } from '../../../../lib/state/stores'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

describe('a task that fails', () => {
  let apps: EmbeddedApps
  /** The processors that were made for each task. */
  let made: Record<string, number>
  let producers: number
  let failure: (() => Error) | undefined

  beforeEach(() => {
    apps = new EmbeddedApps({ words: 2, out: 2 })
    made = {}
    producers = 0
    failure = undefined
    const client = apps.kafka.client.bind(apps.kafka)
    jest.spyOn(apps.kafka, 'client').mockImplementation((): KafkaClient => {
      const counted = client()
      const producer = counted.producer.bind(counted)
      counted.producer = (config) => {
        producers++
        return producer(config)
      }
      return counted
    })
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    await apps.close()
  })

  class Fragile implements Processor<string, string, string, string> {
    #context!: ProcessorContext<string, string>
    init(context: ProcessorContext<string, string>): void {
      this.#context = context
      made[context.taskId] = (made[context.taskId] ?? 0) + 1
    }
    process(record: StreamRecord<string, string>): void {
      const thrown = record.value === 'bad' ? failure?.() : undefined
      if (thrown) {
        failure = undefined
        throw thrown as Error
      }
      this.#context.forward(record)
    }
  }
  const counting = (): Topology => {
    const builder = new StreamsBuilder()
    builder
      .stream('words', text)
      .processValues(() => new Fragile())
      .groupByKey(text)
      .count({ store: 'counts' })
      .toStream()
      .to('out')
    return builder.build()
  }
  const produce = (partition: number, ...values: string[]): Promise<void> =>
    apps.kafka.produce(
      'words',
      values.map((value) => ({ key: `key ${partition}`, value, partition })),
    )
  const committed = async (partition: number): Promise<number> =>
    (await apps.kafka.client().admin().groupOffsets('app')).get(`words-${partition}`)?.offset ?? 0

  const start = async (processingGuarantee: 'at_least_once' | 'exactly_once', config: Partial<StreamsConfig> = {}) => {
    const app = apps.create(counting(), { processingGuarantee, ...config })
    await app.start()
    const rebalances: unknown[] = []
    app.on('rebalance', (event) => rebalances.push(event))
    producers = 0
    expect(made).toEqual({ '0_0': 1, '0_1': 1 })
    const count = (partition: number): number =>
      (app.store('counts').get(`key ${partition}`) as { value: number } | null)?.value ?? 0
    return { app, rebalances, count }
  }

  const damage = (): Error => new StreamsError('STATE_STORE_DAMAGED', 'a table has a wrong checksum')
  let fetched = false
  const lack = (): Error =>
    new MissingDependency('fetch schema 7', async () => {
      fetched = true
    })

  describe.each(['at_least_once', 'exactly_once'] as const)('with %s', (processingGuarantee) => {
    it.each([
      ['for damaged local state', damage],
      ['for a schema that is not known yet', lack],
    ])('%s restarts alone: no rebalance, no other task, no other producer', async (_, error) => {
      const { app, rebalances, count } = await start(processingGuarantee)
      await produce(0, 'a', 'b')
      await produce(1, 'c')
      await until(async () => (await committed(0)) === 2 && (await committed(1)) === 1)

      failure = error
      await produce(0, 'bad', 'd')
      await until(async () => (await committed(0)) === 4)
      await produce(1, 'e')
      await until(async () => (await committed(1)) === 2)
      expect(made).toEqual({ '0_0': 2, '0_1': 1 })
      expect([rebalances, producers]).toEqual([[], 0])
      // counted by other tasks, behind a repartition topic
      await until(() => count(0) === 4 && count(1) === 2)
      if (error === lack) expect(fetched).toBe(true)
      expect(apps.warnings.join('\n')).toMatch(/task 0_0 failed and restarts from its last commit/)
      await until(() => app.state === 'RUNNING')
    })
  })

  it('after it has written to the transaction has all tasks restart, and counts exactly once', async () => {
    const { app, count } = await start('exactly_once', { commitInterval: 5000, statestoreCacheMaxBytes: 0 })
    failure = damage
    await produce(1, 'c')
    await until(() => count(1) === 1)
    await produce(0, 'a', 'bad', 'b')
    await until(() => made['0_0'] === 2 && app.state === 'RUNNING')
    await until(() => count(0) === 3 && count(1) === 1)
    expect(made).toEqual({ '0_0': 2, '0_1': 2 })
    expect(producers).toBe(1)
    expect(apps.warnings.join('\n')).toMatch(/all tasks restart from the last commit/)
    expect(await app.close()).toBe(true)
    const counts = await apps.kafka.read('out', { value: serdes.long() })
    expect(counts.filter(({ key }) => key === 'key 0').at(-1)!.value).toBe(3)
    expect(counts.filter(({ key }) => key === 'key 1').map(({ value }) => value)).toEqual([1])
  })

  it('in the last commit is reported, and not waited for', async () => {
    const builder = new StreamsBuilder()
    builder
      .table('words', text, { store: 'words', caching: true })
      .mapValues(() => {
        throw new Error('not this one')
      })
      .toStream()
      .to('out', text)
    const app = apps.create(builder.build(), { commitInterval: '1h' })
    await app.start()
    await apps.produceTo('words', 0, 'a')
    await until(() => app.store(keyValueStore('words', text)).get('a') !== null)
    await app.close({ timeout: '10s' })
    expect(apps.warnings).toEqual(['the last commit failed: its records are processed again after the next start'])
    expect(await apps.committed('words', 0)).toBe(0)
  })
})
