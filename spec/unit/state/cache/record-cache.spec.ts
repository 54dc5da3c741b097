import { json, long, string, uuid, double } from '../../../../lib/serdes'
import type { KeyValueStore, ManagedStore, TimestampedKeyValueStore } from '../../../../lib/state/store'
import type { CachedStore } from '../../../../lib/state/cached-store'
import { keyValueStore, timestampedKeyValueStore } from '../../../../lib/state/stores'
import { at, build, collect, StoreTask } from '../../../contract/stores/store-task'
import type { RecordHeaders } from '../../../../lib/record/headers'

type Cached<K, V> = KeyValueStore<K, V> & ManagedStore & CachedStore<K, V>
type CachedTimestamped<K, V> = TimestampedKeyValueStore<K, V> & ManagedStore & CachedStore<K, V>

const tasks: StoreTask[] = []
afterEach(async () => {
  for (const task of tasks.splice(0)) await task.close()
})

const open = async (stores: ManagedStore[], cacheBytes: number | undefined): Promise<StoreTask> => {
  const task = await StoreTask.open(stores, { folder: null, cacheBytes })
  task.recordContext = at(1, { topic: 't' })
  tasks.push(task)
  return task
}

const cachedStrings = async (cacheBytes: number | undefined = 1 << 20) => {
  const store = build(keyValueStore('s', { key: string(), value: string(), caching: true })) as Cached<string, string>
  const task = await open([store], cacheBytes)
  return {
    store,
    task,
    flushed: () =>
      task
        .changes('s')
        .map((change) => change[0])
        .join(' '),
  }
}

// key 1 + entry 25 + value 1 + context 20 + topic 1
const SMALL_ENTRY = 48

describe('a flush that pauses', () => {
  const everySecond = (): (() => boolean) => {
    let entries = 0
    return () => ++entries % 2 === 0
  }

  test('continues where it was, with entries as they were when it began; later updates are for the next one', async () => {
    const { store, task, flushed } = await cachedStrings()
    for (const key of 'abcde') store.put(key, '1')
    const due = everySecond()
    expect(store.flushCache(due)).toBe(false)
    expect(flushed()).toBe('a b')
    for (const key of 'da') store.put(key, '2')
    expect(store.flushCache(due)).toBe(false)
    expect(store.flushCache(due)).toBe(true)
    expect(task.changes('s').slice(2)).toEqual(['c=1@1', 'd=1@1', 'e=1@1'])
    expect(store.flushCache()).toBe(true)
    expect(task.changes('s').slice(5)).toEqual(['d=2@1', 'a=2@1'])
    expect(store.flushCache()).toBe(true)
    expect(task.changes('s')).toHaveLength(7)
  })

  test('may do so before the first entry is written: to take many takes time, too', async () => {
    const { store, task } = await cachedStrings()
    const keys = Array.from({ length: 40 }, (_, i) => `${i}`)
    for (const key of keys) store.put(key, '1')
    const always = (): boolean => true
    expect(store.flushCache(always)).toBe(false)
    expect(task.changes('s')).toEqual([])
    store.put('0', '2')
    store.put('39', '2')
    while (!store.flushCache(always));
    expect(task.changes('s')).toEqual(keys.map((key) => `${key}=1@1`))
    expect(store.flushCache()).toBe(true)
    expect(task.changes('s').slice(40)).toEqual(['0=2@1', '39=2@1'])
  })

  test('is not asked for after the last entry: the caches of other stores follow', async () => {
    const { store, flushed } = await cachedStrings()
    for (const key of 'ab') store.put(key, '1')
    const due = jest.fn(() => false)
    expect(store.flushCache(due)).toBe(true)
    expect([flushed(), due.mock.calls.length]).toEqual(['a b', 1])
  })

  test('hides nothing from reads and scans', async () => {
    const { store } = await cachedStrings()
    for (const key of 'abcd') store.put(key, '1')
    store.flushCache()
    for (const key of 'abc') store.put(key, '2')
    store.put('d', null)
    expect(store.flushCache(() => true)).toBe(false)
    store.put('b', '3')
    const scanned: [string, string][] = []
    for await (const entry of store.all()) scanned.push(entry)
    expect(scanned).toEqual([
      ['a', '2'],
      ['b', '3'],
      ['c', '2'],
    ])
    expect(['a', 'b', 'c', 'd'].map((key) => store.get(key))).toEqual(['2', '3', '2', null])
  })

  test('ends before an entry is evicted', async () => {
    const { store, task, flushed } = await cachedStrings(3 * SMALL_ENTRY)
    for (const key of 'abc') store.put(key, '1')
    expect(store.flushCache(() => true)).toBe(false)
    store.put('d', '1')
    expect(flushed()).toBe('a b c')
    expect(task.cache!.usedBytes).toBe(3 * SMALL_ENTRY)
    expect(['a', 'b', 'c', 'd'].map((key) => store.get(key))).toEqual(['1', '1', '1', '1'])
    store.flushCache()
    expect(flushed()).toBe('a b c d')
  })

  test('evicts nothing where the deletes that it writes make room', async () => {
    const { store, task, flushed } = await cachedStrings(3 * SMALL_ENTRY)
    for (const key of 'abc') store.put(key, '1')
    store.flushCache()
    store.put('b', '2')
    store.put('c', null)
    expect(store.flushCache(() => true)).toBe(false)
    store.put('d', '1')
    expect(flushed()).toBe('a b c b c')
    expect(task.cache!.usedBytes).toBe(3 * SMALL_ENTRY)
  })
})

describe('order of flushing', () => {
  // the sequence that was run in Kafka Streams
  const worked = (store: KeyValueStore<string, string>): void => {
    for (const key of 'abc') store.put(key, '1')
    store.get('a')
    store.put('b', '2')
    for (const key of 'def') store.put(key, '1')
  }

  test('a commit writes in the order of the last update; reads do not count', async () => {
    const { store, flushed } = await cachedStrings()
    worked(store)
    store.flushCache()
    expect(flushed()).toBe('a c b d e f')
  })

  test('with room for three, the least recently used one goes first and takes all dirty ones along', async () => {
    const { store, flushed } = await cachedStrings(3 * SMALL_ENTRY)
    worked(store)
    expect(flushed()).toBe('c a b d')
    store.flushCache()
    expect(flushed()).toBe('c a b d e f')
  })

  test('one entry too large for the cache is written through', async () => {
    const { store, task, flushed } = await cachedStrings(SMALL_ENTRY - 1)
    store.put('a', '1')
    expect(flushed()).toBe('a')
    expect(task.cache!.usedBytes).toBe(0)
    expect(store.get('a')).toBe('1')
  })

  test('evicting clean entries writes nothing', async () => {
    const { store, task, flushed } = await cachedStrings(3 * SMALL_ENTRY)
    for (const key of 'abc') store.put(key, '1')
    store.flushCache()
    for (const key of 'abcabc') expect(store.get(key)).toBe('1')
    store.put('d', '1')
    expect(flushed()).toBe('a b c')
    expect(task.cache!.usedBytes).toBe(3 * SMALL_ENTRY)
  })

  test('a flush is over with nothing dirty', async () => {
    const { store, flushed } = await cachedStrings()
    store.put('a', '1')
    store.flushCache()
    store.flushCache()
    expect(flushed()).toBe('a')
  })
})

describe('size', () => {
  const header: RecordHeaders = [
    ['name', Buffer.from('value')],
    ['none', null],
  ]

  test.each([
    ['a plain entry', 't', [], 48],
    ['a longer topic', 'topic', [], 52],
    ['no topic, as in a punctuation', null, [], 47],
    ['headers', 't', header, 48 + 4 + 5 + 4],
  ] as [string, string | null, RecordHeaders, number][])(
    'counts as in Kafka Streams: %s',
    async (_name, topic, headers, size) => {
      const { store, task } = await cachedStrings()
      task.recordContext = at(1, { topic, headers })
      store.put('a', '1')
      expect(task.cache!.usedBytes).toBe(size)
      store.put('a', '1')
      expect(task.cache!.usedBytes).toBe(size)
      store.put('a', null)
      expect(task.cache!.usedBytes).toBe(size - 1)
      store.flushCache()
      expect(task.cache!.usedBytes).toBe(0)
    },
  )

  test('counts bytes, not characters, and the timestamp of the value', async () => {
    const store = build(timestampedKeyValueStore('s', { key: string(), value: string(), caching: true }))
    const task = await open([store], 1 << 20)
    store.put('é', { value: '€', timestamp: 1 })
    expect(task.cache!.usedBytes).toBe(SMALL_ENTRY + 1 + 2 + 8)
  })

  test('entries that were only read have no context', async () => {
    const { store, task } = await cachedStrings(SMALL_ENTRY)
    store.put('a', '1')
    store.put('b', '1')
    expect(store.get('a')).toBe('1')
    expect(task.cache!.usedBytes).toBe(SMALL_ENTRY - 1)
  })

  test('is shared: the store that puts makes room among its own entries only', async () => {
    const one = build(keyValueStore('one', { key: string(), value: string(), caching: true }))
    const two = build(keyValueStore('two', { key: string(), value: string(), caching: true }))
    const task = await open([one, two], 2 * SMALL_ENTRY)
    one.put('a', '1')
    one.put('b', '1')
    two.put('c', '1')
    expect(task.changes('one')).toEqual([])
    expect(task.changes('two')).toEqual(['c=1@1'])
    expect(task.cache!.usedBytes).toBe(2 * SMALL_ENTRY)
    one.close()
    expect(task.cache!.usedBytes).toBe(0)
  })
})

describe('the flush listener', () => {
  const listening = async (sendOldValues: boolean, cacheBytes: number | undefined = 1 << 20) => {
    const store = build(
      timestampedKeyValueStore('s', { key: string(), value: long(), caching: true }),
    ) as unknown as CachedTimestamped<string, number>
    const task = await open([store], cacheBytes)
    const heard: unknown[] = []
    const caching = (store as unknown as CachedStore<string, number>).setFlushListener(
      (key, newValue, oldValue, timestamp) => {
        heard.push([key, newValue, oldValue, timestamp, task.recordContext.offset])
      },
      sendOldValues,
    )
    return { store, task, heard, caching }
  }

  test('is refused without a cache', async () => {
    const uncached = build(timestampedKeyValueStore('s', { key: string(), value: long() })) as unknown as CachedStore<
      string,
      number
    > &
      ManagedStore
    await open([uncached], 1 << 20)
    expect(uncached.setFlushListener(() => {}, false)).toBe(false)
    const { caching } = await listening(false)
    expect(caching).toBe(true)
    const off = build(
      timestampedKeyValueStore('t', { key: string(), value: long(), caching: true }),
    ) as unknown as CachedStore<string, number> & ManagedStore
    await open([off], undefined)
    expect(off.setFlushListener(() => {}, false)).toBe(false)
  })

  test('hears the last update of each key, in that update’s context, with the stored timestamp', async () => {
    const { store, task, heard } = await listening(false)
    for (let i = 1; i <= 3; i++) {
      task.recordContext = at(100 + i)
      store.put('a', { value: i, timestamp: 50 + i })
    }
    const current = at(999)
    task.recordContext = current
    store.flushCache()
    expect(heard).toEqual([['a', 3, null, 53, 103]])
    expect(task.changes('s')).toEqual([`a=${String.fromCharCode(0, 0, 0, 0, 0, 0, 0, 3)}@53`])
    expect(task.recordContext).toBe(current)
  })

  test('hears old values from below the cache where they are asked for', async () => {
    const { store, heard } = await listening(true)
    store.put('a', { value: 1, timestamp: 1 })
    store.put('a', { value: 2, timestamp: 2 })
    store.flushCache()
    store.put('a', { value: 3, timestamp: 3 })
    store.put('a', { value: 4, timestamp: 4 })
    store.flushCache()
    expect(heard.map((update) => (update as unknown[]).slice(0, 4))).toEqual([
      ['a', 2, null, 2],
      ['a', 4, 2, 4],
    ])
  })

  test('hears a delete with the timestamp of its record, and nothing of one that changes nothing', async () => {
    const { store, task, heard } = await listening(true)
    store.put('a', { value: 1, timestamp: 1 })
    store.flushCache()
    task.recordContext = at(20)
    store.put('a', null)
    store.put('b', null)
    store.put('c', { value: 1, timestamp: 1 })
    store.put('c', null)
    store.flushCache()
    expect(heard).toEqual([
      ['a', 1, null, 1, 1],
      ['a', null, 1, 20, 20],
    ])
    expect(task.changes('s').slice(1)).toEqual(['a=null@20'])
    expect(task.cache!.usedBytes).toBe(0)
  })

  test('without one, a delete of nothing is logged', async () => {
    const { store, task } = await cachedStrings()
    store.put('a', null)
    store.flushCache()
    expect(task.changes('s')).toEqual(['a=null@1'])
  })

  test('may write the store again: that is the next flush’s', async () => {
    const { store, task, heard } = await listening(false)
    let once = true
    ;(store as unknown as CachedStore<string, number>).setFlushListener((key, value) => {
      heard.push([key, value])
      if (!once) return
      once = false
      store.put('a', { value: 10, timestamp: 1 })
      store.put('b', { value: 20, timestamp: 1 })
    }, false)
    store.put('a', { value: 1, timestamp: 1 })
    store.put('b', { value: 2, timestamp: 1 })
    store.flushCache()
    expect(heard).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    expect(store.get('b')).toEqual({ value: 20, timestamp: 1 })
    store.flushCache()
    expect(heard.slice(2)).toEqual([
      ['a', 10],
      ['b', 20],
    ])
    expect(task.changes('s')).toHaveLength(4)
  })

  test.each([
    ['evicts entries that wait for the flush', 3, 'b=2 a=1 c=3 b=20 d=4 e=5'],
    ['begins another flush, which comes first', 2, 'b=2 a=1 b=20 d=4 c=3 e=5'],
  ])('that writes the store and %s leaves those as they were', async (_name, entries, expected) => {
    const SIZE = SMALL_ENTRY + 15 // a long and its timestamp
    const { store } = await listening(false, entries * SIZE)
    const heard: string[] = []
    ;(store as unknown as CachedStore<string, number>).setFlushListener((key, value) => {
      heard.push(`${key}=${value}`)
      if (key !== 'a') return
      for (const [written, newValue] of Object.entries({ b: 20, d: 4, e: 5 })) {
        store.put(written, { value: newValue, timestamp: 1 })
      }
    }, false)
    for (const [key, value] of Object.entries({ b: 2, a: 1, c: 3 })) store.put(key, { value, timestamp: 1 })
    store.flushCache()
    store.flushCache()
    expect(heard.join(' ')).toBe(expected)
  })

  test('that writes a key whose delete is being flushed keeps the new value', async () => {
    const { store, heard } = await listening(false)
    store.put('a', { value: 1, timestamp: 1 })
    store.flushCache()
    ;(store as unknown as CachedStore<string, number>).setFlushListener((key, value) => {
      heard.push([key, value])
      if (value === null) store.put('a', { value: 2, timestamp: 2 })
    }, false)
    store.put('a', null)
    store.flushCache()
    expect(store.get('a')).toEqual({ value: 2, timestamp: 2 })
    store.flushCache()
    expect(heard.slice(1)).toEqual([
      ['a', null],
      ['a', 2],
    ])
  })

  test('never reads a former value of what is evicted while it waits in the same flush', async () => {
    const { store, task } = await listening(false, 2 * (SMALL_ENTRY + 15))
    const put = (keys: string, value: number): void => {
      for (const key of keys) store.put(key, { value, timestamp: 1 })
    }
    put('bcde', 1)
    store.flushCache()
    put('ab', 2)
    const read: Record<string, number | undefined> = {}
    ;(store as unknown as CachedStore<string, number>).setFlushListener((written) => {
      // c and d take the place of a and b
      if (written === 'a') for (const key of 'cdb') read[key] = store.get(key)?.value
    }, false)
    store.flushCache()
    expect(read).toEqual({ c: 1, d: 1, b: 2 })
    expect(store.get('b')?.value).toBe(2)
    for (const key of 'cde') store.get(key)
    expect(store.get('b')?.value).toBe(2)
    expect(task.cache!.usedBytes).toBeLessThanOrEqual(task.cache!.maxBytes)
    store.close()
    expect(task.cache!.usedBytes).toBe(0)
  })

  describe('of an entry that is updated and evicted before the flush that it waits in has written it', () => {
    const heardOf = async (updates: 'in a pause' | 'by the flush') => {
      const { store } = await listening(true, 3 * (SMALL_ENTRY + 15))
      const put = (keys: string, value: number): void => {
        for (const key of keys) store.put(key, { value, timestamp: 1 })
      }
      put('def', 1)
      store.flushCache()
      const heard: unknown[] = []
      ;(store as unknown as CachedStore<string, number>).setFlushListener((key, value, old) => {
        heard.push([key, value, old])
        if (key !== 'b') return
        if (updates === 'by the flush') put('c', 2)
        // they take the places of the others
        for (const stored of 'def') store.get(stored)
      }, true)
      put('abc', 1)
      expect(store.flushCache(() => true)).toBe(false)
      if (updates === 'in a pause') put('c', 2)
      store.flushCache()
      store.flushCache()
      expect(heard.slice(0, 2)).toEqual([
        ['a', 1, null],
        ['b', 1, null],
      ])
      return { heard: heard.slice(2), left: store.get('c')?.value }
    }

    test('hears both values in their order, where it was updated in a pause', async () => {
      expect(await heardOf('in a pause')).toEqual({
        heard: [
          ['c', 1, null],
          ['c', 2, 1],
        ],
        left: 2,
      })
    })

    test('hears the older one last, as in Kafka Streams, where an effect of the flush has updated it', async () => {
      expect(await heardOf('by the flush')).toEqual({
        heard: [
          ['c', 2, null],
          ['c', 1, 2],
        ],
        left: 1,
      })
    })
  })

  test('finds in a scan what waits in the same flush', async () => {
    const { store } = await listening(false)
    for (const key of 'abc') store.put(key, { value: 1, timestamp: 1 })
    let rows: Promise<unknown> | undefined
    ;(store as unknown as CachedStore<string, number>).setFlushListener(() => {
      rows ??= collect(store.all())
    }, false)
    store.flushCache()
    expect(await rows).toEqual([...'abc'].map((key) => [key, { value: 1, timestamp: 1 }]))
  })

  test('that fails leaves the record context as it was', async () => {
    const { store, task } = await listening(false)
    const current = task.recordContext
    ;(store as unknown as CachedStore<string, number>).setFlushListener(() => {
      throw new Error('downstream')
    }, false)
    store.put('a', { value: 1, timestamp: 1 })
    expect(() => store.flushCache()).toThrow('downstream')
    expect(task.recordContext).toBe(current)
  })

  test('gets headers that outlive the fetched batch', async () => {
    const { store, task } = await listening(false)
    const batch = Buffer.from('header value of a batch')
    task.recordContext = at(1, {
      headers: [
        ['h', batch.subarray(0, 6)],
        ['n', null],
      ],
    })
    store.put('a', { value: 1, timestamp: 1 })
    batch.fill(0)
    let headers: RecordHeaders = []
    ;(store as unknown as CachedStore<string, number>).setFlushListener(
      () => (headers = task.recordContext.headers),
      false,
    )
    store.flushCache()
    expect(headers).toEqual([
      ['h', Buffer.from('header')],
      ['n', null],
    ])
  })
})

describe('keys that differ to JavaScript and not in bytes, or the other way round', () => {
  test('one entry for two spellings of a UUID', async () => {
    const store = build(keyValueStore('s', { key: uuid(), value: string(), caching: true }))
    const task = await open([store], 1 << 20)
    const lower = 'abcdef00-0000-0000-0000-000000000000'
    store.put(lower.toUpperCase(), '1')
    expect(store.get(lower)).toBe('1')
    store.put(lower, '2')
    expect(store.get(lower.toUpperCase())).toBe('2')
    store.flushCache()
    expect(task.changes('s')).toEqual([`${lower}=2@1`])
  })

  test('NaN is one key', async () => {
    const store = build(keyValueStore('d', { key: double(), value: string(), caching: true }))
    const task = await open([store], 1 << 20)
    for (const value of ['1', '2', '3']) store.put(NaN, value)
    expect(store.get(NaN)).toBe('3')
    store.flushCache()
    expect(task.changes('d')).toHaveLength(1)
  })

  test('zero and minus zero: two doubles, one long', async () => {
    const doubles = build(keyValueStore('d', { key: double(), value: string(), caching: true }))
    const longs = build(keyValueStore('l', { key: long(), value: string(), caching: true }))
    await open([doubles, longs], 1 << 20)
    for (const store of [doubles, longs]) {
      store.put(0, 'zero')
      store.put(-0, 'minus')
    }
    expect([doubles.get(0), doubles.get(-0)]).toEqual(['zero', 'minus'])
    expect([longs.get(0), longs.get(-0)]).toEqual(['minus', 'minus'])
  })

  test('objects with equal bytes are one key, and come back as themselves', async () => {
    const store = build(
      keyValueStore('s', { key: json<{ id: number }>(), value: string(), caching: true }),
    ) as unknown as Cached<{ id: number }, string>
    await open([store], 1 << 20)
    const heard: unknown[] = []
    store.setFlushListener((key, value) => heard.push([key, value]), false)
    const key = { id: 1 }
    store.put(key, '1')
    key.id = 2
    expect(store.get({ id: 1 })).toBe('1')
    expect(store.get({ id: 2 })).toBeNull()
    store.flushCache()
    expect(heard).toEqual([[{ id: 1 }, '1']])
  })
})
