import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import * as serdes from '../../lib/serdes'
import { sessionStore } from '../../lib/state/session/session-stores'
import { keyValueStore } from '../../lib/state/stores'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import { windowStore } from '../../lib/state/window/window-stores'
import type { Topology } from '../../lib/topology/topology'
import { CommitsOnDemand } from './commits-on-demand'

export const text = { key: serdes.string(), value: serdes.string() }
const long = { key: serdes.string(), value: serdes.long() }

export const cached = keyValueStore('cached', { ...long, caching: true })
export const uncached = keyValueStore('uncached', { ...long, caching: false })
export const inMemory = keyValueStore('in-memory', { ...long, caching: false, persistent: false })
export const windows = windowStore('windows', { ...long, windowSize: '1h', retention: '7d' })
export const sessions = sessionStore('sessions', { ...long, retention: '7d' })
export const versions = versionedKeyValueStore('versions', { ...text, historyRetention: '7d' })

/** The topics of `everyKindOfStore`, and their numbers of partitions. */
export const topics = { words: 1, prices: 1, rates: 1, commits: 1 }

/** Counts `words` in a store of every kind, keeps the versions of `prices` and, in a global store, the `rates`. It commits on demand. */
export const everyKindOfStore = (): Topology => {
  const builder = new StreamsBuilder()
  const words = builder.stream('words', text).groupByKey()
  for (const store of [cached, uncached, inMemory]) words.count(store)
  words.windowedBy(TimeWindows.of({ size: '1h' })).count(windows)
  words.windowedBy(SessionWindows.of({ inactivityGap: '1m' })).count(sessions)
  builder.table('prices', text, versions)
  builder.globalTable('rates', text, 'rates')
  CommitsOnDemand.addTo(builder)
  return builder.build()
}
