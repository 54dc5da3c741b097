import type { Change } from '../record/change'
import type { DropReason } from '../record/drop-reason'
import { NO_HEADERS } from '../record/headers'
import { contextWith } from '../record/held-record-context'
import type { StreamRecord } from '../record/stream-record'
import { keySerdeOf } from '../serdes/open-serde'
import type { Serde } from '../serdes/serde'
import { ROWS_AT_ONCE, ROWS_WITH_A_RECORD } from '../state/expiry/expiring-store'
import { ExpiryIndex } from '../state/expiry/expiry-index'
import { LastUses } from '../state/expiry/last-uses'
import type { ReadListener } from '../state/expiry/reported-reads'
import type { KeyValueStore, TimestampedKeyValueStore, ValueAndTimestamp } from '../state/store'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { Operator } from './operator'
import type { OperatorContext } from './processor'

export interface Expiry<K> extends OldValues {
  readonly store: string
  /** Name of the store of the expiry index. */
  readonly index: string
  readonly afterMs: number
  /** What others read of a row keeps it. */
  readonly onAccess: boolean
  /** Nothing is forwarded for a row that expires. Its store is not cached. */
  readonly silent: boolean
  readonly keySerde: Serde<K> | undefined
}

/**
 * An operator that keeps a table whose rows expire: before it gets a record, some of the rows that have not been used for long
 * enough by stream time are deleted, and the record's own if it is one of them.
 */
export class ExpiringTableOperator<K, V, A> extends Operator<K, V, K, Change<A>> implements ReadListener {
  private rows!: TimestampedKeyValueStore<K, A>
  private forwarder!: ChangeForwarder<K, A>
  private index!: ExpiryIndex
  /** Of rows that were read after the bucket of their timestamp. Undefined before `init`. */
  private uses: LastUses | undefined
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

  override get dropReasons(): readonly DropReason[] {
    return this.table.dropReasons
  }

  override get keptStore(): string | undefined {
    return this.expiry.onAccess ? this.expiry.store : undefined
  }

  override init(context: OperatorContext<K, Change<A>>): void {
    super.init(context)
    this.table.init(context)
    const { store, index, afterMs, keySerde, sendOldValues } = this.expiry
    this.rows = context.stateStore(store)
    this.forwarder = new ChangeForwarder(this.rows, context, sendOldValues)
    this.keySerde = keySerdeOf(keySerde, context)
    this.streamTime = context.resumedStreamTime
    const indexStore = context.stateStore<KeyValueStore<Buffer, Buffer>>(index)
    this.index = new ExpiryIndex(indexStore, afterMs, context.currentStreamTime())
    this.uses = new LastUses(indexStore, this.index)
  }

  /** Another operator or processor of the task has read it: the row stays from now on, if it is not due. */
  override rowRead(key: K, row: ValueAndTimestamp<A>): void {
    const { index, uses } = this
    // by the init of another
    if (uses === undefined) return
    const now = Math.max(this.streamTime, this.context.currentStreamTime())
    if (now < 0 || (index.covers(row.timestamp) && now <= index.endOfBucket(row.timestamp))) return
    const bytes = this.bytesOf(key)
    const last = uses.get(bytes)
    if (index.expiresAt(Math.max(row.timestamp, last ?? -1)) > this.streamTime) uses.use(bytes, last, now)
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
    if (before !== null && this.expireIfDue(key, before)) before = null
    void this.table.process(record)
    const after = this.rows.get(key)
    if (after === null) {
      if (before !== null && this.expiry.onAccess) this.forgetUse(key)
      return
    }
    if (before !== null && before.timestamp > after.timestamp) this.keepUse(key, before.timestamp)
    if (this.expireIfDue(key, after)) return
    const isIndexed = before !== null && this.index.coversUpdate(before.timestamp, after.timestamp)
    if (!isIndexed) this.index.add(after.timestamp, this.bytesOf(key))
  }

  private expireDue(limit: number): void {
    for (let i = 0; i < limit; i++) {
      const due = this.index.takeDue(this.streamTime)
      if (due === undefined) return
      const key = this.keySerde.deserialize(this.topic, due.key, NO_HEADERS)
      const row = this.rows.get(key)
      // it is gone
      if (row === null) continue
      const last = this.lastUseOf(key, row)
      // it was used since
      if (last >= due.bucket.start + due.bucket.ms) continue
      // else it was indexed with a ttl that was shorter
      if (!this.expireIfDue(key, row)) this.index.add(last, due.key)
    }
  }

  private expireIfDue(key: K, row: ValueAndTimestamp<A>): boolean {
    const { index, streamTime } = this
    if (index.expiresAt(row.timestamp) > streamTime) return false
    const time = index.expiresAt(this.lastUseOf(key, row))
    if (time > streamTime) return false
    this.expire(key, row, time)
    return true
  }

  private lastUseOf(key: K, { timestamp }: ValueAndTimestamp<A>): number {
    return this.expiry.onAccess ? Math.max(timestamp, this.uses?.get(this.bytesOf(key)) ?? -1) : timestamp
  }

  /** A late update takes the row's timestamp back, but not its last use, which the timestamp stood for. */
  private keepUse(key: K, time: number): void {
    if (!this.expiry.onAccess) return
    const bytes = this.bytesOf(key)
    this.uses?.use(bytes, this.uses.get(bytes), time)
  }

  private forgetUse(key: K): void {
    const bytes = this.bytesOf(key)
    if (this.uses?.get(bytes) !== undefined) this.uses.forget(bytes)
  }

  private expire(key: K, { value }: ValueAndTimestamp<A>, time: number): void {
    const { context } = this
    const current = context.recordContext
    context.recordContext = contextWith(current, time, NO_HEADERS)
    this.rows.put(key, null)
    this.forgetUse(key)
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
