/* Java's small value classes, as the case texts use them. Durations and instants are milliseconds. */

export interface KeyValue {
  readonly key: unknown
  readonly value: unknown
}

export const KeyValue = { pair: (key: unknown, value: unknown): KeyValue => ({ key, value }) }
export const Duration = { ofMillis: (ms: number): number => ms }
export const Instant = { ofEpochMilli: (ms: number): number => ms }
export const List = { of: <T>(...items: T[]): T[] => items }
export const Map = { of: <K, V>(key: K, value: V): globalThis.Map<K, V> => new globalThis.Map([[key, value]]) }
export const Set = { of: <T>(...items: T[]): globalThis.Set<T> => new globalThis.Set(items) }

/** Iterates in ascending order. */
export class TreeSet<T> extends Array<T> {
  constructor(items: readonly T[]) {
    super()
    this.push(...[...items].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
  }
  // `map` and `filter` of a TreeSet give plain arrays: its constructor takes a list.
  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }
}

export class Optional<T> {
  private constructor(readonly value: T | undefined) {}
  static of<T>(value: T): Optional<T> {
    return new Optional(value)
  }
  static empty<T>(): Optional<T> {
    return new Optional<T>(undefined)
  }
  isPresent(): boolean {
    return this.value !== undefined
  }
  get(): T {
    if (this.value === undefined) throw new Error('NoSuchElementException')
    return this.value
  }
}

export const Pattern = { compile: (expression: string): RegExp => new RegExp(expression) }

export const topicsOf = (topics: string | readonly string[] | RegExp): string | string[] | RegExp =>
  typeof topics === 'string' || topics instanceof RegExp ? topics : [...topics]
