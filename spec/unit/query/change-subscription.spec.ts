import { ChangeSubscription } from '../../../lib/query/change-subscription'
import type { StoreEvent, SubscriptionOptions } from '../../../lib/query/change-types'
import type { CatalogStore } from '../../../lib/query/store-catalog'
import * as serdes from '../../../lib/serdes'
import { bytesOfEntry, StoreFeed } from '../../../lib/state/changes/change-feeds'

const store = {
  name: 'counts',
  topic: 'counts-changelog',
  kind: 'key-value',
  subTopology: {},
  keySerde: serdes.string(),
  valueSerde: serdes.string(),
  sample: {},
} as unknown as CatalogStore

const entry = (key: string) => ({ key: Buffer.from(key), time: 0, second: 0, value: Buffer.from('v'), timestamp: 1 })

describe('a subscription that is read slowly', () => {
  let feed: StoreFeed
  const ending = new AbortController()

  beforeEach(() => {
    feed = new StoreFeed()
  })

  const open = (options: SubscriptionOptions = {}): Promise<ChangeSubscription> =>
    ChangeSubscription.open(store, feed, options, ending.signal)

  /** Everything that waits to be read. */
  const waiting = async (from: ChangeSubscription): Promise<string[]> => {
    feed.changed(0, [entry('last')])
    const found: string[] = []
    for await (const event of from) {
      if (shown(event) === 'last') break
      found.push(shown(event))
    }
    return found
  }

  const shown = (event: StoreEvent<unknown, unknown>): string =>
    event.type === 'gap' ? `${event.partition} ${event.reason}` : String(event.key)

  it('still learns that a partition has left after its changes were dropped', async () => {
    const subscription = await open({ maxBufferedBytes: 3 * bytesOfEntry(entry('last')) })
    feed.changed(0, [entry('a')])
    feed.gap(0, 'stopped')
    feed.changed(1, [entry('b'), entry('c'), entry('d'), entry('e')])
    expect(await waiting(subscription)).toEqual(['0 stopped', '1 overflow', 'd', 'e'])
  })

  it('has one gap for each partition, however often those come and go', async () => {
    const subscription = await open()
    for (let i = 0; i < 100; i++) {
      for (const partition of [0, 1, 2]) feed.gap(partition, 'stopped')
      for (const partition of [0, 1, 2]) feed.gap(partition, 'started')
    }
    expect(await waiting(subscription)).toEqual(['0 started', '1 started', '2 started'])
  })

  it('gets all changes in order, though it never catches up', async () => {
    const subscription = await open()
    const keys = Array.from({ length: 10_000 }, (_, i) => `k${i}`)
    const found: string[] = []
    feed.changed(0, [entry(keys[0]!)])
    for (const key of keys.slice(1)) {
      feed.changed(0, [entry(key)])
      found.push(shown((await subscription.next()).value!))
    }
    expect(found).toEqual(keys.slice(0, -1))
    expect(await waiting(subscription)).toEqual(keys.slice(-1))
  })

  it('and was closed before it began leaves nothing with its signals', async () => {
    const { signal } = new AbortController()
    const remove = jest.spyOn(signal, 'removeEventListener')
    const add = jest.spyOn(signal, 'addEventListener')
    await ChangeSubscription.open(store, feed, { signal }, AbortSignal.abort())
    expect(remove).toHaveBeenCalledTimes(add.mock.calls.length)
    expect(feed.isListenedTo).toBe(false)
  })
})
