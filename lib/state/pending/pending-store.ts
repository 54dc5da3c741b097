import { StreamsError } from '../../errors'
import { NO_HEADERS } from '../../record/headers'
import type { RecordContext } from '../../record/record-context'
import { MissingDependency } from '../../serdes/missing-dependency'
import { keySerdeOf, valueSerdeOf } from '../../serdes/open-serde'
import type { Serde } from '../../serdes/serde'
import { asBytes, asObject } from '../../serdes/serde-results'
import { keptContext } from '../length-prefixed'
import { type ByteString, byteString } from '../../bytes/byte-string'
import { readRecord } from '../changelog/unreadable-record'
import { storeUnavailable } from '../key-value/unavailable-entries'
import type { ChangelogRecord, ManagedStore, StateStore, StateStoreContext, StoreBuilder } from '../store'
import { decodePending, encodePending, type OriginalBytes, type PendingEntry, sizeOfPending } from './pending-entry'

/** A record whose call has not ended, or whose result is not forwarded yet. */
export interface HeldRecord<K, V> {
  readonly sequence: number
  readonly key: K
  readonly value: V
  /** The key's bytes: equal for equal keys. */
  readonly keyBytes: ByteString | null
  readonly context: RecordContext
  readonly source: OriginalBytes
}

/** The records that an async operator holds, in the order in which they came. Not for users: it has no reads. */
export interface PendingStore<K, V> extends StateStore {
  readonly records: number
  /** As serialized. */
  readonly bytes: number
  add(key: K, value: V, context: RecordContext, source: OriginalBytes): HeldRecord<K, V>
  remove(sequence: number): void
  /** What an earlier owner of the task has left, in order. */
  restored(): HeldRecord<K, V>[]
  /**
   * Writes to the changelog what a commit takes in: records that it does not have yet, and deletions. Unless the commit is
   * atomic, a deletion waits for one more commit, so that the record's result is acknowledged before it: true if any does.
   */
  log(atomic: boolean): boolean
  /** The last commit may not have been acknowledged. */
  logAgain(): void
  /** What the operator has noted about the records, as of the last commit; `null` if nothing was. */
  readonly mark: Buffer | null
  /** Written by the next `log`, behind the records. */
  setMark(bytes: Buffer): void
  /** Records that are added get this sequence or later ones. */
  skipTo(sequence: number): void
}

export interface PendingStoreOptions<K, V> {
  /** For errors. */
  readonly operator: string
  readonly key?: Serde<K>
  readonly value?: Serde<V>
}

/** In memory, and restored from its changelog at every start. */
export const pendingStore = <K, V>(
  name: string,
  options: PendingStoreOptions<K, V>,
): StoreBuilder<PendingStore<K, V>> => ({
  name,
  persistent: false,
  cachingEnabled: false,
  loggingEnabled: true,
  // entries come and go: small segments are compacted soon, and a restore reads little
  changelogConfig: { 'segment.bytes': '16777216' },
  changelogPolicy: { cleanup: 'compact' },
  build: (changelogTopic) => new LoggedPendingStore<K, V>(name, changelogTopic, options),
})

/** Has the operator's mark, in place of a record. */
const MARK_SLOT = -1

interface Opened<K, V> {
  readonly context: StateStoreContext
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/**
 * A record that comes and goes between two commits is never logged. One that is logged gets a slot, a small number, as its key in
 * the changelog: that of a record that is deleted, if there is one, so that one write does both, and the compacted changelog
 * has no more entries than were ever held at a commit.
 */
export class LoggedPendingStore<K, V> implements PendingStore<K, V>, ManagedStore {
  readonly persistent = false
  readonly #topic: string
  /** By sequence. */
  readonly #entries = new Map<number, PendingEntry>()
  readonly #unlogged = new Set<number>()
  /** Of logged entries, by sequence. */
  readonly #slots = new Map<number, number>()
  /** While the changelog is replayed: the sequences of entries by their slots. */
  readonly #replayed = new Map<number, number>()
  #next = 0
  #bytes = 0
  #nextSlot = 0
  /** Slots below the next one that have no entry in the changelog. */
  #free: number[] = []
  /** Slots of entries that were removed since the last commit. */
  #removed: number[] = []
  /** Slots of entries that were removed before the last commit, and are still in the changelog. */
  #deletable: number[] = []
  #mark: Buffer | null = null
  #isMarkLogged = true
  #opened: Opened<K, V> | 'not open yet' | 'closed' = 'not open yet'

  constructor(
    readonly name: string,
    readonly changelogTopic: string | null,
    private readonly options: PendingStoreOptions<K, V>,
  ) {
    this.#topic = changelogTopic ?? name
  }

  get records(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  init(context: StateStoreContext): void {
    const key = keySerdeOf(this.options.key, context)
    const value = valueSerdeOf(this.options.value, context)
    context.prepare(key as Serde<unknown>, this.#topic)
    context.prepare(value as Serde<unknown>, this.#topic)
    this.#opened = { context, key, value }
  }

  get mark(): Buffer | null {
    return this.#mark
  }

  setMark(bytes: Buffer): void {
    if (this.#mark?.equals(bytes)) return
    this.#mark = bytes
    this.#isMarkLogged = false
  }

  skipTo(sequence: number): void {
    this.#next = Math.max(this.#next, sequence)
  }

  add(key: K, value: V, context: RecordContext, source: OriginalBytes): HeldRecord<K, V> {
    const serdes = this.#open()
    const sequence = this.#next
    const keyBytes = this.#serialized('key', serdes.key, key)
    const valueBytes = this.#serialized('value', serdes.value, value)
    // of a punctuation, for example: a dead letter has nothing but the record itself
    const isMade = source.rawKey === null && source.rawValue === null
    const entry: PendingEntry = {
      sequence,
      key: keyBytes,
      value: valueBytes,
      context: keptContext(context),
      source: isMade ? { rawKey: keyBytes, rawValue: valueBytes } : source,
    }
    this.#enter(entry)
    this.#unlogged.add(sequence)
    return heldRecord(entry, key, value)
  }

  remove(sequence: number): void {
    this.#take(sequence)
    if (this.#unlogged.delete(sequence)) return
    this.#removed.push(this.#slots.get(sequence)!)
    this.#slots.delete(sequence)
  }

  restored(): HeldRecord<K, V>[] {
    const { key, value } = this.#open()
    for (const [slot, sequence] of this.#replayed) {
      this.#slots.set(sequence, slot)
      for (; this.#nextSlot <= slot; this.#nextSlot++) {
        if (!this.#replayed.has(this.#nextSlot)) this.#free.push(this.#nextSlot)
      }
    }
    this.#replayed.clear()
    return [...this.#entries.values()]
      .sort((a, b) => a.sequence - b.sequence)
      .map((entry) =>
        heldRecord(
          entry,
          this.#deserialized('key', key, entry.key) as K,
          this.#deserialized('value', value, entry.value) as V,
        ),
      )
  }

  log(atomic: boolean): boolean {
    const [now, later] = atomic ? [[...this.#deletable, ...this.#removed], []] : [this.#deletable, this.#removed]
    for (const sequence of this.#unlogged) {
      const slot = now.pop() ?? this.#free.pop() ?? this.#nextSlot++
      this.#slots.set(sequence, slot)
      this.#log(slot, encodePending(this.#entries.get(sequence)!))
    }
    this.#unlogged.clear()
    for (const slot of now) this.#log(slot, null)
    if (!this.#isMarkLogged) this.#log(MARK_SLOT, this.#mark)
    this.#isMarkLogged = true
    // not all as arguments of one call: a stack has room for about 100 000
    for (const slot of now) this.#free.push(slot)
    this.#deletable = later
    this.#removed = []
    return later.length > 0
  }

  logAgain(): void {
    this.#removed = [...this.#deletable, ...this.#removed]
    this.#deletable = []
  }

  restore({ key, value }: ChangelogRecord): void {
    const [slot, entry] = readRecord(this.name, this.changelogTopic, () => [
      key.readInt32BE(),
      value === null || key.readInt32BE() === MARK_SLOT ? null : decodePending(value),
    ])
    if (slot === MARK_SLOT) {
      this.#mark = value === null ? null : Buffer.from(value)
      return
    }
    const former = this.#replayed.get(slot)
    if (former !== undefined) this.#take(former)
    this.#replayed.delete(slot)
    if (entry === null) return
    this.#replayed.set(slot, entry.sequence)
    this.#enter(entry)
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    this.#open()
    const slots = new Map(this.#slots)
    for (const [slot, sequence] of this.#replayed) slots.set(sequence, slot)
    let next = 0
    for (const slot of slots.values()) next = Math.max(next, slot + 1)
    for (const entry of this.#entries.values()) {
      yield { key: slotBytes(slots.get(entry.sequence) ?? next++), value: encodePending(entry), timestamp: -1 }
    }
    if (this.#mark !== null) yield { key: slotBytes(MARK_SLOT), value: this.#mark, timestamp: -1 }
  }

  /** What is logged is decided by the operator, when caches upstream have been flushed into it. */
  flushCache(): boolean {
    return true
  }

  close(): void {
    this.#opened = 'closed'
    this.#entries.clear()
  }

  #enter(entry: PendingEntry): void {
    this.#entries.set(entry.sequence, entry)
    this.#bytes += sizeOfPending(entry)
    if (entry.sequence >= this.#next) this.#next = entry.sequence + 1
  }

  #take(sequence: number): void {
    const entry = this.#entries.get(sequence)
    if (entry === undefined) return
    this.#entries.delete(sequence)
    this.#bytes -= sizeOfPending(entry)
  }

  #log(slot: number, value: Buffer | null): void {
    if (this.changelogTopic === null) return
    this.#open().context.logChange(this.changelogTopic, slotBytes(slot), value, null)
  }

  #serialized<T>(what: 'key' | 'value', serde: Serde<T>, object: T): Buffer | null {
    if (object === null || object === undefined) return null
    try {
      const bytes = asBytes(serde.serialize(this.#topic, object, NO_HEADERS))
      // bytes that others can still reach are copied: changing them later must not change what is held
      return bytes !== null && object instanceof Uint8Array ? Buffer.from(bytes) : bytes
    } catch (error) {
      if (error instanceof MissingDependency) throw error
      throw this.#unfit('SERIALIZATION_FAILED', `can't write the ${what} of a record that it holds`, what, error)
    }
  }

  #deserialized<T>(what: 'key' | 'value', serde: Serde<T>, bytes: Buffer | null): T | null {
    if (bytes === null) return null
    try {
      return asObject(serde.deserialize(this.#topic, bytes, NO_HEADERS))
    } catch (error) {
      if (error instanceof MissingDependency) throw error
      throw this.#unfit('DESERIALIZATION_FAILED', `can't read the ${what} of a record that it held`, what, error)
    }
  }

  #unfit(
    code: 'SERIALIZATION_FAILED' | 'DESERIALIZATION_FAILED',
    problem: string,
    what: 'key' | 'value',
    cause: unknown,
  ): StreamsError {
    const { operator } = this.options
    return new StreamsError(
      code,
      `async operator "${operator}" ${problem}: ${(cause as Error).message}. Pass the serde of what comes into it, as in ` +
        `{ pending: { ${what}: serdes.… } }: what it holds at a commit is written to ${this.#topic}`,
      { operator, store: this.name, topic: this.#topic },
      { cause },
    )
  }

  #open(): Opened<K, V> {
    if (typeof this.#opened === 'string') throw storeUnavailable(this.name, this.#opened)
    return this.#opened
  }
}

const heldRecord = <K, V>(entry: PendingEntry, key: K, value: V): HeldRecord<K, V> => {
  const { sequence, context, source } = entry
  return { sequence, key, value, keyBytes: entry.key && byteString(entry.key), context, source }
}

const slotBytes = (slot: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(slot)
  return bytes
}
