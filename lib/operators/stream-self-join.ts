import type { WindowStore } from '../state/store'
import type { ValueJoiner } from './callbacks'
import { dropNull, NULL_REASONS } from './null-records'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { JoinWindow } from './stream-stream-join'
import type { DropReason } from '../record/drop-reason'
import { StreamRecord } from '../record/stream-record'

/** A stream joined with itself, on one store: the results, and their order, are those of a join of two streams. */
export class StreamSelfJoinOperator<K, V, VR> extends Operator<K, V, K, VR> {
  private store!: WindowStore<K, V>
  private streamTime = -1

  constructor(
    private readonly storeName: string,
    private readonly window: JoinWindow,
    private joiner: ValueJoiner<K, V, V, VR>,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return NULL_REASONS
  }

  override init(context: OperatorContext<K, VR>): void {
    super.init(context)
    this.joiner = context.watch(this.joiner)
    this.store = context.stateStore(this.storeName)
  }

  process({ key, value, timestamp, headers }: StreamRecord<K, V>): void {
    if (key == null || value == null) {
      dropNull(this.context, key)
      return
    }
    // before all others: where this fails, the record has no results, and stream time stays
    const withItself = new StreamRecord(key, this.joiner(value, value, key), timestamp, headers)
    if (timestamp > this.streamTime) this.streamTime = timestamp
    const { beforeMs, afterMs, graceMs } = this.window
    const forward = (left: V, right: V, time: number): void => {
      this.context.forward(new StreamRecord(key, this.joiner(left, right, key), time, headers))
    }

    for (const [time, other] of this.within(key, timestamp, beforeMs, afterMs)) {
      forward(value, other, Math.max(timestamp, time))
    }
    // the record matches itself before later ones, unless it is older than anything kept
    let meetsItself = timestamp > this.streamTime - (beforeMs + afterMs + graceMs) + 1
    for (const [time, other] of this.within(key, timestamp, afterMs, beforeMs)) {
      if (meetsItself && time > timestamp) {
        meetsItself = false
        this.context.forward(withItself)
      }
      forward(other, value, Math.max(timestamp, time))
    }
    if (meetsItself) this.context.forward(withItself)
  }

  private within(key: K, timestamp: number, beforeMs: number, afterMs: number): readonly (readonly [number, V])[] {
    return this.store.fetch(key, Math.max(0, timestamp - beforeMs), Math.max(0, timestamp + afterMs))
  }
}
