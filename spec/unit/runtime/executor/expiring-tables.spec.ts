import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { Duration } from '../../../../lib/durations'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

/** Counts of words in `out`, as `key=count`; `key=null` where one has expired. */
const counting = (ttl?: Duration): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .groupByKey()
    .count({ store: 'counts', ttl })
    .toStream()
    .map((count, key) => [key, `${key}=${count}`])
    .to('out', text)
  return builder.build()
}

describe('tables with a ttl', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 1, out: 1 })
  })
  afterEach(() => apps.close())

  const produce = (...records: [key: string, timestamp: number][]): Promise<void> =>
    apps.kafka.produce(
      'in',
      records.map(([key, timestamp]) => ({ key, value: 'x', timestamp })),
    )
  const outputs = async (): Promise<(string | null)[]> => (await apps.kafka.read('out')).map(({ value }) => value)

  it.each([
    ['at_least_once', 'a'],
    ['exactly_once', 'a'],
    ['exactly_once', 'b'],
  ] as const)(
    'expire where the task runs next what was written before (%s, state in %s)',
    async (guarantee, folder) => {
      const config = { processingGuarantee: guarantee, statestoreCacheMaxBytes: 0 }
      const first = apps.create(counting('1m'), config)
      await first.start()
      await produce(['old', 0], ['kept', 0], ['kept', 60_000])
      await until(async () => (await outputs()).length === 3)
      await first.close()

      const second = apps.create(counting('1m'), { ...config, stateDir: apps.stateDir(folder) })
      await second.start()
      await produce(['new', 70_000], ['kept', 80_000])
      await until(async () => (await outputs()).length === 6)
      expect((await outputs()).slice(3)).toEqual(['old=null', 'new=1', 'kept=3'])
      expect(second.store('counts').get('old')).toBeNull()
      await second.close()
      const logged = await apps.kafka.read('app-counts-changelog')
      expect(logged.filter(({ key }) => key === 'old').at(-1)!.value).toBeNull()
    },
  )

  it('expire where they were there before the ttl, once they are updated', async () => {
    const config = { statestoreCacheMaxBytes: 0 }
    const first = apps.create(counting(), config)
    await first.start()
    await produce(['a', 0], ['b', 0])
    await until(async () => (await outputs()).length === 2)
    await first.close()

    const second = apps.create(counting('1m'), config)
    await second.start()
    await produce(['a', 1], ['c', 1])
    await until(async () => (await outputs()).length === 4)
    await second.close()

    const third = apps.create(counting('1m'), config)
    await third.start()
    await produce(['b', 2], ['c', 200_000])
    await until(async () => (await outputs()).length === 9)
    expect((await outputs()).slice(5).sort()).toEqual(['a=null', 'b=null', 'c=1', 'c=null'])
    await third.close()
  })
})
