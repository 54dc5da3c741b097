/** What both sides of a left or outer join of two streams know of time. As in Kafka Streams, it starts anew with the task. */
export class JoinClock {
  /** The largest timestamp seen on either side. */
  streamTime = -1
  /** No record older than this waits, as far as known; undefined: not known, or nothing waits. */
  oldestWaiting: number | undefined = undefined
  /** Wall-clock time before which nothing is looked for. */
  nextEmit = 0

  advance(timestamp: number): void {
    if (timestamp > this.streamTime) this.streamTime = timestamp
  }

  waits(timestamp: number): void {
    if (this.oldestWaiting === undefined || timestamp < this.oldestWaiting) this.oldestWaiting = timestamp
  }
}

/** The clocks of a join, one for each task: found by the store that both sides share there. */
export class JoinClocks {
  readonly #byStore = new WeakMap<object, JoinClock>()

  of(store: object): JoinClock {
    let clock = this.#byStore.get(store)
    if (clock === undefined) this.#byStore.set(store, (clock = new JoinClock()))
    return clock
  }
}
