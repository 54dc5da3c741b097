/** A promise with its ends exposed. */
export class Deferred<T> {
  resolve!: (value: T) => void
  reject!: (cause: Error) => void
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })
}
