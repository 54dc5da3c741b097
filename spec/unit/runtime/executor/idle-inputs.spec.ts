import type { KStream } from '../../../../lib/dsl/kstream'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { untilWindowCloses } from '../../../../lib/dsl/suppressed'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import { decodeCommitMetadata } from '../../../../lib/runtime/processing/commit-metadata'
import type { Duration } from '../../../../lib/durations'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

/** Final counts of windows in `out`, late records in `late`. */
const countWindows = (records: KStream<string, string>): void =>
  records
    .groupByKey()
    .windowedBy(TimeWindows.of({ size: 100 }), { late: (late) => late.to('late', text) })
    .count('counts')
    .suppress(untilWindowCloses())
    .toStream((_count, { key, window }) => `${key}@${window.start}`)
    .map((count, key) => [key, `${key}=${count}`])
    .to('out', text)

const counting = (idleAfter: Duration = '200ms'): Topology => {
  const builder = new StreamsBuilder()
  countWindows(builder.stream('in', { ...text, idleAfter }))
  return builder.build()
}

describe('idle inputs', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 1, out: 1, late: 1 })
  })
  afterEach(() => apps.close())

  const produce = (...records: [key: string, timestamp: number][]): Promise<void> =>
    apps.kafka.produce(
      'in',
      records.map(([key, timestamp]) => ({ key, value: 'x', timestamp })),
    )

  it.each(['at_least_once', 'exactly_once'] as const)(
    'close windows once, and records that a restart finds behind them are late (%s)',
    async (processingGuarantee) => {
      const config = { processingGuarantee, emitInterval: 10 }
      const first = apps.create(counting(), config)
      await first.start()
      await produce(['a', 1], ['a', 2], ['b', 3])
      await until(async () => (await apps.valuesIn('out')).length > 0)
      await first.close()
      expect(await apps.valuesIn('out')).toEqual(['a@0=2', 'b@0=1'])

      // with no state but the changelogs
      const second = apps.create(counting(), { ...config, stateDir: apps.stateDir('b') })
      await second.start()
      await produce(['late', 5], ['c', 1_000_000])
      await until(async () => (await apps.valuesIn('out')).length > 2)
      await second.close()
      expect(await apps.valuesIn('out')).toEqual(['a@0=2', 'b@0=1', 'c@1000000=1'])
      expect((await apps.kafka.read('late')).map(({ key }) => key)).toEqual(['late'])
    },
  )

  it('close windows that were open before a restart, though no record comes after it', async () => {
    const before = apps.create(counting('1d'))
    await before.start()
    await produce(['a', 1])
    await until(async () => (await apps.committed('in', 0)) > 0)
    await before.close()
    const after = apps.create(counting(), { stateDir: apps.stateDir('b'), emitInterval: 10 })
    await after.start()
    await until(async () => (await apps.valuesIn('out')).length > 0)
    await after.close()
    expect(await apps.valuesIn('out')).toEqual(['a@0=1'])
  })

  it('are idle although a punctuation waits again and again', async () => {
    const topology = (): Topology => {
      const builder = new StreamsBuilder()
      const records = builder.stream('in', { ...text, idleAfter: '200ms' })
      records.process(() => ({
        init: (context) =>
          void context.schedule('10ms', 'wall-clock-time', () => new Promise((done) => setTimeout(done, 5))),
        process: () => undefined,
      }))
      countWindows(records)
      return builder.build()
    }
    const app = apps.create(topology(), { emitInterval: 10 })
    await app.start()
    await produce(['a', 1])
    await until(async () => (await apps.valuesIn('out')).length > 0)
    await app.close()
    expect(await apps.valuesIn('out')).toEqual(['a@0=1'])
  })

  it('commit the stream time that has closed windows', async () => {
    const app = apps.create(counting(), { emitInterval: 10 })
    await app.start()
    await produce(['a', 1])
    const metadata = async (): Promise<string> =>
      (await apps.kafka.client().admin().groupOffsets('app')).get('in-0')?.metadata ?? ''
    const reached = async (): Promise<number | undefined> => decodeCommitMetadata(await metadata()).reachedStreamTime
    await until(async () => (await reached()) !== undefined)
    expect(await reached()).toBeGreaterThanOrEqual(100)
    await app.close()
    expect(await apps.valuesIn('out')).toEqual(['a@0=1'])
  })

  it('commit the stream time that has closed windows of which nothing is emitted then', async () => {
    const eager = (): Topology => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', { ...text, idleAfter: '200ms' })
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 100 }), { late: (late) => late.to('late', text) })
        .count('counts')
        .toStream()
        .map((count, { key }) => [key, `${key}=${count}`])
        .to('out', text)
      return builder.build()
    }
    const config = { emitInterval: 10 }
    const first = apps.create(eager(), config)
    await first.start()
    await produce(['a', 1])
    const metadata = async (): Promise<string> =>
      (await apps.kafka.client().admin().groupOffsets('app')).get('in-0')?.metadata ?? ''
    await until(async () => (decodeCommitMetadata(await metadata()).reachedStreamTime ?? 0) >= 101)
    await first.close()

    const second = apps.create(eager(), config)
    await second.start()
    await produce(['late', 2])
    await until(async () => (await apps.kafka.read('late')).length === 1)
    await second.close()
    expect(await apps.valuesIn('out')).toEqual(['a=1'])
  })
})
