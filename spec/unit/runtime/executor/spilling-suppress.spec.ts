import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { type TimeLimitOptions, untilTimeLimit } from '../../../../lib/dsl/suppressed'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const SPILL = { maxBytes: 200, onFull: 'spill' } as const

describe.each(['at_least_once', 'exactly_once'] as const)(
  "suppress with onFull: 'spill' and %s",
  (processingGuarantee) => {
    let apps: EmbeddedApps
    beforeEach(() => {
      apps = new EmbeddedApps({ in: 1, out: 1 })
    })
    afterEach(() => apps.close())

    const topology = (options: TimeLimitOptions): Topology => {
      const builder = new StreamsBuilder()
      builder
        .table('in', text, 'rows')
        .suppress(untilTimeLimit(1000, { name: 'held', ...options }))
        .toStream()
        .to('out', text)
      return builder.build()
    }
    const start = async (options: TimeLimitOptions, stateDir: string): Promise<KafkaStreams> => {
      const app = apps.create(topology(options), {
        processingGuarantee,
        stateDir: apps.stateDir(stateDir),
        statestoreCacheMaxBytes: 0,
      })
      await app.start()
      return app
    }
    /** What is held back after these, each part by an application with these options and this state directory, and what comes out at the end. */
    const outputOf = async (parts: readonly (readonly [options: TimeLimitOptions, stateDir: string])[]) => {
      let time = 0
      for (const [options, stateDir] of parts) {
        const app = await start(options, stateDir)
        const records = Array.from({ length: 60 }, () => {
          time++
          return { key: `k${(time * 7) % 25}`, value: `v${time}`, timestamp: time }
        })
        await apps.kafka.produce('in', records)
        await until(async () => (await apps.committed('in', 0)) >= time)
        await app.close()
      }
      const [options, stateDir] = parts.at(-1)!
      await start(options, stateDir)
      await apps.kafka.produce('in', [{ key: 'end', value: 'end', timestamp: 10_000 }])
      await until(async () => (await apps.valuesIn('out')).length >= 25)
      return (await apps.kafka.read('out')).map(({ key, value }) => `${key}=${value}`)
    }
    /** The last update of each of the 25 keys, in the order of the first ones. */
    const expected = (updates: number): string[] =>
      Array.from({ length: 25 }, (_, i) => {
        const first = i + 1
        return `k${(first * 7) % 25}=v${first + 25 * Math.floor((updates - first) / 25)}`
      })

    it('holds back what it held before, on the same disk, on another one, and when it is switched off and on', async () => {
      const parts = [
        [SPILL, 'a'],
        [SPILL, 'a'],
        [{}, 'a'],
        [SPILL, 'b'],
        [SPILL, 'a'],
      ] as const
      expect(await outputOf(parts)).toEqual(expected(60 * parts.length))
    })
  },
)
