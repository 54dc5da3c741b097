import { setTimeout as delay } from 'node:timers/promises'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

describe.each(['at_least_once', 'exactly_once'] as const)(
  'batches of async operators with %s',
  (processingGuarantee) => {
    let apps: EmbeddedApps
    let calls: string[][]
    /** Calls fail while it is set. */
    let isDown: boolean
    beforeEach(() => {
      apps = new EmbeddedApps({ in: 2, out: 2 })
      calls = []
      isDown = false
    })
    afterEach(() => apps.close())

    const topology = (batch: { size: number; linger?: number }): Topology => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', text)
        .mapValuesAsync(
          async (records) => {
            if (isDown) throw new Error('the service is down')
            calls.push(records.map(({ value }) => value))
            await delay(2)
            return records.map(({ value }) => value)
          },
          { name: 'ask', concurrency: 4, batch, value: serdes.string() },
        )
        .to('out')
      return builder.build()
    }
    const results = async (): Promise<Map<string, string[]>> => {
      const byKey = new Map<string, string[]>()
      for (const { key, value } of await apps.kafka.read('out')) byKey.set(key!, [...(byKey.get(key!) ?? []), value!])
      return byKey
    }

    it('are called for when they have waited long enough', async () => {
      await apps.create(topology({ size: 100, linger: 5 }), { processingGuarantee }).start()
      await apps.produceTo('in', 0, 'a', 'b')
      await until(async () => (await apps.valuesIn('out')).length === 2)
      expect(calls.flat().sort()).toEqual(['a', 'b'])
    })

    it('do not wait for more at the end of a bounded run', async () => {
      await apps.produceTo('in', 0, 'a', 'a', 'b')
      await apps.create(topology({ size: 100, linger: 3_600_000 }), { processingGuarantee }).run()
      expect(await apps.valuesIn('out')).toEqual(['a', 'a', 'b'])
    })

    it('keep the order of each key, lose nothing through a crash, and move with their tasks', async () => {
      const records = Array.from({ length: 300 }, (_, i) => ({
        key: `k${i % 7}`,
        value: `${i}`,
        partition: (i % 7) % 2,
      }))
      const expected = new Map<string, string[]>()
      for (const { key, value } of records) expected.set(key, [...(expected.get(key) ?? []), value])
      const first = apps.create(topology({ size: 3, linger: 1 }), { processingGuarantee })
      await first.start()
      await apps.kafka.produce('in', records.slice(0, 150))
      await until(async () => (await apps.valuesIn('out')).length > 20)
      const failed = failureOf(first)
      isDown = true
      await apps.kafka.produce('in', records.slice(150, 200))
      expect(await failed).toMatchObject({ code: 'CALL_FAILED' })
      isDown = false

      const second = apps.create(topology({ size: 3, linger: 1 }), { processingGuarantee })
      await second.start()
      await apps.create(topology({ size: 3, linger: 1 }), { processingGuarantee, stateDir: apps.stateDir('b') }).start()
      await apps.kafka.produce('in', records.slice(200))
      await second.close()
      const isComplete = async (): Promise<boolean> => new Set(await apps.valuesIn('out')).size === records.length
      await until(isComplete)
      for (const call of calls) expect(call.length).toBeLessThanOrEqual(3)
      const seen = await results()
      if (processingGuarantee === 'exactly_once') expect(seen).toEqual(expected)
      // what was read again comes again, behind what came before the crash
      else for (const [key, values] of expected) expect(seen.get(key)).toEqual(expect.arrayContaining(values))
    })
  },
)
