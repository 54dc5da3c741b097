import type { Serde } from '../../serdes/serde'
import { decodeEntry, encodeEntry } from '../buffer/buffered-change'
import { keptContext } from '../length-prefixed'
import { byteString, bytesOf } from '../byte-string'
import { storeUnavailable } from '../key-value/unavailable-entries'
import { ByteMap } from '../memory/byte-map'
import type { ByteStore } from '../state-engine'
import type { ChangelogRecord, ManagedStore, StateStore, StateStoreContext } from '../store'
import { StoreSerdes } from '../store-serdes'
import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../record/timestamped-bytes'
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

/**
 * Bytes as in the changelog: `00 ‖ i64 timestamp ‖ key ‖ i32 sequence` holds the record. Which there are is kept in
 * memory too, in order; a join's grace bounds how many.
 *
 * Kafka Streams can't restore its own buffer (it takes the key of the changelog for another layout); this one does.
 */
export class TypedWaitingStore<K, V> implements WaitingStore<K, V>, ManagedStore {
  readonly name: string
  readonly persistent = true
  readonly changelogTopic: string | null
  observedTime = -1
  readonly #index = new ByteMap()
  #bytes: ByteStore | null = null
  #context!: StateStoreContext
  #serdes!: StoreSerdes<K, V>
  #sequence = 0
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
  }

  restore({ key, value }: ChangelogRecord): void {
    this.#open().restore(key, value)
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    for await (const [key, value] of this.#open().scan({})) yield { key, value, timestamp: -1 }
  }

  async open(): Promise<void> {
    this.#index.clear()
    for await (const [key] of this.#open().scan({})) {
      this.#index.set(byteString(key), null)
      this.observedTime = Math.max(this.observedTime, readTimestamp(key, TIME_AT))
      // numbers that are still in use must not be reused
      this.#sequence = Math.max(this.#sequence, key.readInt32BE(key.length - SEQUENCE_BYTES))
    }
  }

  advanceTime(to: number): void {
    if (to > this.observedTime) this.observedTime = to
  }

  add(key: K, value: V, context: RecordContext): void {
    const bytes = this.#open()
    const newValue = this.#serdes.valueBytes(value)
    if (newValue === null) return
    this.#sequence = (this.#sequence + 1) & LARGEST_SEQUENCE
    const place = placeOf(this.#serdes.keyBytes(key), context.timestamp, this.#sequence)
    const change = { context: keptContext(context), prior: null, oldValue: null, newValue }
    const entry = encodeEntry({ time: 0, change })
    bytes.put(place, entry)
    this.#log(place, entry)
    this.#index.set(byteString(place), null)
    this.advanceTime(context.timestamp)
  }

  take(until: number, joined: (record: WaitingRecord<K, V>) => void): void {
    const bytes = this.#open()
    const cursor = this.#index.view({})
    while (cursor.advance()) {
      const text = cursor.slot!.key
      const place = bytesOf(text)
      if (readTimestamp(place, TIME_AT) > until) return
      const { context, newValue } = decodeEntry({
        value: bytes.get(place)!,
        version: 3,
        context: this.#context.recordContext,
      }).change
      const key = this.#serdes.keyOf(place.subarray(KEY_AT, place.length - SEQUENCE_BYTES))
      joined({ key, value: this.#serdes.valueOf(newValue!), context })
      bytes.put(place, null)
      this.#log(place, null)
      this.#index.delete(text)
    }
  }

  flushCache(): boolean {
    return true
  }

  close(): void {
    this.#bytes = null
    this.#closed = true
  }

  #log(place: Buffer, entry: Buffer | null): void {
    if (this.changelogTopic !== null) this.#context.logChange(this.changelogTopic, place, entry, null)
  }

  #open(): ByteStore {
    if (this.#bytes === null) throw storeUnavailable(this.name, this.#closed ? 'closed' : 'not open yet')
    return this.#bytes
  }
}

const placeOf = (key: Buffer, timestamp: number, sequence: number): Buffer => {
  const place = Buffer.allocUnsafe(KEY_AT + key.length + SEQUENCE_BYTES)
  place[0] = TIME_FIRST
  writeTimestamp(place, timestamp, TIME_AT)
  place.set(key, KEY_AT)
  place.writeInt32BE(sequence, KEY_AT + key.length)
  return place
}
