import { string } from '../../../../lib/serdes'
import type { ClosingStore } from '../../../../lib/state/closing-store'
import { timestampedFormat } from '../../../../lib/state/key-value/value-format'
import type { StoreBuilder, TimestampedWindowStore, WindowStore } from '../../../../lib/state/store'
import { windowStore, windowStoreBuilder } from '../../../../lib/state/window/window-stores'
import { build, StoreTask } from '../../../contract/stores/store-task'
import { temporaryFolder } from '../temporary-folder'

const folder = temporaryFolder()

const reopen = async <S extends WindowStore<string, unknown>>(builder: StoreBuilder<S>) => {
  const store = build(builder)
  return { store, task: await StoreTask.open([store], { folder: folder.path }) }
}

describe('a window store that is opened again', () => {
  const options = { key: string(), value: string(), retention: 120_000, windowSize: 10 }

  test('has what was committed, and is as late as it was', async () => {
    const before = await reopen(windowStore('w', options))
    before.store.put('a', 'old', 1000)
    before.store.put('a', 'kept', 150_000)
    await before.task.commit()
    before.store.put('a', 'newest', 200_000)
    await before.task.commit()
    before.store.put('a', 'not committed', 300_000)
    await before.task.close()

    const { store, task } = await reopen(windowStore('w', options))
    expect(store.fetch('a', 0, Infinity)).toEqual([
      [150_000, 'kept'],
      [200_000, 'newest'],
    ])
    store.put('a', 'too late', 1000)
    expect(task.dropped).toEqual(['w: it is older than the store keeps'])
    await task.close()
  })

  test('has what was put after its cache was flushed and before the state was sealed', async () => {
    const before = await reopen(windowStore('w', options))
    before.store.flushCache()
    before.store.put('a', 'last', 200_000)
    expect(before.task.state.dirtyBytes).toBeGreaterThan(0)
    before.task.state.seal()
    await before.task.state.commit(new Map())
    await before.task.close()

    const { store, task } = await reopen(windowStore('w', options))
    expect(store.fetch('a', 200_000)).toBe('last')
    await task.close()
  })

  test('knows which windows are still to be emitted, in the order of their times', async () => {
    const builder = () =>
      windowStoreBuilder<string, string, { value: string; timestamp: number }>({
        name: 'w',
        format: timestampedFormat<string>(),
        key: string(),
        value: string(),
        retentionMs: 100_000,
        windowSizeMs: 10,
        bucketMs: 10,
        emitsOnClose: true,
      }) as StoreBuilder<TimestampedWindowStore<string, string>>
    const before = await reopen(builder())
    before.store.put('b', { value: 'b10', timestamp: 11 }, 10)
    before.store.put('a', { value: 'a20', timestamp: 22 }, 20)
    before.store.put('a', { value: 'a10', timestamp: 13 }, 10)
    await before.task.commit()
    await before.task.close()

    const { store, task } = await reopen(builder())
    const closing = store as unknown as ClosingStore<string, { value: string }>
    expect(closing.closed(0, 10).map(([windowed, { value }]) => `${windowed.toString()} ${value}`)).toEqual([
      '[a@10/20] a10',
      '[b@10/20] b10',
    ])
    expect(closing.closed(0, 10)).toEqual([])
    expect(closing.closed(11, 30)).toHaveLength(1)
    await task.close()
  })
})
