import type { Duration } from '../../durations'
import type { Cancellable, ProcessorContext, PunctuationType, RecordMetadata } from '../../operators/processor'
import type { StateStore } from '../../state/store'
import type { StreamRecord } from '../../record/stream-record'

/** What a node does for its user's processor. */
export interface UserNode extends Omit<ProcessorContext<unknown, unknown>, 'forward'> {
  forwardFromUser(record: StreamRecord<unknown, unknown>, child?: string): void
}

/** What a user's processor sees. */
export class UserContext implements ProcessorContext<unknown, unknown> {
  constructor(private readonly node: UserNode) {}

  get applicationId(): string {
    return this.node.applicationId
  }

  get taskId(): string {
    return this.node.taskId
  }

  forward(record: StreamRecord<unknown, unknown>, child?: string): void {
    this.node.forwardFromUser(record, child)
  }

  stateStore<S extends StateStore>(store: string | { readonly name: string; readonly storeType?: S }): S {
    return this.node.stateStore(store)
  }

  schedule(
    interval: Duration,
    type: PunctuationType,
    callback: (timestamp: number) => void | Promise<void>,
    startMs?: number,
  ): Cancellable {
    return this.node.schedule(interval, type, callback, startMs)
  }

  commit(): void {
    this.node.commit()
  }

  recordMetadata(): RecordMetadata | undefined {
    return this.node.recordMetadata()
  }

  currentStreamTime(): number {
    return this.node.currentStreamTime()
  }

  currentSystemTime(): number {
    return this.node.currentSystemTime()
  }
}
