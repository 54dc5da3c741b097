import { EmitInterval } from './emit-interval'

/** The time shared by both sides of a left or outer stream–stream join. As in Kafka Streams, it is reset with the task. */
export class JoinClock {
  /** The largest timestamp seen on either side. */
  streamTime = -1
  /** No record older than this waits; undefined if that is not known, or nothing waits. */
  oldestWaiting: number | undefined = undefined
  /** The last time that one of the sides was told of without a record. */
  private announced = -1
  /** When both sides look for what has waited long enough. */
  readonly emission = new EmitInterval()

  advance(timestamp: number): void {
    if (timestamp > this.streamTime) this.streamTime = timestamp
  }

  /** A side is told that it is this late. True when both are: until then the other one may still get records of before. */
  announce(to: number): boolean {
    const isSecond = this.announced === to
    this.announced = to
    if (isSecond) this.advance(to)
    return isSecond
  }

  waits(timestamp: number): void {
    if (this.oldestWaiting === undefined || timestamp < this.oldestWaiting) this.oldestWaiting = timestamp
  }
}

/** A join's clocks, one per task, keyed by the store that both sides share. */
export class JoinClocks {
  readonly #byStore = new WeakMap<object, JoinClock>()

  of(store: object): JoinClock {
    let clock = this.#byStore.get(store)
    if (clock === undefined) this.#byStore.set(store, (clock = new JoinClock()))
    return clock
  }
}
