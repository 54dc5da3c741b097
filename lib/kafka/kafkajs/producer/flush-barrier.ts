import type { ClientError } from '../../port'

/** One waiting `flush()`: counts down the batches that were unacknowledged when it was called. */
export class FlushBarrier {
  readonly done: Promise<ReadonlyMap<string, number>>
  private resolve!: (offsets: ReadonlyMap<string, number>) => void
  private reject!: (error: ClientError) => void
  private pending = 0

  /** `offsets`: already acknowledged ones, by `tpKey`; extended as the batches complete. */
  constructor(private readonly offsets: Map<string, number>) {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  expect(): void {
    this.pending++
  }

  acknowledge(key: string, lastOffset: number): void {
    if (lastOffset > (this.offsets.get(key) ?? -1)) this.offsets.set(key, lastOffset)
    if (--this.pending === 0) this.resolve(this.offsets)
  }

  /** Resolves at once if there is nothing to wait for. */
  settle(): void {
    if (this.pending === 0) this.resolve(this.offsets)
  }

  fail(error: ClientError): void {
    this.reject(error)
  }
}
