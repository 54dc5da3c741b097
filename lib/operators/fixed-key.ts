import { StreamsError } from '../errors'
import type { StateStore } from '../state/store'
import type { Cancellable, Processor, ProcessorContext, PunctuationType, RecordMetadata } from './processor'
import type { StreamRecord } from '../record/stream-record'

/** `processValues`: a user's processor that must not change keys, since nothing is repartitioned downstream. */
export class FixedKeyOperator<K, V, VR> implements Processor<K, V, K, VR> {
  private key: K | undefined

  constructor(
    private readonly processor: Processor<K, V, K, VR>,
    private readonly name: string,
  ) {}

  init(context: ProcessorContext<K, VR>): void {
    return this.processor.init?.(new FixedKeyContext(context, (key) => this.requireSameKey(key)))
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    this.key = record.key
    return this.processor.process(record)
  }

  close(): void | Promise<void> {
    return this.processor.close?.()
  }

  private requireSameKey(key: K): void {
    if (Object.is(key, this.key)) return
    throw new StreamsError(
      'PROCESSING_FAILED',
      `${this.name} forwards a record with another key than it got: processValues keeps keys. Use process to change them`,
      { operator: this.name },
    )
  }
}

class FixedKeyContext<K, VR> implements ProcessorContext<K, VR> {
  constructor(
    private readonly context: ProcessorContext<K, VR>,
    private readonly check: (key: K) => void,
  ) {}

  get applicationId(): string {
    return this.context.applicationId
  }

  get taskId(): string {
    return this.context.taskId
  }

  forward(record: StreamRecord<K, VR>, child?: string): void {
    // A punctuation has no current record: it forwards records that the processor has kept.
    if (this.context.recordMetadata() !== undefined) this.check(record.key)
    this.context.forward(record, child)
  }

  stateStore<S extends StateStore>(store: string | { readonly name: string; readonly storeType?: S }): S {
    return this.context.stateStore(store)
  }

  schedule(
    intervalMs: number,
    type: PunctuationType,
    callback: (timestamp: number) => void | Promise<void>,
    startMs?: number,
  ): Cancellable {
    return this.context.schedule(intervalMs, type, callback, startMs)
  }

  commit(): void {
    this.context.commit()
  }

  recordMetadata(): RecordMetadata | undefined {
    return this.context.recordMetadata()
  }

  currentStreamTime(): number {
    return this.context.currentStreamTime()
  }

  currentSystemTime(): number {
    return this.context.currentSystemTime()
  }
}
