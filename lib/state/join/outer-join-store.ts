import type { Serde } from '../../serdes/serde'
import { breathe } from '../breathe'
import { readRecord } from '../changelog/unreadable-record'
import { storeUnavailable } from '../key-value/unavailable-entries'
import type { ByteStore } from '../state-engine'
import type { ChangelogRecord, ManagedStore, ScanOptions, StateStore, StateStoreContext } from '../store'
import { StoreSerdes } from '../store-serdes'
import { RowMemory } from '../timed/row-memory'
import { isLeftSide, keyOf, timestampOf, outerJoinKey, requireOuterJoinKey } from './outer-join-key'
import { OuterJoinRows } from './outer-join-rows'
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
  readonly bucketMs: number
  readonly keySerde?: Serde<K>
  readonly leftSerde?: Serde<L>
  readonly rightSerde?: Serde<R>
}

/** Entries as in the changelog, one for each side, key and timestamp. */
export class TypedOuterJoinStore<K, L, R> implements OuterJoinStore<K, L, R>, ManagedStore {
  readonly name: string
  readonly persistent: boolean
  readonly changelogTopic: string | null
  #bytes: ByteStore | null = null
  #rows!: OuterJoinRows
  #context!: StateStoreContext
  #left!: StoreSerdes<K, L>
  #right!: StoreSerdes<K, R>
  #closed = false

  constructor(private readonly options: OuterJoinStoreOptions<K, L, R>) {
    this.name = options.name
    this.persistent = options.persistent
    this.changelogTopic = options.changelogTopic
  }

  init(context: StateStoreContext): void {
    const { name, changelogTopic, keySerde, leftSerde, rightSerde } = this.options
    const topic = changelogTopic ?? `${context.applicationId}-${name}-changelog`
    this.#left = new StoreSerdes(name, topic, keySerde, leftSerde, context)
    this.#right = new StoreSerdes(name, topic, keySerde, rightSerde, context)
    this.#context = context
    this.#bytes = context.openBytes(name, this.persistent)
    this.#rows = new OuterJoinRows({
      bytes: this.#bytes,
      bucketMs: this.options.bucketMs,
      memory: context.rowMemory ?? new RowMemory(),
    })
    // what is only in memory need not be moved there
    if (this.persistent) context.beforeSeal(() => this.flushCache())
  }

  restore({ key, value }: ChangelogRecord): void {
    const bytes = this.#open()
    readRecord(this.name, this.changelogTopic, () => {
      requireOuterJoinKey(key)
      if (value !== null) valuesOf(value)
    })
    bytes.restore(key, value)
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    this.#open()
    for (const key of this.#rows.keys()) yield { key, value: this.#rows.get(key), timestamp: timestampOf(key) }
  }

  async open(): Promise<void> {
    this.#open()
    await this.#rows.open()
  }

  add(key: K, timestamp: number, isLeft: boolean, value: L | R): void {
    this.#open()
    const outerJoin = outerJoinKey(this.#left.keyBytes(key), timestamp, isLeft)
    const bytes = isLeft ? this.#left.valueBytes(value as L) : this.#right.valueBytes(value as R)
    if (bytes === null) return
    const list = appended(this.#rows.get(outerJoin), isLeft, bytes)
    this.#rows.set(outerJoin, list)
    this.#log(outerJoin, list)
  }

  remove(key: K, timestamp: number, isLeft: boolean): void {
    this.#open()
    const outerJoin = outerJoinKey(this.#left.keyBytes(key), timestamp, isLeft)
    if (this.#rows.delete(outerJoin)) this.#log(outerJoin, null)
  }

  *waiting(): Generator<WaitingRecords<K, L, R>> {
    this.#open()
    for (const outerJoin of this.#rows.keys()) yield this.#waitingRecords(outerJoin)
  }

  async *all(options: ScanOptions = {}): AsyncGenerator<[OuterJoinKey<K>, L | R]> {
    this.#open()
    const pause = breathe(options.signal)
    for (const outerJoin of [...this.#rows.keys(options.reverse)]) {
      if (pause.due()) await pause.take()
      const { timestamp, isLeft, key, values } = this.#waitingRecords(outerJoin)
      const found = values()
      for (const value of options.reverse ? found.reverse() : found) yield [{ key: key(), timestamp, isLeft }, value]
    }
  }

  flushCache(): boolean {
    if (this.persistent && this.#bytes !== null) this.#rows.writeOut()
    return true
  }

  close(): void {
    if (this.#bytes !== null) this.#rows.close()
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
        this.#open()
        const list = this.#rows.get(outerJoin)
        return list === null ? [] : this.#valuesIn(list, isLeft)
      },
    }
  }

  #valuesIn(list: Buffer, isLeft: boolean): (L | R)[] {
    const serdes: StoreSerdes<K, L | R> = isLeft ? this.#left : this.#right
    return valuesOf(list).map((value) => serdes.valueOf(value))
  }

  #log(outerJoin: Buffer, list: Buffer | null): void {
    if (this.changelogTopic === null) return
    this.#context.logChange(this.changelogTopic, outerJoin, list, this.#context.recordContext.timestamp)
  }

  #open(): ByteStore {
    if (this.#bytes === null) throw storeUnavailable(this.name, this.#closed ? 'closed' : 'not open yet')
    return this.#bytes
  }
}
