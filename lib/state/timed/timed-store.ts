import type { Serde } from '../../serdes/serde'
import { byteString, bytesOf } from '../../bytes/byte-string'
import type { CachedStore, FlushListener } from '../cached-store'
import { storeUnavailable } from '../key-value/unavailable-entries'
import type { ValueFormat } from '../key-value/value-format'
import { OpenScans } from '../open-scans'
import type { ChangelogRecord, ManagedStore, ScanOptions, StateStoreContext } from '../store'
import { otherKindsChangelog } from '../store-kind'
import { StoreSerdes } from '../store-serdes'
import type { Window } from '../../record/windowed'
import { Windowed } from '../../record/windowed'
import type { TimeBoundStore } from '../time-bound-store'
import { CachedTimedEntries } from './cached-timed-entries'
import { DirectTimedEntries } from './direct-timed-entries'
import { LoggedRows } from './logged-rows'
import { Retention, segmentMs } from './retention'
import { RowMemory } from './row-memory'
import { TimeIndex } from './time-index'
import type { TimedEntries } from './timed-entries'
import type { TimedKeyFormat } from './timed-keys'
import { type ScannedRow, TimedRows } from './timed-rows'

const NO_KEY = Buffer.alloc(0)

export interface TimedStoreOptions<K, V, S> {
  readonly name: string
  readonly persistent: boolean
  readonly cached: boolean
  readonly format: ValueFormat<V, S>
  readonly keys: TimedKeyFormat
  /** What it is restored from. */
  readonly changelogTopic: string | null
  readonly logged: boolean
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
  readonly retentionMs: number
  readonly bucketMs: number
  /** `closed` is asked for: the store knows what is to be emitted. */
  readonly emitsOnClose: boolean
  /** Reads give windows that are just closing. */
  readonly showsClosing: boolean
  /** `closed` gives what reads no longer give. */
  readonly closesExpired: boolean
  readonly retainDuplicates: boolean
}

/** The part of a task's record context and bytes that an open store works with. */
interface OpenStore<K, V, S> {
  readonly serdes: StoreSerdes<K, V>
  readonly rows: TimedRows
  readonly logged: LoggedRows
  readonly entries: TimedEntries<V, S>
}

/** What window and session stores have in common: typed keys over rows that are found by key and time. */
export abstract class TimedStore<K, V, S> implements ManagedStore, CachedStore<Windowed<K>, V>, TimeBoundStore {
  readonly name: string
  readonly persistent: boolean
  readonly changelogTopic: string | null
  readonly openScans = new OpenScans()
  #opened: OpenStore<K, V, S> | null = null
  #closed = false
  readonly #index: TimeIndex | null

  constructor(protected readonly options: TimedStoreOptions<K, V, S>) {
    this.name = options.name
    this.persistent = options.persistent
    this.changelogTopic = options.changelogTopic
    this.#index = options.emitsOnClose ? new TimeIndex(options.persistent) : null
  }

  init(context: StateStoreContext): void {
    const { name, persistent, format, keys, changelogTopic, logged, retentionMs, bucketMs, emitsOnClose } = this.options
    const serdes = new StoreSerdes(
      name,
      changelogTopic ?? `${context.applicationId}-${name}-changelog`,
      this.options.keySerde,
      this.options.valueSerde,
      context,
    )
    const { showsClosing } = this.options
    const timeOrdered = emitsOnClose || !persistent
    const rows = new TimedRows({
      bytes: context.openBytes(name, persistent),
      retention: new Retention({ retentionMs, persistent, showsClosing }),
      bucketMs,
      segmentMs: timeOrdered ? bucketMs : segmentMs(retentionMs),
      timeOrdered,
      readsExpired: this.options.closesExpired,
      memory: context.rowMemory ?? new RowMemory(),
    })
    // what is only in memory need not be moved there
    if (persistent) context.beforeSeal(() => this.#opened?.rows.writeOut())
    const loggedRows = new LoggedRows({
      store: name,
      rows,
      keys,
      context,
      changes: context.changesOf?.(name),
      changelogTopic: logged ? changelogTopic : null,
      timestamped: format.timestamped,
      retainDuplicates: this.options.retainDuplicates,
      persistent,
    })
    const { cache } = context
    const entries =
      this.options.cached && cache !== undefined
        ? new CachedTimedEntries({ serdes, format, keys, logged: loggedRows, rows, context, budget: cache })
        : new DirectTimedEntries(serdes, format, loggedRows)
    this.#opened = { serdes, rows, logged: loggedRows, entries }
  }

  restore({ key: storeKey, value, timestamp, offset }: ChangelogRecord): void {
    const { rows, logged, serdes } = this.#open()
    const { keys } = this.options
    if (!keys.canBe(storeKey)) throw otherKindsChangelog(this.name, keys.kind, serdes.topic, offset)
    const found = keys.split(storeKey)
    const { key, time } = found
    const second = logged.restoredSecond(found.second)
    rows.put(key, time, second, value, this.options.format.timestamped ? timestamp : undefined)
  }

  keeps(time: number): boolean {
    return time >= this.#open().rows.retention.liveFrom
  }

  async open(): Promise<void> {
    const index = this.#index
    if (index === null) return
    for await (const { key, time, second } of this.#rowsInUse()) index.set(byteString(key), time, second, true)
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    const { keys, format } = this.options
    const { observed } = this.#open().rows.retention
    let newest = -1
    for await (const { key, time, second, value } of this.#rowsInUse()) {
      newest = Math.max(newest, time)
      const timestamp = format.timestamped ? format.timestampOf(value) : time
      yield { key: keys.join(key, time, second), value: format.plainBytes(value), timestamp }
    }
    // the newest row was deleted, but what has expired is still counted back from it
    if (newest < observed) yield { key: keys.join(NO_KEY, observed, 0), value: null, timestamp: observed }
  }

  setFlushListener(listener: FlushListener<Windowed<K>, V>, sendOldValues: boolean): boolean {
    const { serdes, entries } = this.#open()
    // several windows of a key are flushed one after the other
    let lastBytes: Buffer | undefined
    let lastKey: K | undefined
    return entries.setFlushListener((bytes, time, second, newValue, oldValue, timestamp) => {
      const key = bytes === lastBytes ? lastKey! : serdes.keyOf(bytes)
      lastBytes = typeof key === 'object' ? undefined : bytes
      lastKey = key
      listener(new Windowed(key, this.windowOf(time, second)), newValue, oldValue, timestamp)
    }, sendOldValues)
  }

  flushCache(due?: () => boolean): boolean {
    if (this.#opened?.entries.flush(due) === false) return false
    // already here, where a failure is this task's own: what comes until the state is sealed is little
    if (this.persistent) this.#opened?.rows.writeOut()
    return true
  }

  close(): void {
    this.#opened?.entries.close()
    this.#opened?.rows.close()
    this.#opened = null
    this.#closed = true
  }

  all(options?: ScanOptions): AsyncIterable<[Windowed<K>, S]> {
    return this.scan(null, null, 0, Infinity, options)
  }

  /**
   * What has closed, with times from `from` to `to`, in Kafka Streams' order: by time, then by key. Each row is given
   * once, and what lies before is forgotten.
   */
  closed(from: number, to: number): Array<readonly [Windowed<K>, S]> {
    const { serdes, entries } = this.#open()
    const closed: Array<readonly [Windowed<K>, S]> = []
    for (const { keyText, time, second } of this.#index!.take(from, to)) {
      const key = bytesOf(keyText)
      const value = entries.get(key, time, second, this.options.closesExpired)
      if (value !== null) closed.push([new Windowed(serdes.keyOf(key), this.windowOf(time, second)), value])
    }
    return closed
  }

  abstract windowOf(time: number, second: number): Window

  protected get entries(): TimedEntries<V, S> {
    return this.#open().entries
  }

  protected keyBytes(key: K): Buffer {
    return this.#open().serdes.keyBytes(key)
  }

  protected write(key: Buffer, time: number, second: number, value: S | null): void {
    this.#open().entries.put(key, time, second, value)
    this.#index?.set(byteString(key), time, second, value !== null)
  }

  protected erase(key: Buffer, time: number, second: number): void {
    this.#open().entries.remove(key, time, second)
    this.#index?.set(byteString(key), time, second, false)
  }

  /** Fails at once, not at the first `next()`, where the store is not available. */
  protected scan(
    keyFrom: K | null,
    keyTo: K | null,
    from: number,
    to: number,
    options?: ScanOptions,
  ): AsyncIterable<[Windowed<K>, S]> {
    const { serdes, entries } = this.#open()
    const found = entries.scan({
      ...options,
      keyFrom: keyFrom === null ? null : serdes.keyBytes(keyFrom),
      keyTo: keyTo === null ? null : serdes.keyBytes(keyTo),
      from,
      to,
    })
    const windowOf = this.windowOf.bind(this)
    const requireOpen = (): unknown => this.#open()
    const { openScans } = this
    return (async function* () {
      // what it had may be gone without a trace
      requireOpen()
      const open = openScans.begin('fetch')
      try {
        for await (const { key, time, second, value } of found) {
          yield [new Windowed(serdes.keyOf(key), windowOf(time, second)), value] as [Windowed<K>, S]
        }
      } finally {
        openScans.end(open)
      }
    })()
  }

  /** What reads and `closed` can still give. */
  #rowsInUse(): AsyncIterable<ScannedRow> {
    const { closesExpired: evenExpired } = this.options
    return this.#open().rows.scan({ keyFrom: null, keyTo: null, from: 0, to: Infinity, evenExpired })
  }

  #open(): OpenStore<K, V, S> {
    if (this.#opened === null) throw storeUnavailable(this.name, this.#closed ? 'closed' : 'not open yet')
    return this.#opened
  }
}
