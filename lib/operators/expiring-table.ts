import type { Change } from '../record/change'
import { NO_HEADERS } from '../record/headers'
import { contextWith } from '../record/held-record-context'
import type { StreamRecord } from '../record/stream-record'
import { keySerdeOf } from '../serdes/open-serde'
import type { Serde } from '../serdes/serde'
import type { TimestampedKeyValueStore, ValueAndTimestamp } from '../state/store'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { ExpiryIndex } from './expiry-index'
import { Operator } from './operator'
import type { OperatorContext } from './processor'

/** How many rows expire with a record: more than a record adds. */
const ROWS_WITH_A_RECORD = 64
/** With an advance of stream time that no record brings. */
const ROWS_AT_ONCE = 4096

export interface Expiry<K> extends OldValues {
  readonly store: string
  /** Name of the store of the expiry index. */
  readonly index: string
  readonly afterMs: number
  /** Nothing is forwarded for a row that expires. Its store is not cached. */
  readonly silent: boolean
  readonly keySerde: Serde<K> | undefined
}

/**
 * An operator that keeps a table whose rows expire: before it gets a record, some of the rows that have not been updated for long
 * enough by stream time are deleted, and the record's own if it is one of them.
 */
export class ExpiringTableOperator<K, V, A> extends Operator<K, V, K, Change<A>> {
  private rows!: TimestampedKeyValueStore<K, A>
  private forwarder!: ChangeForwarder<K, A>
  private index!: ExpiryIndex
  private keySerde!: Serde<K>
  private streamTime = -1

  constructor(
    private readonly table: Operator<K, V, K, Change<A>>,
    private readonly expiry: Expiry<K>,
  ) {
    super()
  }

  override get valueUse(): 'reads' | 'forwards' | 'ignores' {
    return this.table.valueUse
  }

  override init(context: OperatorContext<K, Change<A>>): void {
    super.init(context)
    this.table.init(context)
    const { store, index, afterMs, keySerde, sendOldValues } = this.expiry
    this.rows = context.stateStore(store)
    this.forwarder = new ChangeForwarder(this.rows, context, sendOldValues)
    this.keySerde = keySerdeOf(keySerde, context)
    this.streamTime = context.resumedStreamTime
    this.index = new ExpiryIndex(context.stateStore(index), afterMs, context.currentStreamTime())
  }

  override advanceStreamTime(to: number): void {
    this.streamTime = Math.max(to, this.streamTime)
    this.expireDue(ROWS_AT_ONCE)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, timestamp } = record
    if (timestamp > this.streamTime) this.streamTime = timestamp
    this.expireDue(ROWS_WITH_A_RECORD)
    if (key == null) {
      void this.table.process(record)
      return
    }
    let before = this.rows.get(key)
    if (before !== null && this.isDue(before)) {
      this.expire(key, before)
      before = null
    }
    void this.table.process(record)
    const after = this.rows.get(key)
    if (after === null) return
    if (this.isDue(after)) {
      this.expire(key, after)
      return
    }
    const isIndexed = before !== null && this.index.coversUpdate(before.timestamp, after.timestamp)
    if (!isIndexed) this.index.add(after.timestamp, this.bytesOf(key))
  }

  private expireDue(limit: number): void {
    for (let i = 0; i < limit; i++) {
      const due = this.index.takeDue(this.streamTime)
      if (due === undefined) return
      const key = this.keySerde.deserialize(this.topic, due.key, NO_HEADERS)
      const row = this.rows.get(key)
      const { start, ms } = due.bucket
      // it was updated since, or is gone
      if (row === null || row.timestamp < start || row.timestamp >= start + ms) continue
      if (this.isDue(row)) this.expire(key, row)
      // it was indexed with a ttl that was shorter
      else this.index.add(row.timestamp, due.key)
    }
  }

  private isDue({ timestamp }: ValueAndTimestamp<A>): boolean {
    return this.index.expiresAt(timestamp) <= this.streamTime
  }

  private expire(key: K, { value, timestamp }: ValueAndTimestamp<A>): void {
    const { context } = this
    const time = this.index.expiresAt(timestamp)
    const current = context.recordContext
    context.recordContext = contextWith(current, time, NO_HEADERS)
    this.rows.put(key, null)
    if (!this.expiry.silent) this.forwarder.forwardFor(key, NO_HEADERS, null, value, time)
    context.recordContext = current
  }

  private bytesOf(key: K): Buffer {
    return this.keySerde.serialize(this.topic, key, NO_HEADERS)!
  }

  /** What the key's serde is told, as by the table's own store. */
  private get topic(): string {
    return `${this.context.applicationId}-${this.expiry.store}-changelog`
  }
}
