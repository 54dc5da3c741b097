import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import * as serdes from '../../../../lib/serdes'
import { versionedKeyValueStore } from '../../../../lib/state/versioned/versioned-key-value-store'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const counted = { key: serdes.string(), value: serdes.long() }

const windows = (size: '1h' | '1d'): Topology => {
  const builder = new StreamsBuilder()
  builder.stream('in', text).groupByKey().windowedBy(TimeWindows.of({ size })).count('counts')
  return builder.build()
}

const history = (historyRetention: '1h' | '1d'): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .groupByKey()
    .count(versionedKeyValueStore('counts', { ...counted, historyRetention }))
  return builder.build()
}

const repartition = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .repartition({ name: 'moved' })
    .foreach(() => {})
  return builder.build()
}

describe('an internal topic that was made for less time than its application needs now', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 1 })
  })
  afterEach(() => apps.close())

  const run = async (topology: Topology): Promise<readonly string[]> => {
    const begin = apps.warnings.length
    const app = apps.create(topology)
    await app.start()
    await app.close()
    return apps.warnings.slice(begin)
  }
  const alter = (topic: string, configs: Record<string, string>): Promise<void> =>
    apps.kafka.client().admin().alterTopicConfigs(topic, configs)

  it.each([
    ['windows became longer', windows, 'retention.ms', 90_000_000, 172_800_000],
    ['a history became longer', history, 'min.compaction.lag.ms', 90_000_000, 172_800_000],
  ] as const)('is warned about where %s', async (_, topology, config, found, wanted) => {
    expect(await run(topology('1h'))).toEqual([])
    expect(await run(topology('1d'))).toEqual([
      `internal topic app-counts-changelog has ${config}=${found}, and the topology needs ${wanted}: the brokers may drop what is still ` +
        'needed, and a restore would lack it. Raise it: kafka-configs.sh --alter --topic app-counts-changelog --add-config ' +
        `${config}=${wanted}`,
    ])
    await alter('app-counts-changelog', { [config]: String(wanted) })
    expect(await run(topology('1d'))).toEqual([])
    expect(await run(topology('1h'))).toEqual([])
  })

  it('is warned about where a repartition topic forgets, and not where it keeps forever', async () => {
    expect(await run(repartition())).toEqual([])
    await alter('app-moved-repartition', { 'retention.ms': '604800000' })
    expect(await run(repartition())).toEqual([
      expect.stringContaining('has retention.ms=604800000, and the topology needs -1'),
    ])
  })

  it('is not warned about where nothing is deleted', async () => {
    await run(windows('1h'))
    await alter('app-counts-changelog', { 'cleanup.policy': 'compact' })
    expect(await run(windows('1d'))).toEqual([expect.stringContaining('another cleanup.policy')])
  })
})
