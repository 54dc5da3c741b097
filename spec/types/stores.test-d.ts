/* eslint-disable @typescript-eslint/no-unused-vars -- only types are looked at */
import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { KafkaStreams } from '../../lib/runtime/kafka-streams'
import * as serdes from '../../lib/serdes'
import { sessionStore } from '../../lib/state/session/session-stores'
import type {
  KeyValueStore,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedKeyValueStore,
  ReadOnlyWindowStore,
  SessionStore,
  TimestampedKeyValueStore,
  ValueAndTimestamp,
  VersionedKeyValueStore,
  WindowStore,
} from '../../lib/state/store'
import { keyValueStore, timestampedKeyValueStore } from '../../lib/state/stores'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import { windowStore } from '../../lib/state/window/window-stores'
import type { TopologyTestDriver } from '../../lib/testing'
import type { Topology } from '../../lib/topology/topology'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

const of = { key: serdes.string(), value: serdes.long() }
const plain = keyValueStore('plain', of)
const timestamped = timestampedKeyValueStore('timestamped', of)
const windows = windowStore('windows', { ...of, retention: '1d', windowSize: '1h' })
const sessions = sessionStore('sessions', { ...of, retention: '1d' })
const versions = versionedKeyValueStore('versions', { ...of, historyRetention: '1d' })

// A running application shows the reads of a store; by its name it is of the kind that is stated.
declare const streams: KafkaStreams
const reads = {
  plain: streams.store(plain),
  timestamped: streams.store(timestamped),
  windows: streams.store(windows),
  sessions: streams.store(sessions),
  versions: streams.store(versions),
}
same<typeof reads.plain, ReadOnlyKeyValueStore<string, number>>()
same<typeof reads.timestamped, ReadOnlyKeyValueStore<string, ValueAndTimestamp<number>>>()
same<typeof reads.windows, ReadOnlyWindowStore<string, number>>()
same<typeof reads.sessions, ReadOnlySessionStore<string, number>>()
same<typeof reads.versions, ReadOnlyVersionedKeyValueStore<string, number>>()
const named = {
  any: streams.store('plain'),
  windows: streams.store<ReadOnlyWindowStore<string, number>>('windows'),
  versions: streams.store<ReadOnlyVersionedKeyValueStore<string, number>>('versions'),
}
same<typeof named.any, ReadOnlyKeyValueStore<unknown, unknown>>()
same<typeof named.windows, typeof reads.windows>()
same<typeof named.versions, typeof reads.versions>()
// @ts-expect-error Property 'put' does not exist
streams.store(plain).put('a', 1)
// @ts-expect-error Property 'put' does not exist
streams.store(versions).put('a', 1, 0)
// @ts-expect-error Type 'number' does not satisfy the constraint 'StateStore'
streams.store<number>('plain')

// The test driver gives the stores themselves.
declare const driver: TopologyTestDriver
const kept = {
  plain: driver.store(plain),
  timestamped: driver.store(timestamped),
  windows: driver.store(windows),
  sessions: driver.store(sessions),
  versions: driver.store(versions),
}
same<typeof kept.plain, KeyValueStore<string, number>>()
same<typeof kept.timestamped, TimestampedKeyValueStore<string, number>>()
same<typeof kept.windows, WindowStore<string, number>>()
same<typeof kept.sessions, SessionStore<string, number>>()
same<typeof kept.versions, VersionedKeyValueStore<string, number>>()
// @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'number'
driver.store(plain).put('a', 'one')

// Stores of several kinds can be added in a loop.
declare const builder: StreamsBuilder
declare const topology: Topology
for (const store of [plain, timestamped, windows, sessions, versions]) {
  builder.addStateStore(store)
  topology.addStateStore(store, 'processor')
}
