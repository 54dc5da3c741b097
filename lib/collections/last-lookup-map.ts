/** A map by text that is mostly asked for the same key again: that takes a comparison of two strings, no lookup. */
export class LastLookupMap<V> {
  readonly #map = new Map<string, V>()
  #lastKey: string | undefined = undefined
  #lastValue: V | undefined = undefined

  get(key: string): V | undefined {
    return key === this.#lastKey ? this.#lastValue : this.#lookUp(key)
  }

  set(key: string, value: V): void {
    this.#map.set(key, value)
    this.#lastKey = undefined
  }

  delete(key: string): void {
    this.#map.delete(key)
    this.#lastKey = undefined
  }

  values(): IterableIterator<V> {
    return this.#map.values()
  }

  #lookUp(key: string): V | undefined {
    this.#lastKey = key
    return (this.#lastValue = this.#map.get(key))
  }
}
