import {
  keyValueStore,
  type Processor,
  type ProcessorContext,
  serdes,
  type SessionStore,
  sessionStore,
  type StateStore,
  type StoreBuilder,
  timestampedKeyValueStore,
  timestampedWindowStore,
  type VersionedKeyValueStore,
  versionedKeyValueStore,
  Windowed,
  type WindowStore,
  windowStore,
} from '../../lib'
import type { TimestampedKeyValueStore, ValueAndTimestamp } from '../../lib/state/store'
import type { StreamRecord } from '../../lib/record/stream-record'
import { text } from './functions'
import type { Storage } from './program'

/*
 * A processor that calls methods of its store, as words: `range:a:@:r`. A key or value is `@` for the record's, `~` for
 * null, else itself; a time is that of the record and so much, or `min` or `max`; `r` at the end is in reverse.
 * java/StoreCalls.java has the same.
 */

/** How many of the calls one record makes. */
const CALLS_OF_A_RECORD = 3
const LARGEST = Number.MAX_SAFE_INTEGER

const strings = { key: serdes.string(), value: serdes.string() }

export const handleOf = (name: string, storage: Storage): StoreBuilder => {
  const { type, inMemory = false, caching = false, timestamped = false, maxEntries, duplicates = false } = storage
  const kept = { ...strings, persistent: !inMemory, caching }
  const { retention = 0, size: windowSize = 0 } = storage
  switch (type) {
    case 'key-value':
      if (maxEntries !== undefined) return keyValueStore(name, { ...strings, caching, maxEntries })
      return timestamped ? timestampedKeyValueStore(name, kept) : keyValueStore(name, kept)
    case 'window': {
      const options = { ...kept, retention, windowSize, retainDuplicates: duplicates }
      return timestamped ? timestampedWindowStore(name, options) : windowStore(name, options)
    }
    case 'session':
      return sessionStore(name, { ...kept, retention })
    case 'versioned':
      return versionedKeyValueStore(name, { ...strings, historyRetention: retention })
  }
}

export const storeCaller =
  (storage: Storage, calls: readonly string[], name: string) => (): Processor<unknown, unknown, unknown, unknown> => {
    let context: ProcessorContext<unknown, unknown>
    let at = 0
    return {
      init(given) {
        context = given
      },
      async process(record) {
        const answers: string[] = []
        for (let i = 0; i < CALLS_OF_A_RECORD; i++) {
          const call = new Call(calls[at++ % calls.length]!, record, storage.timestamped === true)
          try {
            answers.push(await ANSWERS[storage.type](context.stateStore(name), call))
          } catch {
            answers.push('refused')
          }
        }
        context.forward(record.withValue(answers.join(';')))
      },
    }
  }

/** The words of a call, for a record. */
class Call {
  readonly method: string
  private readonly words: readonly string[]

  constructor(
    words: string,
    private readonly record: StreamRecord<unknown, unknown>,
    private readonly timestamped: boolean,
  ) {
    const [method, ...rest] = words.split(':')
    this.method = method!
    this.words = rest
  }

  key(at: number): string {
    return this.text(at, this.record.key) as string
  }

  value(at: number): never {
    const value = this.text(at, this.record.value)
    return (this.timestamped && value !== null ? { value, timestamp: this.record.timestamp } : value) as never
  }

  time(at: number): number {
    const word = this.words[at]!
    return word === 'min' ? 0 : word === 'max' ? LARGEST : Math.max(0, this.record.timestamp + Number(word))
  }

  /** From one time to another. */
  window(at: number): { start: number; end: number } {
    return { start: this.time(at), end: this.time(at + 1) }
  }

  get order(): { reverse: boolean } {
    return { reverse: this.words.at(-1) === 'r' }
  }

  private text(at: number, ofRecord: unknown): string | null {
    const word = this.words[at]!
    return word === '~' ? null : word === '@' ? (ofRecord as string | null) : word
  }
}

const DONE = 'done'

const shown = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return text(value)
  const { value: inner, timestamp } = value as ValueAndTimestamp<unknown>
  return `${text(inner)}@${timestamp}`
}

type Entries = AsyncIterable<readonly [unknown, unknown]> | Iterable<readonly [unknown, unknown]>

const rowsOf = async (entries: Entries): Promise<string[]> => {
  const all: string[] = []
  for await (const [key, value] of entries) all.push(`${text(key)}=${shown(value)}`)
  return all
}

const rows = async (entries: Entries): Promise<string> => (await rowsOf(entries)).join(' ')

/** Java has sessions of one key and end in another order in memory than on disk, and cached ones may come twice. */
const sessions = async (entries: Entries): Promise<string> => [...new Set(await rowsOf(entries))].sort().join(' ')

type Answer = (store: StateStore, call: Call) => Promise<string> | string

const keyValueAnswer = (store: TimestampedKeyValueStore<string, string>, call: Call): Promise<string> | string => {
  switch (call.method) {
    case 'put':
      store.put(call.key(0), call.value(1))
      return DONE
    case 'putIfAbsent':
      return shown(store.putIfAbsent(call.key(0), call.value(1)))
    case 'putAll':
      store.putAll([
        [call.key(0), call.value(1)],
        [call.key(2), call.value(3)],
      ])
      return DONE
    case 'delete':
      return shown(store.delete(call.key(0)))
    case 'get':
      return shown(store.get(call.key(0)))
    case 'range':
      return rows(store.range(call.key(0), call.key(1), call.order))
    case 'all':
      return rows(store.all(call.order))
    case 'prefixScan':
      return rows(store.prefixScan(call.key(0), strings.key))
    default:
      throw new Error(call.method)
  }
}

const windowAnswer = (store: WindowStore<string, unknown>, call: Call): Promise<string> | string => {
  switch (call.method) {
    case 'put':
      store.put(call.key(0), call.value(1), call.time(2))
      return DONE
    case 'get':
      return shown(store.fetch(call.key(0), call.time(1)))
    case 'fetch':
      return rows(store.fetch(call.key(0), call.time(1), call.time(2), call.order))
    case 'fetchRange':
      return rows(store.fetchRange(call.key(0), call.key(1), call.time(2), call.time(3), call.order))
    case 'fetchAll':
      return rows(store.fetchAll(call.time(0), call.time(1), call.order))
    case 'all':
      return rows(store.all(call.order))
    default:
      throw new Error(call.method)
  }
}

const sessionAnswer = (store: SessionStore<string, string>, call: Call): Promise<string> | string => {
  switch (call.method) {
    case 'put':
      store.put(new Windowed(call.key(0), call.window(2)), call.value(1))
      return DONE
    case 'remove':
      store.remove(new Windowed(call.key(0), call.window(1)))
      return DONE
    case 'get':
      return shown(store.fetchSession(call.key(0), call.time(1), call.time(2)))
    case 'fetch':
      return sessions(store.fetch(call.key(0)))
    case 'fetchRange':
      return sessions(store.fetchRange(call.key(0), call.key(1)))
    case 'find':
      return sessions(store.findSessions(call.key(0), call.time(1), call.time(2)))
    case 'findRange':
      return sessions(store.findSessionsRange(call.key(0), call.key(1), call.time(2), call.time(3)))
    default:
      throw new Error(call.method)
  }
}

const versionedAnswer = (store: VersionedKeyValueStore<string, string>, call: Call): string => {
  switch (call.method) {
    case 'put': {
      const validTo = store.put(call.key(0), call.value(1), call.time(2))
      return validTo === undefined ? 'dropped' : validTo === Infinity ? 'latest' : String(validTo)
    }
    case 'delete':
      return shown(store.delete(call.key(0), call.time(1)))
    case 'get':
      return shown(store.get(call.key(0)))
    case 'getAsOf':
      return shown(store.get(call.key(0), call.time(1)))
    default:
      throw new Error(call.method)
  }
}

const ANSWERS: Readonly<Record<Storage['type'], Answer>> = {
  'key-value': keyValueAnswer as Answer,
  window: windowAnswer as Answer,
  session: sessionAnswer as Answer,
  versioned: versionedAnswer as Answer,
}
