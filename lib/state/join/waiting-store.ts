import type { Serde } from '../../serdes/serde'
import { decodeEntry, encodeEntry } from '../buffer/buffered-change'
import { type ByteString, byteString, bytesOf } from '../../bytes/byte-string'
import { keptContext } from '../length-prefixed'
import { readRecord } from '../changelog/unreadable-record'
import { storeUnavailable } from '../key-value/unavailable-entries'
import type { ByteStore } from '../state-engine'
import type { ChangelogRecord, ManagedStore, StateStore, StateStoreContext } from '../store'
import { Scratch } from '../../bytes/scratch'
import { StoreSerdes } from '../store-serdes'
import { RowMemory } from '../timed/row-memory'
import { MostlySortedQueue } from './mostly-sorted-queue'
import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'
import type { RecordContext } from '../../record/record-context'

/** A waiting stream record, with its origin. */
export interface WaitingRecord<K, V> {
  readonly key: K
  readonly value: V
  readonly context: RecordContext
}

/** Records of a stream that wait for a table to catch up with them, in the order of their timestamps. */
export interface WaitingStore<K, V> extends StateStore {
  /** The largest timestamp added, or the time it was advanced to; −1 before the first. */
  readonly observedTime: number
  /** Time has passed without a record. */
  advanceTime(to: number): void
  add(key: K, value: V, context: RecordContext): void
  /** Removes, one by one, the records with timestamps up to `until`: by time, then by key, then by arrival. */
  take(until: number, joined: (record: WaitingRecord<K, V>) => void): void
}

export interface WaitingStoreOptions<K, V> {
  readonly name: string
  /** The topic name passed to serdes. */
  readonly topic: string
  readonly changelogTopic: string | null
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
}

const TIME_FIRST = 0
const TIME_AT = 1
const KEY_AT = TIME_AT + TIMESTAMP_BYTES
const SEQUENCE_BYTES = 4
const LARGEST_SEQUENCE = 0x7fffffff

/** Rough size of what a record takes in memory besides its bytes. */
const OVERHEAD = 256
/** Writing out so many takes about as long as a slice of the loop. */
const MOST_UNWRITTEN = 16_384

/** A record in the queue. */
interface Queued {
  readonly time: number
  /** Its key in the store's bytes. A text takes less memory than a buffer. */
  readonly place: ByteString
  /** Undefined: it is in the store's bytes. */
  unwritten: Unwritten | undefined
}

interface Unwritten {
  readonly value: Buffer
  readonly context: RecordContext
}

const isBefore = (a: Queued, b: Queued): boolean => a.time < b.time || (a.time === b.time && a.place < b.place)

/**
 * Bytes as in the changelog: `00 ‖ i64 timestamp ‖ key ‖ i32 sequence` holds the record. In which order they are due is kept
 * in memory; a join's grace bounds how many there are. Most records are taken before the commit that would have written
 * them: a commit writes what is left.
 *
 * Kafka Streams can't restore its own buffer (it takes the key of the changelog for another layout); this one does.
 */
export class TypedWaitingStore<K, V> implements WaitingStore<K, V>, ManagedStore {
  readonly name: string
  readonly persistent = true
  readonly changelogTopic: string | null
  observedTime = -1
  #queue = new MostlySortedQueue(isBefore)
  readonly #unwritten = new Set<Queued>()
  #unwrittenBytes = 0
  /** Records that were failed on: where they are met again, an error handler has decided to continue without them. */
  readonly #failed = new Set<Queued>()
  #bytes: ByteStore | null = null
  #context!: StateStoreContext
  #serdes!: StoreSerdes<K, V>
  #memory!: RowMemory
  #sequence = 0
  readonly #places = new Scratch()
  #closed = false

  constructor(private readonly options: WaitingStoreOptions<K, V>) {
    this.name = options.name
    this.changelogTopic = options.changelogTopic
  }

  init(context: StateStoreContext): void {
    const { name, topic, keySerde, valueSerde } = this.options
    this.#context = context
    this.#serdes = new StoreSerdes(name, topic, keySerde, valueSerde, context)
    this.#bytes = context.openBytes(name, this.persistent)
    this.#memory = context.rowMemory ?? new RowMemory()
    this.#memory.join()
    context.beforeSeal(() => this.#writeOut())
  }

  restore({ key, value }: ChangelogRecord): void {
    const bytes = this.#open()
    readRecord(this.name, this.changelogTopic, () => requirePlace(key))
    bytes.restore(key, value)
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    for await (const [key, value] of this.#open().scan({})) yield { key, value, timestamp: -1 }
  }

  async open(): Promise<void> {
    this.#queue = new MostlySortedQueue(isBefore)
    for await (const [key] of this.#open().scan({})) {
      const time = readTimestamp(key, TIME_AT)
      this.#queue.offer({ time, place: byteString(key), unwritten: undefined })
      this.advanceTime(time)
      // numbers that are still in use must not be reused
      this.#sequence = Math.max(this.#sequence, key.readInt32BE(key.length - SEQUENCE_BYTES))
    }
  }

  advanceTime(to: number): void {
    if (to > this.observedTime) this.observedTime = to
  }

  add(key: K, value: V, context: RecordContext): void {
    this.#open()
    const bytes = this.#serdes.valueBytes(value)
    if (bytes === null) return
    this.#sequence = (this.#sequence + 1) & LARGEST_SEQUENCE
    const time = context.timestamp
    const place = this.#placeOf(this.#serdes.writtenKey(key), time)
    const unwritten = { value: bytes, context: keptContext(context) }
    const queued = { time, place: byteString(place), unwritten }
    if (this.changelogTopic !== null) this.#log(place, encoded(unwritten))
    this.#queue.offer(queued)
    this.#unwritten.add(queued)
    this.#count(sizeOf(queued))
    this.advanceTime(time)
    if (this.#memory.isExceededBy(this.#unwrittenBytes) || this.#unwritten.size > MOST_UNWRITTEN) this.#writeOut()
  }

  take(until: number, joined: (record: WaitingRecord<K, V>) => void): void {
    const bytes = this.#open()
    for (let first = this.#queue.peek(); first !== undefined && first.time <= until; first = this.#queue.peek()) {
      if (!this.#failed.delete(first)) this.#give(first, joined)
      this.#queue.poll()
      const place = this.#places.ofByteString(first.place)
      this.#log(place, null)
      if (this.#unwritten.delete(first)) this.#count(-sizeOf(first))
      else bytes.put(place, null)
    }
  }

  flushCache(): boolean {
    return true
  }

  close(): void {
    if (this.#bytes !== null) this.#memory.leave(this.#unwrittenBytes)
    this.#bytes = null
    this.#closed = true
  }

  #give(queued: Queued, joined: (record: WaitingRecord<K, V>) => void): void {
    try {
      joined(this.#recordOf(queued))
    } catch (error) {
      this.#failed.add(queued)
      throw error
    }
  }

  #recordOf({ place, unwritten = this.#written(place) }: Queued): WaitingRecord<K, V> {
    const { value, context } = unwritten
    const key = this.#serdes.keyOf(bytesOf(place.slice(KEY_AT, -SEQUENCE_BYTES)))
    return { key, value: this.#serdes.valueOf(value), context }
  }

  #written(place: ByteString): Unwritten {
    const entry = {
      value: this.#open().get(bytesOf(place))!,
      version: 3,
      context: this.#context.recordContext,
    } as const
    return readRecord(this.name, this.changelogTopic, () => {
      const { context, newValue } = decodeEntry(entry).change
      if (newValue === null) throw new RangeError('a record without a value')
      return { value: newValue, context }
    })
  }

  /** Puts what is still waiting into the store's bytes: the next commit contains it. */
  #writeOut(): void {
    if (this.#bytes === null) return
    for (const queued of this.#unwritten) {
      this.#bytes.put(this.#places.ofByteString(queued.place), encoded(queued.unwritten!))
      queued.unwritten = undefined
    }
    this.#unwritten.clear()
    this.#count(-this.#unwrittenBytes)
  }

  /** Valid until the next one. */
  #placeOf(key: Buffer, timestamp: number): Buffer {
    const place = this.#places.of(KEY_AT + key.length + SEQUENCE_BYTES)
    place[0] = TIME_FIRST
    writeTimestamp(place, timestamp, TIME_AT)
    place.set(key, KEY_AT)
    place.writeInt32BE(this.#sequence, KEY_AT + key.length)
    return place
  }

  #count(bytes: number): void {
    this.#unwrittenBytes += bytes
    this.#memory.usedBytes += bytes
  }

  #log(place: Buffer, entry: Buffer | null): void {
    if (this.changelogTopic !== null) this.#context.logChange(this.changelogTopic, place, entry, null)
  }

  #open(): ByteStore {
    if (this.#bytes === null) throw storeUnavailable(this.name, this.#closed ? 'closed' : 'not open yet')
    return this.#bytes
  }
}

const requirePlace = (bytes: Buffer): void => {
  if (bytes.length >= KEY_AT + SEQUENCE_BYTES && bytes[0] === TIME_FIRST) return
  throw new RangeError(`${bytes.toString('hex')} is no timestamp, key and sequence number`)
}

const encoded = ({ value, context }: Unwritten): Buffer =>
  encodeEntry({ time: 0, change: { context, prior: null, oldValue: null, newValue: value } })

const sizeOf = ({ place, unwritten }: Queued): number =>
  OVERHEAD + place.length + (unwritten === undefined ? 0 : unwritten.value.length)
