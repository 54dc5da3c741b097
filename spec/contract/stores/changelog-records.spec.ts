import { Change } from '../../../lib/record/change'
import { Windowed } from '../../../lib/record/windowed'
import { string } from '../../../lib/serdes'
import { suppressionBuffer } from '../../../lib/state/buffer/suppression-buffer'
import { outerJoinStoreBuilder } from '../../../lib/state/join/outer-join-stores'
import { waitingStoreBuilder } from '../../../lib/state/join/waiting-stores'
import { plainFormat, timestampedFormat } from '../../../lib/state/key-value/value-format'
import { sessionStoreBuilder } from '../../../lib/state/session/session-stores'
import type {
  ChangelogRecord,
  ManagedStore,
  SessionStore,
  StateStore,
  StoreBuilder,
  WindowStore,
} from '../../../lib/state/store'
import type { ClosingStore } from '../../../lib/state/closing-store'
import { keyValueStore, timestampedKeyValueStore } from '../../../lib/state/stores'
import { subscriptionStore } from '../../../lib/state/subscriptions/subscription-store'
import { versionedKeyValueStore } from '../../../lib/state/versioned/versioned-key-value-store'
import { windowStoreBuilder } from '../../../lib/state/window/window-stores'
import { Random } from '../../differential/random'
import { at, build, changelogOf, collect, type LoggedChange, StoreTask } from './store-task'

interface Kind<S extends StateStore> {
  readonly builder: StoreBuilder<S>
  /** One random change, late in the run as `step` grows. */
  readonly change: (store: S, random: Random, step: number, task: StoreTask) => void
  /** Everything that can be read from a store; it may change the store. */
  readonly reads: (store: S, task: StoreTask) => unknown
  /** Its changelog is compacted soon enough to matter. Default: true. */
  readonly compacted?: boolean
  /** Until its cache is emptied it reads as a restored one does not. Default: false. */
  readonly cacheShowsExpired?: boolean
}

const SEEDS = [1, 2, 3]
const STEPS = 400
const KEYS = ['', 'a', 'ab', 'b', 'c', 'd', 'e\0', 'ÿ']

const toRecord = ({ key, value, timestamp, storeHeaders = [] }: LoggedChange): ChangelogRecord => ({
  key,
  value,
  timestamp: timestamp ?? 0,
  headers: () => storeHeaders,
})

/** What a broker leaves of a topic: of each key the last record. */
const compact = (records: readonly ChangelogRecord[]): ChangelogRecord[] => {
  const last = new Map<string, ChangelogRecord>()
  for (const record of records) {
    const key = record.key.toString('latin1')
    last.delete(key)
    last.set(key, record)
  }
  return [...last.values()]
}

const proves = <S extends StateStore>(
  name: string,
  { builder, change, reads, compacted = true, cacheShowsExpired = false }: Kind<S>,
): void => {
  describe(`the changelog records of a ${name}`, () => {
    const tasks: StoreTask[] = []
    afterEach(async () => {
      for (const task of tasks.splice(0)) await task.close()
    })

    const open = async (): Promise<{ store: S & ManagedStore; task: StoreTask }> => {
      const store = build(builder)
      const task = await StoreTask.open([store], { cacheBytes: 1 << 20 })
      tasks.push(task)
      return { store, task }
    }

    const filled = async (seed: number) => {
      const random = new Random(seed)
      const { store, task } = await open()
      for (let step = 0; step < STEPS; step++) {
        task.recordContext = at(step)
        change(store, random, step, task)
        if (random.chance(0.02)) await task.commit()
      }
      await task.commit()
      return { store, task }
    }

    const restored = async (records: readonly ChangelogRecord[]) => {
      const { store, task } = await open()
      for (const record of records) store.restore(record)
      task.state.seal()
      await task.state.commit(new Map())
      await store.open?.()
      return { store, task }
    }

    const readsOf = async ({ store, task }: { store: S; task: StoreTask }): Promise<unknown> => {
      task.dropped.length = 0
      return [await reads(store, task), task.dropped]
    }

    test.each(SEEDS)('restore to a store that reads the same, as the logged ones do (seed %d)', async (seed) => {
      const original = await filled(seed)
      const records = await collect(original.store.changelogRecords())
      const logged = original.task.changelogs.get(changelogOf(builder.name))!.map(toRecord)
      expect(records.length).toBeGreaterThan(0)
      const expected = await readsOf(await restored(compacted ? compact(logged) : logged))
      expect(await readsOf(await restored(records))).toEqual(expected)
      if (!cacheShowsExpired) expect(await readsOf(original)).toEqual(expected)
    })

    test('are none where nothing was put', async () => {
      const { store } = await open()
      expect(await collect(store.changelogRecords())).toEqual([])
    })

    test('name no key twice where the changelog is compacted', async () => {
      const records = await collect((await filled(6)).store.changelogRecords())
      if (compacted) expect(compact(records)).toEqual(records)
    })

    test('are not there once the store is closed', async () => {
      const { store } = await open()
      store.close()
      await expect((async () => collect(store.changelogRecords()))()).rejects.toMatchObject({
        code: 'STORE_NOT_AVAILABLE',
      })
    })
  })
}

const serdes = { key: string(), value: string() }
const named = (persistent: boolean, caching?: boolean): string =>
  `, ${persistent ? 'on disk' : 'in memory'}${caching === undefined ? '' : caching ? ', cached' : ', uncached'}`

/** Grows with the steps, is sometimes late, and now and then leaps past all retentions. */
const timeAt = (random: Random, step: number): number => {
  const time = step * 5 + 100_000 * Math.floor(step / 150)
  return Math.max(0, time - (random.chance(0.3) ? random.below(random.pick([50, 400, 150_000])) : 0))
}
const LATEST = 500_000

const valueOrNull = (random: Random, step: number): string | null => (random.chance(0.25) ? null : `v${step}`)

/** The newest row of all is one that is deleted. */
const rowAt = (random: Random, step: number): [time: number, value: string | null] =>
  step === STEPS - 1 ? [LATEST / 2, null] : [timeAt(random, step), valueOrNull(random, step)]

for (const persistent of [true, false]) {
  for (const caching of [true, false]) {
    proves(`key-value store${named(persistent, caching)}`, {
      builder: keyValueStore('s', { ...serdes, persistent, caching }),
      change: (store, random, step) => store.put(random.pick(KEYS), valueOrNull(random, step)),
      reads: async (store) => [
        KEYS.map((key) => store.get(key)),
        await collect(store.all()),
        await collect(store.all({ reverse: true })),
        await collect(store.range('ab', 'd')),
      ],
    })
    proves(`timestamped key-value store${named(persistent, caching)}`, {
      builder: timestampedKeyValueStore('s', { ...serdes, persistent, caching }),
      change: (store, random, step) => {
        const value = valueOrNull(random, step)
        store.put(random.pick(KEYS), value === null ? null : { value, timestamp: timeAt(random, step) })
      },
      reads: async (store) => [KEYS.map((key) => store.get(key)), await collect(store.all())],
    })

    for (const emitsOnClose of caching ? [false] : [false, true]) {
      proves(`window store${named(persistent, caching)}, emits on close: ${emitsOnClose}`, {
        builder: windowStoreBuilder<string, string, string>({
          ...{ name: 's', ...serdes, format: plainFormat<string>(), persistent, caching, emitsOnClose },
          ...{ retentionMs: 120_000, windowSizeMs: 10, bucketMs: 10 },
        }),
        change: (store, random, step) => {
          const [windowStart, value] = rowAt(random, step)
          store.put(random.pick(KEYS), value, windowStart)
        },
        reads: async (store, task) => windowReads(store, task, 'late', emitsOnClose),
        cacheShowsExpired: caching,
      })
      proves(`session store${named(persistent, caching)}, emits on close: ${emitsOnClose}`, {
        builder: sessionStoreBuilder<string, string>({
          ...{ name: 's', ...serdes, persistent, caching, emitsOnClose, retentionMs: 120_000, bucketMs: 10 },
        }),
        change: (store, random, step) => {
          const [end, value] = rowAt(random, step)
          const start = Math.max(0, end - random.below(20))
          store.put(new Windowed(random.pick(KEYS), { start, end }), value)
        },
        reads: async (store, task) => sessionReads(store, task, emitsOnClose),
        cacheShowsExpired: caching,
      })
    }
    proves(`timestamped window store${named(persistent, caching)}`, {
      builder: windowStoreBuilder<string, string, { value: string; timestamp: number }>({
        ...{ name: 's', ...serdes, format: timestampedFormat<string>(), persistent, caching },
        ...{ retentionMs: 120_000, windowSizeMs: 10, bucketMs: 10 },
      }),
      change: (store, random, step) => {
        const [windowStart, value] = rowAt(random, step)
        store.put(random.pick(KEYS), value === null ? null : { value, timestamp: windowStart + 3 }, windowStart)
      },
      reads: async (store, task) => windowReads(store, task, { value: 'late', timestamp: 1 }, false),
      cacheShowsExpired: caching,
    })
  }

  proves(`window store that retains duplicates${named(persistent)}`, {
    builder: windowStoreBuilder<string, string, string>({
      ...{ name: 's', ...serdes, format: plainFormat<string>(), persistent, retainDuplicates: true },
      ...{ retentionMs: 120_000, windowSizeMs: 10, bucketMs: 10, changelogCleanup: 'delete' },
    }),
    change: (store, random, step) =>
      store.put(random.pick(KEYS), valueOrNull(random, step), Math.floor(timeAt(random, step) / 100) * 100),
    reads: async (store) => [
      await collect(store.all()),
      KEYS.map((key) => store.fetch(key, 0, Infinity)),
      await collect(store.fetchAll(LATEST / 4, LATEST / 2)),
    ],
    compacted: false,
  })

  proves(`versioned store${named(persistent)}`, {
    builder: versionedKeyValueStore('s', { ...serdes, historyRetention: 300, segmentInterval: 40, persistent }),
    change: (store, random, step) => {
      // some keys are never put again, and stay as old as they are
      const key = step < 20 ? `old${step}` : random.pick(KEYS)
      store.put(key, valueOrNull(random, step), timeAt(random, step))
    },
    reads: (store) => {
      const keys = [...KEYS, ...Array.from({ length: 20 }, (_, i) => `old${i}`)]
      const now = timeAt(new Random(1), STEPS)
      return [
        keys.map((key) => [key, store.get(key), store.versions(key)]),
        keys.map((key) => Array.from({ length: 100 }, (_, i) => store.get(key, now - 5 * i))),
        // deletions are seen in until when late versions are valid
        keys.map((key) => Array.from({ length: 100 }, (_, i) => store.put(key, 'late', now - 5 * i - 2))),
      ]
    },
    compacted: false,
  })

  proves(`store of records without a partner${named(persistent)}`, {
    builder: outerJoinStoreBuilder({
      ...{ name: 's', key: string(), left: string(), right: string(), bucketMs: 5, persistent, logging: true },
    }),
    change: (store, random, step) => {
      const [key, time, isLeft] = [random.pick(KEYS), random.below(20), random.chance(0.5)] as const
      if (random.chance(0.3)) store.remove(key, time, isLeft)
      else store.add(key, time, isLeft, `v${step}`)
    },
    reads: async (store) => [
      await collect(store.all()),
      [...store.waiting()].map((each) => [each.timestamp, each.isLeft, each.key(), each.values()]),
    ],
  })

  proves(`subscription store${named(persistent)}`, {
    builder: subscriptionStore('s', persistent, { ...string(), completed: () => string() } as never),
    change: (store, random, step) => {
      const value = valueOrNull(random, step)
      const [foreignKey, primaryKey] = [Buffer.from(random.pick(KEYS)), Buffer.from(`p${random.below(60)}`)]
      store.put(foreignKey, primaryKey, value === null ? null : Buffer.from(value), step)
    },
    reads: async (store) => KEYS.map((key) => [...store.subscriptions(Buffer.from(key))].map(String)),
  })
}

proves('store of records that wait for a table', {
  builder: waitingStoreBuilder({ join: 's', ...serdes }),
  change: (store, random, step) => {
    if (random.chance(0.1)) store.take(step - random.below(50), () => {})
    else store.add(random.pick(KEYS), `v${step}`, at(step - random.below(Math.min(step + 1, 30))))
  },
  reads: (store) => {
    const waiting: unknown[] = [store.observedTime]
    store.take(Infinity, (record) => waiting.push(record))
    return waiting
  },
})

for (const [name, spill] of [
  ['suppression buffer', undefined],
  ['suppression buffer that spills', { maxRecords: 5, maxBytes: Infinity, unspilledBytes: 300 }],
] as const) {
  proves(name, {
    builder: suppressionBuffer<string, string>('s', { ...serdes, logging: true, spill }),
    change: (store, random, step) => {
      if (random.chance(0.1)) {
        let left = random.below(8)
        store.evictWhile(
          () => left-- > 0,
          () => {},
        )
      } else {
        const [key, before] = [`k${random.below(30)}`, valueOrNull(random, step - 1)]
        const context = at(step, { headers: [['h', Buffer.of(step & 0xff)]] })
        store.put(random.below(100), key, new Change(valueOrNull(random, step), before), context)
      }
    },
    reads: (store) => {
      const prior = Array.from({ length: 30 }, (_, i) => store.prior(`k${i}`))
      const evicted: unknown[] = [store.records, spill === undefined ? store.bytes : undefined, store.firstTime, prior]
      store.evictWhile(
        () => true,
        (each) => evicted.push(each),
      )
      return evicted
    },
  })
}

/** Also what is too late for the store: the newest time is part of what it holds. */
const windowReads = async <S>(
  store: WindowStore<string, S>,
  task: StoreTask,
  late: S,
  emitsOnClose: boolean,
): Promise<unknown> => {
  const reads = [
    await collect(store.all()),
    KEYS.map((key) => store.fetch(key, 0, Infinity)),
    await collect(store.fetchRange('a', 'c', LATEST / 4, LATEST / 2)),
    emitsOnClose && closedIn(store),
  ]
  for (let time = 0; time < LATEST; time += 20_000) store.put('late', late, time)
  await task.commit()
  return [...reads, await collect(store.all())]
}

const sessionReads = async (
  store: SessionStore<string, string>,
  task: StoreTask,
  emitsOnClose: boolean,
): Promise<unknown> => {
  const reads = [
    await collect(store.all()),
    KEYS.map((key) => store.fetch(key)),
    await collect(store.fetchRange('a', 'c')),
    emitsOnClose && closedIn(store),
  ]
  for (let end = 0; end < LATEST; end += 20_000) store.put(new Windowed('late', { start: end, end }), 'late')
  await task.commit()
  return [...reads, await collect(store.all())]
}

const closedIn = (store: StateStore): unknown =>
  (store as StateStore & ClosingStore<string, unknown>).closed(0, LATEST / 2)
