import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import type { StateStore } from '../../lib/state/store'
import { sessionStore } from '../../lib/state/session/session-stores'
import { keyValueStore, timestampedKeyValueStore } from '../../lib/state/stores'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import { windowStore } from '../../lib/state/window/window-stores'
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
