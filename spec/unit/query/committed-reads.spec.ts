import { ClientError } from '../../../lib/kafka/port'
import { type Windowed } from '../../../lib/record/windowed'
import type { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import * as serdes from '../../../lib/serdes'
import { timestampedKeyValueStore } from '../../../lib/state/stores'
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
import { QueryInstance } from '../../support/query-instances'

const HOUR = 3_600_000

/** What every kind of read gives, of every kind of store. */
const readsOf = async (streams: KafkaStreams, isolation: 'latest' | 'committed'): Promise<unknown> => {
  const options = { isolation, local: true }
  const windowed = streams.query(windows, options)
  const session = streams.query(sessions, options)
  const versioned = streams.query(versions, options)
  const byKey = await Promise.all(
    [cached, uncached].map(async (store) => {
      const queries = streams.query(store, options)
      return [
        (await queries.get('a')).value,
        (await queries.get('c')).value,
        await queries.all().toArray(),
        await queries.range('b', null, { reverse: true }).toArray(),
        await queries.prefixScan('a', serdes.string()).toArray(),
      ]
    }),
  )
  const plain = <V>(found: ReadonlyArray<readonly [Windowed<string>, V]>): unknown[] =>
    found.map(([{ key, window }, value]) => [key, window.start, window.end, value])
  return {
    byKey,
    window: (await windowed.fetch('a', 0)).value,
    windows: (await windowed.fetch('a', 0, Infinity)).value,
    reversed: (await windowed.fetch('a', 0, Infinity, { reverse: true })).value,
    allWindows: plain(await windowed.all().toArray()),
    someWindows: plain(await windowed.fetchAll(HOUR, Infinity).toArray()),
    sessions: plain((await session.fetch('a')).value),
    allSessions: plain(await session.all({ reverse: true }).toArray()),
    version: (await versioned.get('tea')).value,
    earlier: (await versioned.get('tea', 150)).value,
    versions: (await versioned.versions('tea')).value,
  }
}

const EMPTY = {
  byKey: [
    [null, null, [], [], []],
    [null, null, [], [], []],
  ],
  window: null,
  windows: [],
  reversed: [],
  allWindows: [],
  someWindows: [],
  sessions: [],
  allSessions: [],
  version: null,
  earlier: null,
  versions: [],
}

describe('queries of committed state', () => {
  let apps: EmbeddedApps
  let instance: QueryInstance
  let commits: CommitsOnDemand

  beforeEach(async () => {
    apps = new EmbeddedApps(topics)
    commits = new CommitsOnDemand(apps)
    instance = await QueryInstance.create((config) =>
      apps.create(everyKindOfStore(), { ...config, ...CommitsOnDemand.config }),
    )
    await apps.kafka.produce('rates', [{ key: 'EUR', value: '1.1' }])
    await instance.streams.start()
  })
  afterEach(async () => {
    await instance.close()
    await apps.close()
  })

  const settled = <T>(promise: Promise<T>): Promise<T | undefined> => promise.catch(() => undefined)

  /** Resolves when all of it is processed. */
  const process = async (time: number): Promise<void> => {
    const { streams } = instance
    await apps.kafka.produce('words', [
      { key: 'a', value: '', timestamp: time },
      { key: 'ab', value: '', timestamp: time },
      { key: 'c', value: '', timestamp: time + HOUR },
    ])
    await apps.kafka.produce('prices', [
      { key: 'tea', value: `${time} cheap`, timestamp: time + 100 },
      { key: 'tea', value: `${time} dear`, timestamp: time + 200 },
    ])
    await isProcessed(time)
    expect((await streams.query(sessions).fetch('c')).value).not.toEqual([])
  }

  const isProcessed = async (time: number): Promise<void> => {
    const { streams } = instance
    await until(async () => (await settled(streams.query(windows).fetch('c', time + HOUR)))?.value === 1)
    await until(async () => (await settled(streams.query(versions).get('tea')))?.value?.value === `${time} dear`)
  }

  /** Resolves when what is committed is on disk. */
  const isWritten = async (words: number): Promise<void> => {
    const options = { isolation: 'committed', atLeast: { words: { 0: words - 1 } } } as const
    await until(async () => (await settled(instance.streams.query(uncached, options).get('a'))) !== undefined)
    const { value } = await instance.streams.query(versions).get('tea')
    const committed = instance.streams.query(versions, { isolation: 'committed' })
    await until(async () => (await committed.get('tea')).value?.value === value!.value)
  }

  it('see nothing of a transaction before it is committed, and the same as others when it is', async () => {
    const { streams } = instance
    await process(0)
    expect(await readsOf(streams, 'committed')).toEqual(EMPTY)
    const first = await readsOf(streams, 'latest')
    expect(first).toMatchObject({ window: 1, windows: [[0, 1]], version: { value: '0 dear' } })

    const { reached, end } = commits.hold()
    await commits.ask()
    await reached
    // the caches are flushed, the state is sealed, and the transaction is still open
    expect(await readsOf(streams, 'committed')).toEqual(EMPTY)
    end()
    await isWritten(3)
    expect(await readsOf(streams, 'committed')).toEqual(first)

    await process(2 * HOUR)
    expect(await readsOf(streams, 'committed')).toEqual(first)
    const second = await readsOf(streams, 'latest')
    expect(second).not.toEqual(first)
    await commits.ask()
    await isWritten(6)
    expect(await readsOf(streams, 'committed')).toEqual(second)
  })

  it('tell up to where the committed state goes, and refuse to be asked for more', async () => {
    const { streams } = instance
    await process(0)
    const atLeast = { words: { 0: 2 } }
    expect(await streams.query(uncached, { atLeast }).get('a')).toMatchObject({ value: 1, position: atLeast })
    await expect(streams.query(uncached, { atLeast, isolation: 'committed' }).get('a')).rejects.toMatchObject({
      code: 'STORE_BEHIND',
      message: expect.stringContaining('committed'),
    })
    expect((await streams.query(uncached, { isolation: 'committed' }).get('a')).position).toEqual({})
    await commits.ask()
    await isWritten(3)
    expect((await streams.query(uncached, { isolation: 'committed' }).get('a')).position).toEqual(atLeast)
  })

  it('never see what a failed transaction takes back', async () => {
    const { streams } = instance
    await process(0)
    const { reached, end } = commits.hold()
    await commits.ask()
    await reached
    expect(await readsOf(streams, 'committed')).toEqual(EMPTY)
    end(new ClientError('abortable', 'this transaction is aborted'))
    // reads fail until the tasks have restarted
    await until(async () => (await settled(readsOf(streams, 'committed'))) !== undefined)
    await isProcessed(0)
    expect(await readsOf(streams, 'committed')).toEqual(EMPTY)
    await commits.ask()
    await until(async () => (await apps.committed('words', 0)) === 3)
    await isWritten(3)
    expect(await readsOf(streams, 'committed')).toEqual(await readsOf(streams, 'latest'))
    expect(await readsOf(streams, 'committed')).toMatchObject({ window: 1 })
  })

  it('are refused where the store is in memory', async () => {
    await process(0)
    const { streams } = instance
    const queries = streams.query(inMemory, { isolation: 'committed' })
    const refusal = { code: 'ISOLATION_UNSUPPORTED', message: expect.stringContaining('persistent') }
    await expect(queries.get('a')).rejects.toMatchObject(refusal)
    await expect(queries.all().toArray()).rejects.toMatchObject(refusal)
    expect((await streams.query(inMemory, { isolation: 'latest' }).get('a')).value).toBe(1)
    expect(() => streams.query(uncached, { isolation: 'dirty' as 'latest' })).toThrow(
      /isolation to be 'latest' or 'committed'/,
    )
  })

  it('read global stores as they are', async () => {
    const rates = timestampedKeyValueStore('rates', text)
    const { value } = await instance.streams.query(rates, { isolation: 'committed' }).get('EUR')
    expect(value).toMatchObject({ value: '1.1' })
  })

  it('are asked for over HTTP with isolation', async () => {
    await process(0)
    const valueOf = async (query: string) => (await instance.get(`/stores/uncached/keys/a${query}`)).json.value
    expect(await valueOf('')).toBe(1)
    expect(await valueOf('?isolation=latest')).toBe(1)
    expect(await valueOf('?isolation=committed')).toBeNull()
    expect((await instance.get('/stores/windows/windows?isolation=committed')).lines).toHaveLength(1)
    expect((await instance.get('/stores/windows/windows')).lines).toHaveLength(4)
    expect(await instance.get('/stores/in-memory/keys/a?isolation=committed')).toMatchObject({
      status: 400,
      json: { error: { code: 'ISOLATION_UNSUPPORTED' } },
    })
    expect((await instance.get('/stores/in-memory/keys?isolation=committed')).status).toBe(400)
    expect((await instance.get('/stores/uncached/keys/a?isolation=dirty')).status).toBe(400)
  })
})
