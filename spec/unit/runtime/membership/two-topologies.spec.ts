import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const counted = { key: serdes.string(), value: serdes.long() }
const PARTITIONS = 4

describe('instances with two topologies under one applicationId', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ words: PARTITIONS, out: PARTITIONS })
  })
  afterEach(() => apps.close())

  const counting = (store: string): Topology => {
    const builder = new StreamsBuilder()
    builder.stream('words', text).groupByKey().count({ store }).toStream().to('out', counted)
    return builder.build()
  }
  const create = (stateDir: string, store: string): KafkaStreams =>
    apps.create(counting(store), { stateDir: apps.stateDir(stateDir) })
  const produceToAll = (): Promise<void> =>
    apps.kafka.produce(
      'words',
      Array.from({ length: PARTITIONS }, (_, partition) => ({ key: `word ${partition}`, value: '', partition })),
    )
  const counts = async (): Promise<(number | null)[]> =>
    (await apps.kafka.read('out', counted)).map(({ value }) => value).sort()

  it('the one that joins later ends, and the running one processes on', async () => {
    const running = create('a', 'counts')
    await running.start()
    await produceToAll()
    await until(async () => (await counts()).length === PARTITIONS)
    const joining = create('b', 'totals')
    await expect(joining.start()).rejects.toMatchObject({
      code: 'INCOMPATIBLE_INSTANCES',
      message: expect.stringMatching(/another topology.*Stop all instances.*applicationId of its own/) as string,
    })
    expect([running.state, joining.state]).toEqual(['RUNNING', 'ERROR'])
    expect(running.metadataForLocalTasks()).toHaveLength(PARTITIONS)
    await produceToAll()
    await until(async () => (await counts()).length === 2 * PARTITIONS)
    expect(await counts()).toEqual([1, 1, 1, 1, 2, 2, 2, 2])
  })

  it('exactly one survives where both are new', async () => {
    const both = [create('a', 'counts'), create('b', 'totals')]
    const starts = await Promise.allSettled(both.map((app) => app.start()))
    const failed = starts.filter((start) => start.status === 'rejected')
    expect(failed).toMatchObject([{ reason: { code: 'INCOMPATIBLE_INSTANCES' } }])
    expect(both.map(({ state }) => state).sort()).toEqual(['ERROR', 'RUNNING'])
    const survivor = both.find(({ state }) => state === 'RUNNING')!
    await until(() => survivor.metadataForLocalTasks().length === PARTITIONS)
    await produceToAll()
    await until(async () => (await counts()).length === PARTITIONS)
    expect(await counts()).toEqual([1, 1, 1, 1])
  })

  it('share tasks where only callbacks differ, as in a rolling update', async () => {
    const filtering = (filter: (word: string | null) => boolean): Topology => {
      const builder = new StreamsBuilder()
      builder.stream('words', text).filter(filter).to('out', text)
      return builder.build()
    }
    const first = apps.create(filtering(() => true))
    const second = apps.create(
      filtering((word) => word !== ''),
      { stateDir: apps.stateDir('b') },
    )
    await first.start()
    await second.start()
    const instances = [first, second]
    const shared = (): boolean =>
      instances.every((app) => app.state === 'RUNNING' && app.metadataForLocalTasks().length === PARTITIONS / 2)
    await until(shared)
    expect(shared()).toBe(true)
  })
})
