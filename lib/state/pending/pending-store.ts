import { StreamsError } from '../../errors'
import { NO_HEADERS } from '../../record/headers'
import type { RecordContext } from '../../record/record-context'
import { MissingDependency } from '../../serdes/missing-dependency'
import type { Serde } from '../../serdes/serde'
import { keptContext } from '../buffer/buffered-change'
import { type ByteString, byteString } from '../byte-string'
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
  changelogConfig: {},
  changelogPolicy: { cleanup: 'compact' },
  build: (changelogTopic) => new LoggedPendingStore<K, V>(name, changelogTopic, options),
})

interface Opened<K, V> {
  readonly context: StateStoreContext
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/**
 * Keyed by a sequence number. A record that comes and goes between two commits is never logged. Tombstones of an earlier run may
 * have the same numbers as new records: the changelog's last record of a number counts.
 */
export class LoggedPendingStore<K, V> implements PendingStore<K, V>, ManagedStore {
  readonly persistent = false
  readonly #topic: string
  readonly #entries = new Map<number, PendingEntry>()
  readonly #unlogged = new Set<number>()
  #next = 0
  #bytes = 0
  /** Logged, and removed since the last commit. */
  #removed: number[] = []
  /** Removed before the last commit, and not deleted from the changelog yet. */
  #deletable: number[] = []
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
    const key = this.options.key ?? (context.defaultKeySerde as Serde<K>)
    const value = this.options.value ?? (context.defaultValueSerde as Serde<V>)
    context.prepare(key as Serde<unknown>, this.#topic)
    context.prepare(value as Serde<unknown>, this.#topic)
    this.#opened = { context, key, value }
  }

  add(key: K, value: V, context: RecordContext, source: OriginalBytes): HeldRecord<K, V> {
    const serdes = this.#open()
    const entry: PendingEntry = {
      key: this.#serialized('key', serdes.key, key),
      value: this.#serialized('value', serdes.value, value),
      context: keptContext(context),
      source,
    }
    const sequence = this.#next
    this.#enter(sequence, entry)
    this.#unlogged.add(sequence)
    return this.#held(sequence, entry, key, value)
  }

  remove(sequence: number): void {
    this.#take(sequence)
    if (!this.#unlogged.delete(sequence)) this.#removed.push(sequence)
  }

  restored(): HeldRecord<K, V>[] {
    const { key, value } = this.#open()
    return [...this.#entries]
      .sort(([a], [b]) => a - b)
      .map(([sequence, entry]) =>
        this.#held(
          sequence,
          entry,
          this.#deserialized('key', key, entry.key) as K,
          this.#deserialized('value', value, entry.value) as V,
        ),
      )
  }

  log(atomic: boolean): boolean {
    for (const sequence of this.#unlogged) this.#log(sequence, encodePending(this.#entries.get(sequence)!))
    this.#unlogged.clear()
    const [now, later] = atomic ? [[...this.#deletable, ...this.#removed], []] : [this.#deletable, this.#removed]
    for (const sequence of now) this.#log(sequence, null)
    this.#deletable = later
    this.#removed = []
    return later.length > 0
  }

  logAgain(): void {
    this.#removed = [...this.#deletable, ...this.#removed]
    this.#deletable = []
  }

  restore({ key, value }: ChangelogRecord): void {
    const [sequence, entry] = readRecord(this.name, this.changelogTopic, () => [
      Number(key.readBigInt64BE()),
      value === null ? null : decodePending(value),
    ])
    this.#take(sequence)
    if (entry !== null) this.#enter(sequence, entry)
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    this.#open()
    for (const [sequence, entry] of this.#entries) {
      yield { key: sequenceBytes(sequence), value: encodePending(entry), timestamp: -1 }
    }
  }

  /** What is logged is decided by the operator, when caches upstream have been flushed into it. */
  flushCache(): void {}

  close(): void {
    this.#opened = 'closed'
    this.#entries.clear()
  }

  #enter(sequence: number, entry: PendingEntry): void {
    this.#entries.set(sequence, entry)
    this.#bytes += sizeOfPending(entry)
    if (sequence >= this.#next) this.#next = sequence + 1
  }

  #take(sequence: number): void {
    const entry = this.#entries.get(sequence)
    if (entry === undefined) return
    this.#entries.delete(sequence)
    this.#bytes -= sizeOfPending(entry)
  }

  #held(sequence: number, entry: PendingEntry, key: K, value: V): HeldRecord<K, V> {
    const { context, source } = entry
    return { sequence, key, value, keyBytes: entry.key && byteString(entry.key), context, source }
  }

  #log(sequence: number, value: Buffer | null): void {
    if (this.changelogTopic === null) return
    this.#open().context.logChange(this.changelogTopic, sequenceBytes(sequence), value, null)
  }

  #serialized<T>(what: 'key' | 'value', serde: Serde<T>, object: T): Buffer | null {
    if (object === null || object === undefined) return null
    try {
      const bytes = serde.serialize(this.#topic, object, NO_HEADERS)
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
      return serde.deserialize(this.#topic, bytes, NO_HEADERS)
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

const sequenceBytes = (sequence: number): Buffer => {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigInt64BE(BigInt(sequence))
  return bytes
}
