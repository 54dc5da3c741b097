import type { Serde } from '../../serdes/serde'
import { byteString, bytesOf } from '../byte-string'
import { ChangeLoggingStore } from '../changelog/change-logging-store'
import { storeUnavailable } from '../key-value/unavailable-entries'
import { ByteMap } from '../memory/byte-map'
import type { ByteStore } from '../state-engine'
import type { ChangelogRecord, ManagedStore, ScanOptions, StateStore, StateStoreContext } from '../store'
import { StoreSerdes } from '../store-serdes'
import { isLeftSide, keyOf, timestampOf, outerJoinKey } from './outer-join-key'
import { appended, valuesOf } from './value-list'

/** Waiting records of one side with the same key and timestamp. */
export interface OuterJoinKey<K> {
  readonly key: K
  readonly timestamp: number
  readonly isLeft: boolean
}

/**
 * Records of two streams without a match so far, for left and outer joins: they are emitted unmatched
 * when their window has closed. Both sides share it.
 */
export interface OuterJoinStore<K, L, R> extends StateStore {
  add(key: K, timestamp: number, isLeft: boolean, value: L | R): void
  /** All records of that side, key and timestamp. */
  remove(key: K, timestamp: number, isLeft: boolean): void
  /** Everything as it is now, by time, right before left, by key; keys and values are read on demand. */
  waiting(): Iterable<WaitingRecords<K, L, R>>
  all(options?: ScanOptions): AsyncIterable<[OuterJoinKey<K>, L | R]>
}

export interface WaitingRecords<K, L, R> {
  readonly timestamp: number
  readonly isLeft: boolean
  key(): K
  values(): (L | R)[]
}

export interface OuterJoinStoreOptions<K, L, R> {
  readonly name: string
  readonly persistent: boolean
  readonly changelogTopic: string | null
  readonly keySerde?: Serde<K>
  readonly leftSerde?: Serde<L>
  readonly rightSerde?: Serde<R>
}

/**
 * Bytes as in the changelog, one entry for each side, key and timestamp. Which there are is kept in memory too, in
 * order: emitting what is due must not wait for a scan. There are as many as the window with its grace lets wait.
 */
export class TypedOuterJoinStore<K, L, R> implements OuterJoinStore<K, L, R>, ManagedStore {
  readonly name: string
  readonly persistent: boolean
  readonly changelogTopic: string | null
  /** The keys of all entries. */
  readonly #index = new ByteMap()
  #bytes: ByteStore | null = null
  #logged!: ChangeLoggingStore
  #left!: StoreSerdes<K, L>
  #right!: StoreSerdes<K, R>
  #closed = false

  constructor(private readonly options: OuterJoinStoreOptions<K, L, R>) {
    this.name = options.name
    this.persistent = options.persistent
    this.changelogTopic = options.changelogTopic
  }

  init(context: StateStoreContext): void {
    const { name, changelogTopic, leftSerde, rightSerde } = this.options
    const topic = changelogTopic ?? `${context.applicationId}-${name}-changelog`
    const keySerde = this.options.keySerde ?? (context.defaultKeySerde as Serde<K>)
    const valueSerde = <V>(serde?: Serde<V>): Serde<V> => serde ?? (context.defaultValueSerde as Serde<V>)
    this.#left = new StoreSerdes(name, topic, keySerde, valueSerde(leftSerde), context)
    this.#right = new StoreSerdes(name, topic, keySerde, valueSerde(rightSerde), context)
    this.#bytes = context.openBytes(name, this.persistent)
    this.#logged = new ChangeLoggingStore({ bytes: this.#bytes, context, changelogTopic, timestamped: false })
  }

  restore({ key, value }: ChangelogRecord): void {
    this.#open().restore(key, value)
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    for await (const [key, value] of this.#open().scan({})) yield { key, value, timestamp: timestampOf(key) }
  }

  async open(): Promise<void> {
    this.#index.clear()
    for await (const [key] of this.#open().scan({})) this.#index.set(byteString(key), null)
  }

  add(key: K, timestamp: number, isLeft: boolean, value: L | R): void {
    this.#open()
    const outerJoin = outerJoinKey(this.#left.keyBytes(key), timestamp, isLeft)
    const bytes = isLeft ? this.#left.valueBytes(value as L) : this.#right.valueBytes(value as R)
    if (bytes === null) return
    this.#logged.put(outerJoin, appended(this.#logged.get(outerJoin), isLeft, bytes), -1)
    this.#index.set(byteString(outerJoin), null)
  }

  remove(key: K, timestamp: number, isLeft: boolean): void {
    this.#open()
    const outerJoin = outerJoinKey(this.#left.keyBytes(key), timestamp, isLeft)
    if (this.#index.delete(byteString(outerJoin))) this.#logged.put(outerJoin, null, -1)
  }

  *waiting(): Generator<WaitingRecords<K, L, R>> {
    this.#open()
    const cursor = this.#index.view({})
    while (cursor.advance()) yield this.#waitingRecords(bytesOf(cursor.slot!.key))
  }

  async *all(options: ScanOptions = {}): AsyncGenerator<[OuterJoinKey<K>, L | R]> {
    for await (const [outerJoin, list] of this.#open().scan(options)) {
      const { timestamp, isLeft, key } = this.#waitingRecords(outerJoin)
      const values = this.#valuesIn(list, isLeft)
      for (const value of options.reverse ? values.reverse() : values) yield [{ key: key(), timestamp, isLeft }, value]
    }
  }

  flushCache(): void {}

  close(): void {
    this.#bytes = null
    this.#closed = true
  }

  #waitingRecords(outerJoin: Buffer): WaitingRecords<K, L, R> {
    const isLeft = isLeftSide(outerJoin)
    return {
      timestamp: timestampOf(outerJoin),
      isLeft,
      key: () => this.#left.keyOf(keyOf(outerJoin)),
      values: () => {
        const list = this.#open().get(outerJoin)
        return list === null ? [] : this.#valuesIn(list, isLeft)
      },
    }
  }

  #valuesIn(list: Buffer, isLeft: boolean): (L | R)[] {
    const serdes: StoreSerdes<K, L | R> = isLeft ? this.#left : this.#right
    return valuesOf(list).map((value) => serdes.valueOf(value))
  }

  #open(): ByteStore {
    if (this.#bytes === null) throw storeUnavailable(this.name, this.#closed ? 'closed' : 'not open yet')
    return this.#bytes
  }
}
