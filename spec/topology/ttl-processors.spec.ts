import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { Processor, ProcessorContext } from '../../lib/operators/processor'
import { StreamRecord } from '../../lib/record/stream-record'
import { levelEngine } from '../../lib/state/level/level-engine'
import type { KeyValueStore, TimestampedKeyValueStore } from '../../lib/state/store'
import {
  keyValueStore,
  type KeyValueStoreHandle,
  type KeyValueStoreOptions,
  timestampedKeyValueStore,
} from '../../lib/state/stores'
import type { TestDriverConfig } from '../../lib/testing'
import { Topology } from '../../lib/topology/topology'
import { repeatableRandom } from '../support/input'
import { driveInMemory as drive, IN_MEMORY, text } from './drive'
import { driveRestarting, inParts, type Piped } from './restarting'

/** Without a fraction: 64 buckets of 1. */
const TTL = 64

type Options = Partial<KeyValueStoreOptions<string, string>>

const storeOf = (options: Options): KeyValueStoreHandle<string, string, KeyValueStore<string, string>> =>
  keyValueStore('rows', { ...text, ttl: TTL, ...options })

/** Does what values say with the row of the key, and forwards what it finds: `put x`, `try x` (`putIfAbsent`), `get`, `delete`, `all`. */
class Calls implements Processor<string, string, string, string> {
  private context!: ProcessorContext<string, string>
  private rows!: KeyValueStore<string, string>

  constructor(private readonly store: string | KeyValueStoreHandle<string, string, KeyValueStore<string, string>>) {}

  init(context: ProcessorContext<string, string>): void {
    this.context = context
    this.rows = context.stateStore(this.store)
  }

  process({ key, value, timestamp, headers }: StreamRecord<string, string>): void | Promise<void> {
    const found = (result: unknown): void =>
      this.context.forward(new StreamRecord(key, String(result), timestamp, headers))
    const [call, argument] = value.split(' ')
    if (call === 'put') this.rows.put(key, argument!)
    else if (call === 'try') found(this.rows.putIfAbsent(key, argument!))
    else if (call === 'get') found(this.rows.get(key))
    else if (call === 'delete') found(this.rows.delete(key))
    else if (call === 'all') return this.all().then(found)
  }

  private async all(): Promise<string> {
    const keys: string[] = []
    for await (const [key] of this.rows.all()) keys.push(key)
    return keys.join('+')
  }
}

const calling =
  (options: Options = {}) =>
  (b: StreamsBuilder): void => {
    const store = storeOf(options)
    b.stream('in', text)
      .process(() => new Calls(store), [store])
      .to('out', text)
  }

const keysIn = async (store: KeyValueStore<string, unknown>): Promise<string[]> => {
  const keys: string[] = []
  for await (const [key] of store.all()) keys.push(key)
  return keys
}

describe('rows of a store of processors with a ttl', () => {
  it.each<[string, Options, TestDriverConfig]>([
    ['on disk', {}, { stateEngine: levelEngine() }],
    ['in memory', { persistent: false }, {}],
    ['with a record cache', { caching: true }, { statestoreCacheMaxBytes: 1_000_000 }],
  ])('are deleted when stream time is past it, with tombstones in the changelog (%s)', async (_, options, config) => {
    const { input, out, driver } = drive(calling(options), config)
    await input.pipe('a', 'put x', 0)
    await input.pipe('b', 'put y', 64)
    await input.pipe('a', 'get', 64)
    driver.produced()
    await input.pipe('a', 'get', 65)
    await input.pipe('b', 'get', 65)
    expect(out()).toEqual(['a=x@64', 'a=null@65', 'b=y@65'])
    expect(await keysIn(driver.store('rows'))).toEqual(['b'])
    const logged = driver.produced().filter(({ topic }) => topic === 'app-rows-changelog')
    expect(logged.map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`)).toEqual(['a=null@65'])
  })

  it('live on with every write, at the stream time of the write', async () => {
    const { input, out } = drive(calling())
    await input.pipe('a', 'put x', 0)
    await input.pipe('other', 'get', 60)
    await input.pipe('a', 'put late', 10)
    await input.pipe('a', 'get', 124)
    await input.pipe('a', 'get', 125)
    expect(out()).toEqual(['other=null@60', 'a=late@124', 'a=null@125'])
  })

  it('stay while they are read if the ttl is from the last access', async () => {
    const { input, out, driver } = drive(calling({ ttl: { after: TTL, from: 'access' } }))
    await input.pipe('read', 'put x', 0)
    await input.pipe('unread', 'put x', 0)
    await input.pipe('read', 'get', 40)
    await input.pipe('read', 'get', 80)
    expect(await keysIn(driver.store('rows'))).toEqual(['read'])
    // a scan is no access
    await input.pipe('read', 'all', 144)
    await input.pipe('read', 'get', 145)
    expect(out()).toEqual(['read=x@40', 'read=x@80', 'read=read@144', 'read=null@145'])
  })

  it('are not found once they are due, even where more are due than a record deletes', async () => {
    const { input, out, driver } = drive(calling())
    for (let i = 100; i < 300; i++) await input.pipe(`k${i}`, 'put x', 0)
    await input.pipe('k100', 'get', 65)
    for (const call of ['get', 'delete', 'try again', 'get']) await input.pipe('k101', call, 65)
    expect((await keysIn(driver.store('rows'))).length).toBeGreaterThan(0)
    await input.pipe('k299', 'all', 65)
    expect(out().map((text) => text.split('@')[0])).toEqual([
      'k100=null',
      'k101=null',
      'k101=null',
      'k101=null',
      'k101=again',
      'k299=k101',
    ])
    await input.pipe('k299', 'get', 65)
    expect(await keysIn(driver.store('rows'))).toEqual(['k101'])
  })

  it('cost one write of the index for many writes within a 64th of the ttl', async () => {
    const { input, driver } = drive(calling({ ttl: 6400 }))
    await input.pipe('a', 'put x', 0)
    driver.produced()
    for (let time = 1; time < 100; time++) await input.pipe('a', 'put x', time)
    expect(driver.produced().filter(({ topic }) => topic === 'app-rows-expiry-changelog')).toEqual([])
  })

  it('cost one entry of the index within a 64th of the ttl, however often they are deleted and written', async () => {
    const { input, driver } = drive(calling({ ttl: 6400 }))
    await input.pipe('a', 'put x', 0)
    driver.produced()
    for (let time = 1; time < 50; time++) {
      await input.pipe('a', 'delete', time)
      await input.pipe('a', 'put x', time)
    }
    expect(driver.produced().filter(({ topic }) => topic === 'app-rows-expiry-changelog')).toEqual([])
  })

  it('leave nothing in the index once they are due, though they were deleted before', async () => {
    const { input, driver } = drive(calling())
    await input.pipe('a', 'put x', 0)
    const index = driver.store<KeyValueStore<Buffer, Buffer>>('rows-expiry')
    const entries = async (): Promise<number> => (await keysIn(index as never)).length
    const whileItIsThere = await entries()
    await input.pipe('a', 'delete', 1)
    await input.pipe('b', 'get', 65)
    await input.pipe('b', 'get', 66)
    // its entry and its last use
    expect(await entries()).toBe(whileItIsThere - 2)
  })

  it('expire while inputs are idle', async () => {
    const store = storeOf({})
    const { input, driver } = drive((b) =>
      b.stream('in', { ...text, idleAfter: 10 }).process(() => new Calls(store), [store]),
    )
    await input.pipe('a', 'put x', 0)
    await driver.advanceWallClockTime(64)
    expect(await keysIn(driver.store('rows'))).toEqual(['a'])
    await driver.advanceWallClockTime(1)
    expect(await keysIn(driver.store('rows'))).toEqual([])
  })

  it('that are written before the first record are kept from its time on', async () => {
    const store = storeOf({})
    const { input, out } = drive((b) =>
      b
        .stream('in', text)
        .process(() => {
          const calls = new Calls(store)
          return {
            init: (context: ProcessorContext<string, string>) => {
              calls.init(context)
              context.stateStore(store).put('a', 'given')
              context.stateStore(store).put('a', 'again')
            },
            process: (record: StreamRecord<string, string>) => calls.process(record),
          }
        }, [store])
        .to('out', text),
    )
    await input.pipe('a', 'get', 1_000_000)
    await input.pipe('a', 'get', 1_000_064)
    await input.pipe('a', 'get', 1_000_065)
    expect(out()).toEqual(['a=again@1000000', 'a=again@1000064', 'a=null@1000065'])
  })

  it('with timestamps expire by stream time, whatever their timestamps are', async () => {
    const store = timestampedKeyValueStore('rows', { ...text, ttl: TTL })
    const found: (number | undefined)[] = []
    const { input } = drive((b) =>
      b.stream('in', text).process(() => {
        let rows: TimestampedKeyValueStore<string, string>
        return {
          init: (context) => void (rows = context.stateStore(store)),
          process: ({ key, value }) => {
            if (value === 'put') rows.put(key, { value, timestamp: 7 })
            else found.push(rows.get(key)?.timestamp)
          },
        }
      }, [store]),
    )
    await input.pipe('a', 'put', 1000)
    await input.pipe('a', 'get', 1064)
    await input.pipe('a', 'get', 1065)
    expect(found).toEqual([7, undefined])
  })

  it('are shared by all processors that the store is connected to, by whatever API', async () => {
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor('first', () => new Calls('rows'), 'source')
      .addProcessor('second', () => new Calls('rows'), 'source')
      .addStateStore(storeOf({}), ['first', 'second'])
      .addSink('sink', 'out', ['first', 'second'], text)
    const { input, out } = drive((b) => void (b.build = () => topology))
    await input.pipe('a', 'try x', 0)
    await input.pipe('a', 'get', 64)
    await input.pipe('a', 'get', 65)
    expect(out()).toEqual(['a=null@0', 'a=x@0', 'a=x@64', 'a=x@64', 'a=null@65', 'a=null@65'])
  })

  it.each([16, 200, 6400])('expire by another ttl if it is changed to %i', async (ttl) => {
    const before = drive(calling({ ttl: 1000 }))
    for (let i = 0; i < 50; i++) await before.input.pipe(`k${i}`, 'put x', i)
    const { input, driver } = drive(calling({ ttl }), { changelogs: before.driver.produced() })
    await input.pipe('other', 'put x', ttl + 100_000)
    expect(await keysIn(driver.store('rows'))).toEqual(['other'])
  })

  it('from before the store got its ttl expire once they are written', async () => {
    const before = drive(calling({ ttl: undefined }))
    for (const key of ['a', 'b']) await before.input.pipe(key, 'put x', 0)
    const { input, driver } = drive(calling(), { changelogs: before.driver.produced() })
    await input.pipe('a', 'put x', 10)
    await input.pipe('c', 'put x', 1000)
    expect(await keysIn(driver.store('rows'))).toEqual(['b', 'c'])
  })

  it('are those of a table if the store is given to one that can have them, and an error if not', async () => {
    const { input, out } = drive((b) => b.table('in', text, storeOf({})).toStream().to('out', text))
    await input.pipe('a', 'x', 0)
    await input.pipe('b', 'y', 65)
    expect(out()).toEqual(['a=x@0', 'a=null@65', 'b=y@65'])
    expect(() => drive((b) => b.table('in', text).filter(() => true, storeOf({})))).toThrow('drop its ttl')
    expect(() => drive((b) => b.globalTable('in', text, storeOf({})))).toThrow('drop its ttl')
  })

  it('are none of a global store or of one with maxEntries', () => {
    expect(() =>
      drive((b) => b.addGlobalStore(storeOf({ logging: false }), 'in', text, () => new Calls('rows'))),
    ).toThrow('is a global store, and its rows are those of its topic')
    expect(() => storeOf({ maxEntries: 10 })).toThrow('has maxEntries and a ttl')
    for (const ttl of [0, 'soon', null, { from: 'access' }, { after: '1h', from: 'birth' }]) {
      expect(() => storeOf({ ttl: ttl as never })).toThrow('ttl')
    }
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('have the results of a reference model, with restarts (%i)', async (seed) => {
    const upTo = repeatableRandom(seed)
    const from = seed % 2 === 0 ? 'access' : 'write'
    let now = 0
    const all: Piped[] = Array.from({ length: 240 }, (_, i) => {
      now += upTo(14)
      const timestamp = Math.max(0, now - upTo(upTo(5) === 0 ? 150 : 5))
      const value = [`put ${i}`, `try ${i}`, 'get', 'get', 'delete', 'all'][upTo(6)]!
      return { key: `k${upTo(8)}`, value, timestamp }
    })
    const parts = inParts(all, 1 + upTo(4))
    const config = seed <= 2 ? {} : IN_MEMORY
    const outputs = await driveRestarting(calling({ ttl: { after: TTL, from } }), parts, { config })
    const model = new ExpiringRows(from)
    expect(outputs).toEqual(
      parts.map((part) => {
        model.restart()
        return part.flatMap((record) => model.take(record))
      }),
    )
  })
})

/** A store whose rows expire, looked through from end to end with each record. */
class ExpiringRows {
  private readonly rows = new Map<string, { value: string; used: number }>()
  private streamTime = -1

  constructor(private readonly from: 'write' | 'access') {}

  restart(): void {
    this.streamTime = -1
  }

  take({ key, value, timestamp }: Piped): string[] {
    this.streamTime = Math.max(this.streamTime, timestamp)
    for (const [key, { used }] of this.rows) if (used + TTL + 1 <= this.streamTime) this.rows.delete(key)
    const row = this.rows.get(key!)
    const used = Math.max(this.streamTime, row?.used ?? 0)
    const [call, argument] = value!.split(' ')
    const puts = call === 'put' || (call === 'try' && row === undefined)
    if (puts) this.rows.set(key!, { value: argument!, used })
    else if (call === 'delete') this.rows.delete(key!)
    else if (call !== 'all' && this.from === 'access' && row) row.used = used
    if (call === 'put') return []
    const found = call === 'all' ? [...this.rows.keys()].sort().join('+') : (row?.value ?? null)
    return [`${key}=${found}@${timestamp}`]
  }
}
