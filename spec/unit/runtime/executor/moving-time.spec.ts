import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { untilWindowCloses } from '../../../../lib/dsl/suppressed'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const PARTITIONS = 4
const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition)

/** Expiry and idle time, where tasks move between two instances that keep running. */
describe('a rebalance between two live instances', () => {
  let apps: EmbeddedApps
  beforeEach(() => {
    apps = new EmbeddedApps({ in: PARTITIONS, out: PARTITIONS })
  })
  afterEach(() => apps.close())

  const start = async (topology: Topology, stateDir: string): Promise<KafkaStreams> => {
    const app = apps.create(topology, {
      processingGuarantee: 'exactly_once',
      stateDir: apps.stateDir(stateDir),
      statestoreCacheMaxBytes: 0,
      emitInterval: 10,
    })
    await app.start()
    return app
  }
  /** One record in each partition, under a key of its own there. */
  const produce = (key: string, timestamp: number): Promise<void> =>
    apps.kafka.produce(
      'in',
      partitions.map((partition) => ({ key: `${key}${partition}`, value: 'x', timestamp, partition })),
    )
  const outputs = async (): Promise<string[]> => (await apps.valuesIn('out')) as string[]
  const ofEach = (...rows: ((partition: number) => string)[]): string[] =>
    rows.flatMap((row) => partitions.map(row)).sort()
  /** Both have running tasks, which are all there are. */
  const shared = (first: KafkaStreams, second: KafkaStreams): Promise<void> =>
    until(() => {
      const running = [first, second].map((app) => app.metadataForLocalTasks().length)
      return running.every((tasks) => tasks > 0) && running[0]! + running[1]! === PARTITIONS
    })

  it('moves rows with a ttl, which expire once, and at their time', async () => {
    const counting = (): Topology => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', text)
        .groupByKey()
        .count({ store: 'counts', ttl: '1m' })
        .toStream()
        .map((count, key) => [key, `${key}=${count}`])
        .to('out', text)
      return builder.build()
    }
    const first = await start(counting(), 'a')
    await produce('old', 0)
    await produce('kept', 50_000)
    await until(async () => (await outputs()).length === 2 * PARTITIONS)
    const second = await start(counting(), 'b')
    await shared(first, second)
    await produce('kept', 70_000)
    await until(async () => (await outputs()).length === 4 * PARTITIONS)
    await first.close()
    await produce('kept', 80_000)
    await until(async () => (await outputs()).length === 5 * PARTITIONS)
    expect(await outputs()).toEqual(
      ofEach(
        (partition) => `old${partition}=1`,
        (partition) => `old${partition}=null`,
        ...[1, 2, 3].map((count) => (partition: number) => `kept${partition}=${count}`),
      ),
    )
  })

  it('moves windows that wait for idle time, which close once', async () => {
    let idleAfter: '1d' | '100ms' = '1d'
    const counting = (): Topology => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', { ...text, idleAfter })
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 1000 }))
        .count('counts')
        .suppress(untilWindowCloses())
        .toStream((_count, { key }) => key)
        .map((count, key) => [key, `${key}=${count}`])
        .to('out', text)
      return builder.build()
    }
    const first = await start(counting(), 'a')
    await produce('a', 1)
    await produce('a', 2)
    await until(async () => (await Promise.all(partitions.map((p) => apps.committed('in', p)))).every((at) => at === 2))
    // the instance that gets some of the tasks is the one that lets time pass
    idleAfter = '100ms'
    const second = await start(counting(), 'b')
    await until(async () => (await outputs()).length > 0)
    await first.close()
    await until(async () => (await outputs()).length === PARTITIONS)
    await produce('b', 5000)
    await until(async () => (await outputs()).length === 2 * PARTITIONS)
    await second.close()
    expect(await outputs()).toEqual(
      ofEach(
        (partition) => `a${partition}=2`,
        (partition) => `b${partition}=1`,
      ),
    )
  })
})
