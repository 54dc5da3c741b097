import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { Duration } from '../../../../lib/durations'
import type { ProcessorContext } from '../../../../lib/operators/processor'
import { StreamRecord } from '../../../../lib/record/stream-record'
import type { KeyValueStore } from '../../../../lib/state/store'
import { keyValueStore } from '../../../../lib/state/stores'
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

/** Rows of `in` that stay while `lookup` reads them: a table's with a join, or a processor's own. Reads go to `out`, as `key=row`. */
const accessed = {
  'a table': () => {
    const builder = new StreamsBuilder()
    const rows = builder.table('in', text, { store: 'rows', ttl: { after: '1m', from: 'access' } })
    builder
      .stream('lookup', text)
      .leftJoin(rows, (_, row, key) => `${key}=${row}`)
      .to('out', text)
    return builder.build()
  },
  'a store of processors': () => {
    const builder = new StreamsBuilder()
    const store = keyValueStore('rows', { ...text, ttl: { after: '1m', from: 'access' } })
    builder.stream('in', text).process(() => {
      let rows: KeyValueStore<string, string>
      return {
        init: (context) => void (rows = context.stateStore(store)),
        process: ({ key, value }) => rows.put(key, value),
      }
    }, [store])
    builder
      .stream('lookup', text)
      .process<string, string>(() => {
        let context: ProcessorContext<string, string>
        return {
          init: (given) => void (context = given),
          process: ({ key, timestamp, headers }) => {
            const row = context.stateStore(store).get(key)
            context.forward(new StreamRecord(key, `${key}=${row}`, timestamp, headers))
          },
        }
      }, [store])
      .to('out', text)
    return builder.build()
  },
} satisfies Record<string, () => Topology>

describe('tables with a ttl', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 1, lookup: 1, out: 1 })
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

  describe.each(Object.keys(accessed) as (keyof typeof accessed)[])('from the last access, of %s', (kind) => {
    const lookup = (key: string, timestamp: number): Promise<void> =>
      apps.kafka.produce('lookup', [{ key, value: '?', timestamp }])
    const put = async (key: string, timestamp: number): Promise<void> => {
      await produce([key, timestamp])
      await until(async () =>
        (await apps.kafka.read('app-rows-changelog')).some((row) => row.key === key && row.timestamp === timestamp),
      )
    }

    it.each([
      ['at_least_once', 'a'],
      ['exactly_once', 'a'],
      ['exactly_once', 'b'],
    ] as const)('stay by what was read where the task ran before (%s, state in %s)', async (guarantee, folder) => {
      const config = { processingGuarantee: guarantee, statestoreCacheMaxBytes: 0 }
      const first = apps.create(accessed[kind](), config)
      await first.start()
      await put('unread', 0)
      await put('read', 0)
      await lookup('read', 50_000)
      await until(async () => (await outputs()).length === 1)
      await first.close()

      const second = apps.create(accessed[kind](), { ...config, stateDir: apps.stateDir(folder) })
      await second.start()
      await put('other', 100_000)
      await lookup('unread', 100_000)
      await until(async () => (await outputs()).length === 2)
      await lookup('read', 100_000)
      await until(async () => (await outputs()).length === 3)
      await put('other', 165_000)
      await lookup('read', 165_000)
      await until(async () => (await outputs()).length === 4)
      expect(await outputs()).toEqual(['read=x', 'unread=null', 'read=x', 'read=null'])
      await second.close()
      const logged = await apps.kafka.read('app-rows-changelog')
      expect(logged.filter(({ value }) => value === null).map(({ key }) => key)).toEqual(['unread', 'read', 'other'])
    })
  })

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
