import type { KGroupedStream } from '../../lib/dsl/kgrouped-stream'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import type { StateStore } from '../../lib/state/store'
import { sessionStore } from '../../lib/state/session/session-stores'
import { keyValueStore, timestampedKeyValueStore } from '../../lib/state/stores'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import { timestampedWindowStore, windowStore } from '../../lib/state/window/window-stores'
import { counted, drive, text } from './drive'

const handles = {
  'key-value': keyValueStore('counts', counted),
  window: windowStore('counts', { ...counted, retention: '1h', windowSize: '1m' }),
  session: sessionStore('counts', { ...counted, retention: '1h' }),
  versioned: versionedKeyValueStore('counts', { ...counted, historyRetention: '1h' }),
}

describe('a handle', () => {
  const asking = async (handle: { readonly name: string }, kind: 'key-value' | 'window'): Promise<() => StateStore> => {
    const { driver } = drive((builder) => {
      const grouped = builder.stream('in', text).groupByKey()
      if (kind === 'key-value') grouped.count({ store: 'counts' })
      else grouped.windowedBy(TimeWindows.of({ size: '1m' })).count({ store: 'counts' })
    })
    await driver.start()
    return () => driver.store(handle)
  }

  it.each(['window', 'session', 'versioned'] as const)('of a %s store gets no key-value store', async (kind) => {
    expect(await asking(handles[kind], 'key-value')).toThrow(
      `store "counts" is a key-value store, and the handle is that of a ${kind} store: ask with the handle that the store was made ` +
        'with, or one of keyValueStore or timestampedKeyValueStore',
    )
  })

  it.each(['key-value', 'session', 'versioned'] as const)('of a %s store gets no window store', async (kind) => {
    expect(await asking(handles[kind], 'window')).toThrow(
      `store "counts" is a window store, and the handle is that of a ${kind} store`,
    )
  })

  it('that promises timestamps gets no store of plain values', async () => {
    const { driver } = drive((builder) => {
      builder.stream('in', text).process(() => ({ process: () => {} }), [handles['key-value']])
    })
    await driver.start()
    expect(() => driver.store(timestampedKeyValueStore('counts', counted))).toThrow(
      'store "counts" keeps plain values, and the handle is that of a store with timestamps',
    )
  })

  it.each(['key-value', 'window'] as const)('of a %s store gets one', async (kind) => {
    expect(await asking(handles[kind], kind)).not.toThrow()
  })
})

describe('the handle of another kind of store is refused where the topology is built', () => {
  const build =
    (kind: keyof typeof handles, use: (grouped: KGroupedStream<string, string>, handle: never) => void) => () =>
      use(new StreamsBuilder().stream('in', text).groupByKey(), handles[kind] as never)

  it.each(['window', 'session'] as const)('by a count: of a %s store', (kind) => {
    const message =
      'count needs materialized as the handle of a key-value or versioned store, made by keyValueStore or timestampedKeyValueStore ' +
      `or versionedKeyValueStore, and got that of a ${kind} store`
    expect(build(kind, (grouped, handle) => grouped.count(handle))).toThrow(message)
    expect(build(kind, (grouped, store) => grouped.count({ store }))).toThrow(message.replace('ized', 'ized.store'))
  })

  it.each(['key-value', 'session', 'versioned'] as const)('by a windowed count: of a %s store', (kind) => {
    const counting = (grouped: KGroupedStream<string, string>) => grouped.windowedBy(TimeWindows.of({ size: '1m' }))
    const message =
      'as the handle of a window store, made by windowStore or timestampedWindowStore, and got that of a ' +
      `${kind} store`
    expect(build(kind, (grouped, handle) => counting(grouped).count(handle))).toThrow(message)
    expect(build(kind, (grouped, store) => counting(grouped).count({ store }))).toThrow(message)
  })

  it.each(['key-value', 'window', 'versioned'] as const)('by an aggregation of sessions: of a %s store', (kind) => {
    const visits = (grouped: KGroupedStream<string, string>) =>
      grouped.windowedBy(SessionWindows.of({ inactivityGap: '1m' }))
    const message = `as the handle of a session store, made by sessionStore, and got that of a ${kind} store`
    expect(build(kind, (grouped, handle) => visits(grouped).count(handle))).toThrow(message)
    expect(build(kind, (grouped, store) => visits(grouped).topN(1, { by: (v) => v, store }))).toThrow(message)
  })

  it.each(['window', 'session'] as const)('by tables: of a %s store', (kind) => {
    const message = `and got that of a ${kind} store`
    const handle = handles[kind] as never
    const table = new StreamsBuilder().table('names', text)
    expect(() => new StreamsBuilder().table('in', text, handle)).toThrow(message)
    expect(() => new StreamsBuilder().globalTable('in', text, handle)).toThrow(message)
    expect(() => table.filter(() => true, handle)).toThrow(message)
    expect(() =>
      table.join(
        table,
        (name) => name,
        (left) => left,
        handle,
      ),
    ).toThrow(message)
    expect(() => table.transformValues(() => ({ transform: (name) => name }), handle)).toThrow(message)
  })
})

describe.each([0, 1024 * 1024])(
  'a store of timestamped values, with a record cache of %i bytes',
  (statestoreCacheMaxBytes) => {
    const latest = timestampedKeyValueStore('latest', text)
    const perMinute = timestampedWindowStore('per-minute', { ...text, retention: '1h', windowSize: '1m' })
    const opened = async () => {
      const process = () => ({ process: () => undefined })
      const { driver } = drive((builder) => builder.stream('in', text).process(process, [latest, perMinute]), {
        statestoreCacheMaxBytes,
      })
      await driver.start()
      return { keys: driver.store(latest)!, windows: driver.store(perMinute)! }
    }

    it.each([
      ['a plain value, which was a delete', 'value', 'a string'],
      ['an object of other properties', { amount: 5 }, 'an object without a whole number as timestamp'],
      ['a value without a time', { value: 'value' }, 'an object without a whole number as timestamp'],
      ['a Date as time', { value: 'value', timestamp: new Date(5) }, 'an object without a whole number as timestamp'],
      ['a time with a fraction', { value: 'value', timestamp: 5.5 }, 'an object without a whole number as timestamp'],
      ['a time that is no number', { value: 'value', timestamp: NaN }, 'an object without a whole number as timestamp'],
    ])('refuses %s', async (_name, value, what) => {
      const { keys, windows } = await opened()
      keys.put('k', { value: 'kept', timestamp: 1 })
      const refusal = expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(
          `is given { value, timestamp }, with milliseconds since 1970, or null to delete, and this is ${what}: `,
        ) as string,
      }) as Error
      expect(() => keys.put('k', value as never)).toThrow(refusal)
      expect(() => keys.putAll([['k', value as never]])).toThrow(refusal)
      expect(() => windows.put('k', value as never, 0)).toThrow(refusal)
      expect(keys.get('k')).toEqual({ value: 'kept', timestamp: 1 })
      keys.put('k', null)
      expect(keys.get('k')).toBeNull()
    })
  },
)
