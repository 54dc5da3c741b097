import type { Serde } from '../../serdes/serde'
import { type ByteString, byteString, bytesOf } from '../../bytes/byte-string'
import { readRecord } from '../changelog/unreadable-record'
import { storeUnavailable } from '../key-value/unavailable-entries'
import { Scratch } from '../../bytes/scratch'
import type { ChangelogRecord, ManagedStore, StateStore, StateStoreContext, StoreBuilder } from '../store'
import { StoreSerdes } from '../store-serdes'
import { type BufferedChange, decodeEntry, encodeEntry, type LoggedEntry, sizeOf } from './buffered-change'
import { DirtyKeys } from './dirty-keys'
import { type MemoryBounds, SpilledChanges } from './spilled-changes'
import { type Queued, SuppressionQueue } from './suppression-queue'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'
import type { Change } from '../../record/change'
import { heldContext } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'

/** The waiting updates of a suppression, by time. Not for users: it has no reads. */
export interface SuppressionBuffer<K, V> extends StateStore {
  readonly records: number
  /** In memory. Estimated as in Kafka Streams. */
  readonly bytes: number
  /** The time of the next update; `Infinity` if there is none. */
  readonly firstTime: number
  /** A key that is already waiting keeps its position. */
  put(time: number, key: K, change: Change<V>, context: RecordContext): void
  /** Removes the next updates, as long as the condition holds. */
  evictWhile(condition: () => boolean, evict: (evicted: Evicted<K, V>) => void): void
  /** A waiting key's former value; `undefined` if it is not waiting. */
  prior(key: K): { readonly value: V | null } | undefined
}

export interface Evicted<K, V> {
  readonly key: K
  readonly newValue: V | null
  readonly oldValue: V | null
  readonly context: RecordContext
}

export interface SuppressionBufferOptions<K, V> {
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  readonly logging: boolean | Readonly<Record<string, string>>
  /** Updates beyond these bounds are on disk. Default: all are in memory. */
  readonly spill?: MemoryBounds
}

/** In memory, and restored from its changelog at every start; on disk if it spills. */
export const suppressionBuffer = <K, V>(
  name: string,
  { key, value, logging, spill }: SuppressionBufferOptions<K, V>,
): StoreBuilder<SuppressionBuffer<K, V>> => ({
  name,
  persistent: spill !== undefined,
  cachingEnabled: false,
  loggingEnabled: logging !== false,
  changelogConfig: typeof logging === 'object' ? logging : {},
  changelogPolicy: { cleanup: 'compact' },
  build: (changelogTopic) => new LoggedSuppressionBuffer<K, V>(name, changelogTopic, key, value, spill),
})

/** Of the changelog's header that says in which version an entry is written. Tombstones have none. */
const VERSION = 'v'
const WRITTEN_VERSION: RecordHeaders = [[VERSION, Buffer.of(3)]]

interface Opened<K, V> {
  readonly serdes: StoreSerdes<K, V>
  readonly context: StateStoreContext
}

/** Changes are logged at commits, with Kafka Streams' bytes: a key added and removed between two commits leaves a tombstone. */
export class LoggedSuppressionBuffer<K, V> implements SuppressionBuffer<K, V>, ManagedStore {
  readonly #queue = new SuppressionQueue()
  readonly #dirty = new DirtyKeys()
  readonly #scratch = new Scratch()
  #bytes = 0
  #inMemory = 0
  #spilled: SpilledChanges | undefined
  #opened: Opened<K, V> | 'not open yet' | 'closed' = 'not open yet'

  constructor(
    readonly name: string,
    readonly changelogTopic: string | null,
    private readonly keySerde: Serde<K> | undefined,
    private readonly valueSerde: Serde<V> | undefined,
    private readonly spill: MemoryBounds | undefined,
  ) {}

  get persistent(): boolean {
    return this.spill !== undefined
  }

  get records(): number {
    return this.#queue.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get firstTime(): number {
    return this.#queue.first?.time ?? Infinity
  }

  init(context: StateStoreContext): void {
    const serdes = new StoreSerdes(
      this.name,
      this.changelogTopic ?? `${context.applicationId}-${this.name}-changelog`,
      this.keySerde,
      this.valueSerde,
      context,
    )
    this.#opened = { serdes, context }
    if (this.spill !== undefined) this.#spilled = new SpilledChanges(context.openBytes(this.name, true), this.spill)
  }

  async open(): Promise<void> {
    if (this.#spilled === undefined) return
    for await (const [key, { time, change }] of this.#spilled.entries()) {
      const queued = this.#queue.add(time, byteString(key), undefined)
      queued.stored = true
      if (!this.#isMemoryFull) this.#keep(queued, change)
    }
  }

  put(time: number, key: K, { newValue, oldValue }: Change<V>, context: RecordContext): void {
    const { serdes, context: held } = this.#open()
    const text = byteString(serdes.keyBytes(key))
    const oldBytes = oldValue === null ? null : serdes.valueBytes(oldValue)
    const newBytes = newValue === null ? null : serdes.valueBytes(newValue)
    const waiting = this.#queue.get(text)
    const prior = waiting === undefined ? oldBytes : this.#changeOf(waiting).prior
    const queued = waiting ?? this.#queue.add(time, text, undefined)
    const source = heldContext(context, held.heldBytes?.() ?? null)
    this.#enter(queued, { context: source, prior, oldValue: oldBytes, newValue: newBytes })
    this.#changed(queued)
  }

  evictWhile(condition: () => boolean, evict: (evicted: Evicted<K, V>) => void): void {
    const { serdes } = this.#open()
    for (let first = this.#queue.first; first !== undefined && condition(); first = this.#queue.first) {
      const change = this.#changeOf(first)
      evict({
        key: serdes.keyOf(bytesOf(first.key)),
        newValue: change.newValue === null ? null : serdes.valueOf(change.newValue),
        oldValue: change.oldValue === null ? null : serdes.valueOf(change.oldValue),
        context: change.context,
      })
      this.#remove(first)
      this.#changed(first)
    }
  }

  prior(key: K): { readonly value: V | null } | undefined {
    const { serdes } = this.#open()
    const queued = this.#queue.get(byteString(serdes.keyBytes(key)))
    if (queued === undefined) return undefined
    const { prior } = this.#changeOf(queued)
    return { value: prior === null ? null : serdes.valueOf(prior) }
  }

  restore({ key, value, timestamp, offset = -1, headers }: ChangelogRecord): void {
    const text = byteString(key)
    const waiting = this.#queue.get(text)
    if (value === null) {
      if (this.#spilled !== undefined) this.#spilled.restore(key, null)
      else if (waiting !== undefined) this.#remove(waiting)
      return
    }
    const { context } = this.#open()
    const ownHeaders = headers?.() ?? NO_HEADERS
    const source = { topic: this.changelogTopic, partition: context.partition, offset, timestamp, headers: ownHeaders }
    const entry = readRecord(this.name, this.changelogTopic, () => {
      const version = versionOf(ownHeaders)
      if (this.#spilled !== undefined && version < 2) throw new RangeError(TOO_OLD_TO_SPILL)
      return decodeEntry({ value, version, context: source, buffered: waiting?.change })
    })
    if (this.#spilled !== undefined) {
      this.#spilled.restore(key, entry)
      return
    }
    // its position may be new: an entry that was removed and added again between two commits has left no tombstone
    if (waiting !== undefined) this.#remove(waiting)
    this.#keep(this.#queue.add(entry.time, text, undefined), entry.change)
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    this.#open()
    for (const queued of this.#queue) {
      const { key } = queued
      yield { key: bytesOf(key), value: this.#encoded(queued), timestamp: -1, headers: () => WRITTEN_VERSION }
    }
  }

  flushCache(): boolean {
    const { context } = this.#open()
    for (const key of this.#dirty.take()) {
      const queued = this.#queue.get(key)
      const encoded = queued === undefined ? null : this.#encoded(queued)
      const keyBytes = this.#scratch.ofByteString(key)
      if (queued?.change !== undefined) this.#store(queued, keyBytes, encoded!)
      if (this.changelogTopic === null) continue
      const headers = encoded === null ? undefined : WRITTEN_VERSION
      context.logChange(this.changelogTopic, keyBytes, encoded, null, headers)
    }
    for (const queued of this.#spilled?.takeUnspilled() ?? []) this.#release(queued)
    return true
  }

  close(): void {
    this.#opened = 'closed'
    this.#queue.clear()
  }

  #enter(queued: Queued, change: BufferedChange): void {
    this.#release(queued)
    const exceeds = this.#isMemoryFull
    this.#keep(queued, change)
    if (exceeds && this.#spilled!.exceeds(queued, entrySize(queued.key, change))) this.#spill()
  }

  #spill(): void {
    for (const queued of this.#spilled!.takeUnspilled()) {
      if (queued.change === undefined) continue
      this.#store(queued, this.#scratch.ofByteString(queued.key), this.#encoded(queued))
      this.#release(queued)
    }
  }

  #store(queued: Queued, key: Buffer, encoded: Buffer): void {
    this.#spilled?.put(key, encoded)
    queued.stored = true
  }

  #remove(queued: Queued): void {
    this.#queue.remove(queued)
    this.#release(queued)
    if (queued.stored) this.#spilled?.remove(this.#scratch.ofByteString(queued.key))
  }

  #keep(queued: Queued, change: BufferedChange): void {
    queued.change = change
    this.#bytes += entrySize(queued.key, change)
    this.#inMemory++
  }

  #release(queued: Queued): void {
    if (queued.change === undefined) return
    this.#bytes -= entrySize(queued.key, queued.change)
    this.#inMemory--
    queued.change = undefined
  }

  get #isMemoryFull(): boolean {
    return this.spill !== undefined && (this.#bytes >= this.spill.maxBytes || this.#inMemory >= this.spill.maxRecords)
  }

  #changeOf({ key, change }: Queued): BufferedChange {
    return change ?? this.#spilled!.get(this.#scratch.ofByteString(key))
  }

  #encoded({ key, time, change }: Queued): Buffer {
    return change === undefined
      ? this.#spilled!.encoded(this.#scratch.ofByteString(key))
      : encodeEntry({ time, change })
  }

  #changed({ key }: Queued): void {
    if (this.changelogTopic !== null || this.#spilled !== undefined) this.#dirty.add(key)
  }

  #open(): Opened<K, V> {
    if (typeof this.#opened === 'string') throw storeUnavailable(this.name, this.#opened)
    return this.#opened
  }
}

const TOO_OLD_TO_SPILL =
  "it was written by Kafka Streams 2.3 or older, and a buffer with onFull: 'spill' can't restore it: start once without onFull, and wait for a commit"

const entrySize = (key: ByteString, change: BufferedChange): number => 8 + key.length + sizeOf(change)

const versionOf = (headers: RecordHeaders): LoggedEntry['version'] => {
  const version = headers.filter(([name]) => name === VERSION).at(-1)?.[1]
  if (version === undefined) return 0
  const number = version?.length === 1 ? version[0]! : NaN
  if (number === 1 || number === 2 || number === 3) return number
  throw new RangeError(`entries of a suppression buffer of version ${version?.toString('hex')} are not known`)
}
