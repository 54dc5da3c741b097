import type { StateStore, StoreBuilder, ValueAndTimestamp } from '../state/store'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { requireNoPromise } from './refused-results'
import type { ValueGetter, ValueGetterSupplier } from './value-getter'
import { openTable, type TableStore } from './table-store'
import type { ValueTransformer, ValueTransformerContext, ValueTransformerSupplier } from './value-transformer'
import { NO_HEADERS } from '../record/headers'
import { Change } from '../record/change'
import type { RecordContext } from '../record/record-context'
import type { StreamRecord } from '../record/stream-record'

/* eslint-disable @typescript-eslint/no-explicit-any -- what an operator forwards is no matter of those whose rows it reads */

type Transform<K, V, VR> = (value: V | null, key: K) => VR | null

/** Creates and initializes a user's transformer, and returns its call. */
const started = <K, V, VR>(
  transformer: ValueTransformer<K, V, VR>,
  context: OperatorContext<any, any>,
): Transform<K, V, VR> => {
  requireNoPromise(transformer.init?.(withoutForward(context)))
  const transform = context.watch((value: V | null, key: K, meta: RecordContext) =>
    transformer.transform(value, key, meta),
  )
  return (value, key) => transform(value, key, context.recordContext) ?? null
}

/** `transformValues` of a table. Unlike `mapValues`, the transformer also sees deletes. */
export class TableTransformValuesOperator<K, V, VR> extends Operator<K, Change<V>, K, Change<VR>> {
  private readonly transformer: ValueTransformer<K, V, VR>
  private transform!: Transform<K, V, VR>
  private store: TableStore<K, VR> | null = null
  private forwarder: ChangeForwarder<K, VR> | null = null

  constructor(
    supplier: ValueTransformerSupplier<K, V, VR>,
    private readonly storeName: string | null,
    private readonly options: OldValues,
  ) {
    super()
    this.transformer = supplier()
  }

  override init(context: OperatorContext<K, Change<VR>>): void {
    super.init(context)
    this.transform = started(this.transformer, context)
    if (this.storeName === null) return
    this.store = openTable(context, this.storeName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: change, timestamp } = record
    const newValue = this.transform(change.newValue, key)
    if (this.store === null) {
      const oldValue = this.options.sendOldValues ? this.transform(change.oldValue, key) : null
      this.context.forward(
        record.withValue(new Change(newValue, oldValue, change.isLatest || !this.options.versionedOutput)),
      )
      return
    }
    const oldValue = this.options.sendOldValues ? (this.store.get(key)?.value ?? null) : null
    const isLatest = this.store.put(key, newValue, timestamp)
    if (isLatest !== undefined) this.forwarder!.forward(record, newValue, oldValue, timestamp, isLatest)
  }

  close(): void | Promise<void> {
    return this.transformer.close?.()
  }
}

/** The rows of a transformed table without a store of its own: each reader has a transformer of its own. */
export class TransformedRows<K, V, VR> implements ValueGetterSupplier<K, VR> {
  readonly stores: readonly StoreBuilder<StateStore>[]

  constructor(
    private readonly parent: ValueGetterSupplier<K, V>,
    private readonly supplier: ValueTransformerSupplier<K, V, VR>,
  ) {
    this.stores = parent.stores
  }

  open(context: OperatorContext<any, any>): ValueGetter<K, VR> {
    const parent = this.parent.open(context)
    const transformer = this.supplier()
    const transform = started(transformer, context)
    const row = (key: K, found: ValueAndTimestamp<V> | null): ValueAndTimestamp<VR> | null => {
      const timestamp = found === null ? -1 : found.timestamp
      const current = context.recordContext
      // the row's own time; its origin is no longer known
      context.recordContext = { topic: null, partition: -1, offset: -1, timestamp, headers: NO_HEADERS }
      try {
        const value = transform(found === null ? null : found.value, key)
        return value === null ? null : { value, timestamp }
      } finally {
        context.recordContext = current
      }
    }
    return {
      versioned: parent.versioned,
      get: (key) => row(key, parent.get(key)),
      getAsOf: (key, time) => row(key, parent.getAsOf(key, time)),
      close: async () => {
        await Promise.all([parent.close?.(), transformer.close?.()])
      },
    }
  }
}

const withoutForward = (context: OperatorContext<any, any>): ValueTransformerContext => ({
  get applicationId() {
    return context.applicationId
  },
  get taskId() {
    return context.taskId
  },
  stateStore: (store) => context.stateStore(store),
  schedule: (interval, type, callback, startMs) => context.schedule(interval, type, callback, startMs),
  commit: () => context.commit(),
  recordMetadata: () => context.recordMetadata(),
  currentStreamTime: () => context.currentStreamTime(),
  currentSystemTime: () => context.currentSystemTime(),
})
