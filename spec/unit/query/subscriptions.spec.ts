import { getMaxListeners } from 'node:events'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { ClientError } from '../../../lib/kafka/port'
import type { StoreEvent, StoreSubscription } from '../../../lib/query/change-types'
import type { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import type { KeyValueStore } from '../../../lib/state/store'
import { keyValueStore } from '../../../lib/state/stores'
import type { Topology } from '../../../lib/topology/topology'
import { CommitsOnDemand } from '../../support/commits-on-demand'
import { EmbeddedApps, until } from '../../support/embedded-apps'
import {
  cached,
  everyKindOfStore,
  inMemory,
  sessions,
  text,
  topics,
  uncached,
  versions,
  windows,
} from '../../support/every-kind-of-store'

/** The next events. */
const take = async <K, V>(from: StoreSubscription<K, V>, count: number): Promise<StoreEvent<K, V>[]> => {
  const events: StoreEvent<K, V>[] = []
  while (events.length < count) {
    const { value, done } = await from.next()
    if (done) break
    events.push(value)
  }
  return events
}

const change = (key: string, value: unknown, timestamp: number, more: object = {}): object => ({
  type: 'change',
  partition: 0,
  key,
  value,
  timestamp,
  ...more,
})

const gap = (reason: string): object => ({ type: 'gap', partition: 0, reason })

/** Values of `in` in a table and in a store of processors, whose rows both expire. It commits on demand. */
const withRowsThatExpire = (): Topology => {
  const builder = new StreamsBuilder()
  const words = builder.stream('words', text)
  words.toTable({ store: 'table', ttl: 64, caching: false })
  const own = keyValueStore('own', { ...text, ttl: 64 })
  words.process(() => {
    let rows: KeyValueStore<string, string>
    return {
      init: (context) => void (rows = context.stateStore(own)),
      process: ({ key, value }) => rows.put(key, value),
    }
  }, [own])
  CommitsOnDemand.addTo(builder)
  return builder.build()
}

describe('a subscription to the changes of a store', () => {
  let apps: EmbeddedApps
  let commits: CommitsOnDemand
  let streams: KafkaStreams

  beforeEach(async () => {
    apps = new EmbeddedApps(topics)
    commits = new CommitsOnDemand(apps)
    streams = apps.create(everyKindOfStore(), CommitsOnDemand.config)
    await streams.start()
  })
  afterEach(() => apps.close())

  const produce = (...keys: string[]): Promise<void> =>
    apps.kafka.produce(
      'words',
      keys.map((key, i) => ({ key, value: '', timestamp: 1000 + i })),
    )

  it('gets each committed write, and nothing of a transaction before it is committed', async () => {
    const changes = await streams.subscribe(uncached)
    await produce('a', 'b', 'a')
    await until(async () => (await streams.query(uncached).get('a')).value === 2)
    const { reached, end } = commits.hold()
    await commits.ask()
    await reached
    let isTold = false
    const events = take(changes, 4).then((found) => {
      isTold = true
      return found
    })
    // sealed and flushed, and not committed
    expect(isTold).toBe(false)
    end()
    // there may have been writes before the subscription
    expect(await events).toEqual([gap('started'), change('a', 1, 1000), change('b', 1, 1001), change('a', 2, 1002)])
    await produce('a')
    await untilCommitted(changes, [change('a', 3, 1002)])
    // told once it is on disk
    expect((await streams.query(uncached, { isolation: 'committed' }).get('a')).value).toBe(3)
  })

  it('never gets what a failed transaction takes back, and is told of the restart', async () => {
    const changes = await streams.subscribe(uncached)
    await produce('a')
    await until(async () => (await streams.query(uncached).get('a')).value === 1)
    const { reached, end } = commits.hold()
    await commits.ask()
    await reached
    end(new ClientError('abortable', 'this transaction is aborted'))
    expect(await take(changes, 1)).toEqual([gap('stopped')])
    expect(await take(changes, 1)).toEqual([gap('started')])
    await produce('a')
    await untilCommitted(changes, [change('a', 1, 1000), change('a', 2, 1000)])
  })

  it.each([
    ['a cached store, of which only the last update of a commit is written', cached, [change('a', 2, 1001)]],
    ['a store in memory', inMemory, [change('a', 1, 1000), change('a', 2, 1001)]],
  ])('works with %s', async (_, store, expected) => {
    const changes = await streams.subscribe(store)
    await produce('a', 'a')
    await commits.ask()
    await untilCommitted(changes, expected)
  })

  /** The writes may be spread over commits: the records of both topics are processed in any order. */
  const untilCommitted = async (changes: StoreSubscription<string, unknown>, expected: object[]): Promise<void> => {
    const found: object[] = []
    while (found.length < expected.length) {
      const next = changes.next()
      for (;;) {
        const waited = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 50))
        const event = await Promise.race([next, waited])
        if (event === undefined) await commits.ask()
        else {
          if (event.value?.type === 'change') found.push(event.value)
          break
        }
      }
    }
    expect(found).toEqual(expected)
  }

  it('has the windows of a window store, the sessions of a session store, and the versions of a versioned one', async () => {
    const [ofWindows, ofSessions, ofVersions] = await Promise.all([
      streams.subscribe(windows),
      streams.subscribe(sessions),
      streams.subscribe(versions),
    ])
    await produce('a')
    await apps.kafka.produce('prices', [
      { key: 'tea', value: 'cheap', timestamp: 100 },
      { key: 'tea', value: null, timestamp: 200 },
    ])
    await untilCommitted(ofWindows, [change('a', 1, 1000, { window: { start: 0, end: 3_600_000 } })])
    await untilCommitted(ofSessions, [change('a', 1, 1000, { window: { start: 1000, end: 1000 } })])
    await untilCommitted(ofVersions, [change('tea', 'cheap', 100), change('tea', null, 200)])
  })

  it.each(['table', 'own'])('tells of rows that expire: %s', async (store) => {
    const app = apps.create(withRowsThatExpire(), {
      ...CommitsOnDemand.config,
      applicationId: 'expiring',
      stateDir: apps.stateDir('b'),
    })
    await app.start()
    const changes = await app.subscribe<KeyValueStore<string, string>>(store)
    await produce('a')
    await apps.kafka.produce('words', [{ key: 'b', value: '', timestamp: 2000 }])
    await untilCommitted(changes, [change('a', '', 1000), change('a', null, 1065), change('b', '', 2000)])
  })

  it('can be one of a key, or of a range of keys', async () => {
    const ofKey = await streams.subscribe(uncached, { key: 'b' })
    const ofRange = await streams.subscribe(uncached, { from: 'b', to: 'c' })
    await produce('a', 'b', 'c', 'd')
    await untilCommitted(ofKey, [change('b', 1, 1001)])
    await untilCommitted(ofRange, [change('b', 1, 1001), change('c', 1, 1002)])
  })

  it('that is not read keeps as much as it may, drops the rest, and tells of it', async () => {
    const slow = await streams.subscribe(uncached, { maxBufferedBytes: 250 })
    const fast = await streams.subscribe(uncached)
    await produce('a', 'b', 'c', 'd', 'e')
    await untilCommitted(
      fast,
      ['a', 'b', 'c', 'd', 'e'].map((key, i) => change(key, 1, 1000 + i)),
    )
    expect(await take(slow, 2)).toEqual([gap('overflow'), change('e', 1, 1004)])
  })

  it('ends when it is closed, when its signal aborts, and when the instance closes', async () => {
    const abort = new AbortController()
    const [closed, aborted, ended] = await Promise.all([
      streams.subscribe(uncached),
      streams.subscribe(uncached, { signal: abort.signal }),
      streams.subscribe(uncached),
    ])
    const waiting = closed.next()
    closed.close()
    expect(await waiting).toEqual({ done: true, value: undefined })
    abort.abort()
    expect((await aborted.next()).done).toBe(true)
    const last = ended.next()
    await streams.close()
    expect((await last).done).toBe(true)
    expect((await (await streams.subscribe(uncached)).next()).done).toBe(true)
  })

  it('is one of many, without a warning of Node that so many listeners may be a leak', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => streams.subscribe(uncached)))
    expect(getMaxListeners(streams.queries.ending)).toBe(Infinity)
    for (const each of all) each.close()
  })

  it('costs nothing once the last has ended', async () => {
    const changes = await streams.subscribe(uncached)
    const feed = streams.queries.changeFeeds.of('uncached')
    expect(feed.isListenedTo).toBe(true)
    for await (const _ of (async function* () {
      await produce('a')
      await commits.ask()
      yield* changes
    })())
      break
    expect(feed.isListenedTo).toBe(false)
  })

  it('is refused for what has no changes, and for what makes no sense', async () => {
    await expect(streams.subscribe('rates')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(streams.subscribe('nothing')).rejects.toMatchObject({ code: 'UNKNOWN_STORE' })
    await expect(streams.subscribe(uncached, { key: 'a', from: 'b' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(streams.subscribe(uncached, { maxBufferedBytes: 0 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  it.each<[string, unknown]>([
    ['key', 5],
    ['key', null],
    ['from', 5],
    ['to', null],
  ])('is refused for a %s that the store can not have: %p', async (option, bound) => {
    await expect(streams.subscribe(uncached, { [option]: bound } as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('store "uncached" can\'t have this key'),
    })
  })

  it.each([undefined, null])('is refused for %p in place of a store', async (store) => {
    await expect(streams.subscribe(store as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(() => streams.query(store as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
