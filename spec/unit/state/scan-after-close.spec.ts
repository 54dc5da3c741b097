import { string } from '../../../lib/serdes'
import { sessionStore } from '../../../lib/state/session/session-stores'
import type { ManagedStore, StateStore, StoreBuilder } from '../../../lib/state/store'
import { keyValueStore } from '../../../lib/state/stores'
import { windowStore } from '../../../lib/state/window/window-stores'
import { Windowed } from '../../../lib/record/windowed'
import { at, build, collect, StoreTask } from '../../contract/stores/store-task'

interface Tested {
  readonly store: ManagedStore
  put(): void
  all(): AsyncIterable<unknown>
}

const text = { key: string(), value: string() }
const built = <S extends StateStore>(builder: StoreBuilder<S>): S & ManagedStore => build(builder)

const KINDS: Record<string, (persistent: boolean, caching: boolean) => Tested> = {
  'key-value': (persistent, caching) => {
    const store = built(keyValueStore('s', { ...text, persistent, caching }))
    return { store, put: () => store.put('k', 'v'), all: () => store.all() }
  },
  window: (persistent, caching) => {
    const store = built(windowStore('s', { ...text, windowSize: 10, retention: 1000, persistent, caching }))
    return { store, put: () => store.put('k', 'v', 5), all: () => store.all() }
  },
  session: (persistent, caching) => {
    const store = built(sessionStore('s', { ...text, retention: 1000, persistent, caching }))
    const session = new Windowed('k', { start: 3, end: 7 })
    return { store, put: () => store.put(session, 'v'), all: () => store.fetchRange(null, null) }
  },
}

describe.each(Object.keys(KINDS))('a scan of a %s store that begins after its task was dropped', (kind) => {
  test.each([
    { persistent: true, caching: true },
    { persistent: true, caching: false },
    { persistent: false, caching: true },
    { persistent: false, caching: false },
  ])('fails, and does not seem empty (%j)', async ({ persistent, caching }) => {
    const { store, put, all } = KINDS[kind]!(persistent, caching)
    const task = await StoreTask.open([store], { cacheBytes: 1 << 20 })
    task.recordContext = at(5)
    put()
    expect(await collect(all())).toHaveLength(1)
    const scan = all()
    store.close()
    task.state.discard()
    await expect(collect(scan)).rejects.toMatchObject({ code: 'STORE_NOT_AVAILABLE' })
    await task.close()
  })
})
