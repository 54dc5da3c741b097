import { setTimeout as delay } from 'node:timers/promises'
import type { StreamsConfig } from '../../../../lib/config/config'
import type { AsyncOptions } from '../../../../lib/dsl/options/async-options'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { AsyncMeta } from '../../../../lib/operators/callbacks'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const GUARANTEES = ['at_least_once', 'exactly_once'] as const
const TRANSACTION_TIMEOUT_MS = 1000

/** The same numbers for the same seed. */
const randomOf = (seed: number) => (below: number) => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
  return (seed >>> 8) % below
}

describe('an async operator in an application', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 4, out: 4, totals: 4 })
  })
  afterEach(() => apps.close())

  const topologyOf = (
    call: (value: string, key: string, meta: AsyncMeta) => Promise<string>,
    options: AsyncOptions<string, string> = {},
  ): Topology => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .mapValuesAsync(call, { name: 'look-up', ...options, value: serdes.string() })
      .to('out')
    return builder.build()
  }
  const produce = (...pairs: (readonly [key: string, value: string])[]): Promise<void> =>
    apps.kafka.produce(
      'in',
      pairs.map(([key, value]) => ({ key, value })),
    )
  const results = async (topic = 'out'): Promise<Map<string, string[]>> => {
    const byKey = new Map<string, string[]>()
    for (const { key, value } of await apps.kafka.read(topic)) byKey.set(key!, [...(byKey.get(key!) ?? []), value!])
    return byKey
  }

  describe.each(GUARANTEES)('with %s', (processingGuarantee) => {
    it('has as many calls under way as it may, and its results are in order by key', async () => {
      let running = 0
      let most = 0
      const topology = topologyOf(
        async (value) => {
          most = Math.max(most, ++running)
          await delay(5)
          running--
          return value
        },
        { concurrency: 32 },
      )
      const pairs = Array.from({ length: 400 }, (_, i) => [`k${i % 40}`, String(i)] as const)
      await apps.kafka.produce(
        'in',
        pairs.map(([key, value]) => ({ key, value, partition: 0 })),
      )
      await apps.create(topology, { processingGuarantee }).start()
      await until(async () => (await apps.valuesIn('out')).length === 400)
      expect(most).toBe(32)
      for (const [key, values] of await results()) {
        expect(values).toEqual(pairs.filter(([of]) => of === key).map(([, value]) => value))
      }
    })

    it('a call that outlasts the transaction delays neither the results of others nor any commit', async () => {
      let answer!: () => void
      const slow = new Promise<void>((resolve) => (answer = resolve))
      const calls: string[] = []
      const topology = topologyOf(async (value) => {
        calls.push(value)
        if (value === 'slow') await slow
        return value
      })
      const app = apps.create(topology, { processingGuarantee, transactionTimeout: TRANSACTION_TIMEOUT_MS })
      await app.start()
      await apps.kafka.produce('in', [{ key: 'slow', value: 'slow', partition: 0 }])
      await until(() => calls.includes('slow'))
      const from = performance.now()
      let others = 0
      while (performance.now() - from < 2.5 * TRANSACTION_TIMEOUT_MS) {
        await apps.kafka.produce('in', [{ key: `k${others}`, value: String(others++), partition: 0 }])
        await until(async () => (await apps.committed('in', 0)) === others + 1)
        await until(async () => (await apps.valuesIn('out')).length === others)
      }
      answer()
      await until(async () => (await apps.valuesIn('out')).length === others + 1)
      expect(calls.filter((value) => value === 'slow')).toHaveLength(1)
      expect(apps.warnings).toEqual([])
      expect(app.state).toBe('RUNNING')
    })

    it('close() aborts its calls, and the next start makes them again', async () => {
      const signals: AbortSignal[] = []
      const stuck = topologyOf(async (_value, _key, { signal }) => {
        signals.push(signal)
        return new Promise(() => {})
      })
      const first = apps.create(stuck, { processingGuarantee })
      await first.start()
      await produce(['a', 'x'])
      await until(() => signals.length === 1)
      expect(await first.close()).toBe(true)
      expect(signals[0]!.aborted).toBe(true)
      expect(await apps.valuesIn('out')).toEqual([])

      await apps
        .create(
          topologyOf(async (value) => `${value}!`),
          { processingGuarantee },
        )
        .start()
      await until(async () => (await apps.valuesIn('out')).length > 0)
      expect(await apps.valuesIn('out')).toEqual(['x!'])
    })

    it('a held record moves with its task to another instance', async () => {
      const called: string[] = []
      const topology = (instance: string, answers: boolean): Topology =>
        topologyOf(async (value, _key, { signal }) => {
          called.push(`${instance} ${value}`)
          if (answers) return `${value}!`
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        })
      const first = apps.create(topology('first', false), { processingGuarantee })
      await first.start()
      for (let partition = 0; partition < 4; partition++) await apps.produceTo('in', partition, `v${partition}`)
      await until(() => called.length === 4)
      const second = apps.create(topology('second', true), { processingGuarantee, stateDir: apps.stateDir('b') })
      await second.start()
      await until(async () => (await apps.valuesIn('out')).length === 2)
      const moved = called.filter((call) => call.startsWith('second')).map((call) => call.slice(7))
      expect(await apps.valuesIn('out')).toEqual(moved.map((value) => `${value}!`).sort())
      await first.close()
      await until(async () => (await apps.valuesIn('out')).length === 4)
      expect(await apps.valuesIn('out')).toEqual(['v0!', 'v1!', 'v2!', 'v3!'])
    })
  })

  describe.each(GUARANTEES)('between counts, through crashes and rebalances, with %s', (processingGuarantee) => {
    const RECORDS = 600
    const KEYS = 12
    const random = randomOf(processingGuarantee.length)
    const pairs = Array.from({ length: RECORDS }, (_, i) => [`k${random(KEYS)}`, String(i)] as const)
    /** Calls fail when it is set, as if their process ended. */
    let crashing: Set<string>

    /** Numbers the records of each key, looks each one up, twice, and collects what came out. */
    const numbering = (instance: string): Topology => {
      const builder = new StreamsBuilder()
      const slowly = async (value: string | null): Promise<string> => {
        if (crashing.has(instance)) throw new Error('crash')
        await delay(random(8))
        return value!
      }
      builder
        .stream('in', text)
        .groupByKey()
        .aggregate(
          () => '0:',
          (last, value) => `${parseInt(last) + 1}:${value}`,
          { store: 'before', caching: false, value: serdes.string() },
        )
        .toStream()
        .mapValuesAsync(slowly, { name: 'first', concurrency: 6, value: serdes.string() })
        .mapValuesAsync(slowly, { name: 'second', concurrency: 6, order: 'input', value: serdes.string() })
        .repartition('looked-up')
        .groupByKey()
        .reduce((list, numbered) => `${list} ${numbered}`, { store: 'after', caching: false })
        .toStream()
        .to('totals')
      return builder.build()
    }
    const run = async (instance: string, config: Partial<StreamsConfig> = {}): Promise<KafkaStreams> => {
      const app = apps.create(numbering(instance), {
        processingGuarantee,
        stateDir: apps.stateDir(instance),
        ...config,
      })
      await app.start()
      return app
    }
    const truth = new Map<string, string[]>()
    const send = async (sent: readonly (readonly [key: string, value: string])[]): Promise<void> => {
      for (const [key, value] of sent) truth.set(key, [...(truth.get(key) ?? []), value])
      await produce(...sent)
    }
    /** By key: the numbered values. */
    const totals = async (): Promise<Map<string, string[]>> =>
      new Map([...(await results('totals'))].map(([key, lists]) => [key, lists.at(-1)!.split(' ')]))
    const valuesOf = (numbered: readonly string[]): string[] =>
      numbered.map((text) => text.slice(text.indexOf(':') + 1))
    const isComplete = (lists: ReadonlyMap<string, readonly string[]>): boolean =>
      [...truth].every(([key, values]) => {
        const seen = new Set(valuesOf(lists.get(key) ?? []))
        return values.every((value) => seen.has(value))
      })

    beforeEach(() => {
      crashing = new Set()
    })

    it('loses nothing, and under exactly-once doubles nothing', async () => {
      await send(pairs.slice(0, RECORDS / 2))
      let app = await run('one')
      for (let crash = 0; crash < 3; crash++) {
        await delay(60)
        const failed = failureOf(app)
        crashing.add('one')
        await send([['k0', `crash-${crash}`]])
        expect(await failed).toMatchObject({ code: 'CALL_FAILED' })
        crashing.clear()
        app = await run('one')
      }
      await send(pairs.slice(RECORDS / 2))
      const other = await run('two')
      await delay(60)
      await app.close()
      await delay(60)
      await run('one')
      await other.close()
      await until(async () => isComplete(await totals()))
      if (processingGuarantee === 'at_least_once') return
      const numbered = [...truth].map(([key, values]) => [key, values.map((value, i) => `${i + 1}:${value}`)] as const)
      expect(await totals()).toEqual(new Map(numbered))
    })
  })
})
