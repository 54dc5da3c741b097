import { StreamsError } from '../../errors'
import type { ReadOnlyWindowStore, ScanOptions, ValueAndTimestamp, WindowStore } from '../store'
import type { Windowed } from '../../record/windowed'

/** A timestamped window store as one of plain values, for readers that don't ask for timestamps. */
export class PlainWindowView<K, V> implements WindowStore<K, V> {
  constructor(private readonly store: ReadOnlyWindowStore<K, ValueAndTimestamp<V>>) {}

  get name(): string {
    return this.store.name
  }

  get persistent(): boolean {
    return this.store.persistent
  }

  fetch(key: K, windowStart: number): V | null
  fetch(key: K, timeFrom: number, timeTo: number, options?: { reverse?: boolean }): ReadonlyArray<readonly [number, V]>
  fetch(
    key: K,
    timeFrom: number,
    timeTo?: number,
    options?: { reverse?: boolean },
  ): V | null | ReadonlyArray<readonly [number, V]> {
    if (timeTo === undefined) return this.store.fetch(key, timeFrom)?.value ?? null
    return this.store.fetch(key, timeFrom, timeTo, options).map(([start, { value }]) => [start, value] as const)
  }

  fetchRange(
    keyFrom: K | null,
    keyTo: K | null,
    timeFrom: number,
    timeTo: number,
    options?: ScanOptions,
  ): AsyncIterable<[Windowed<K>, V]> {
    return plain(this.store.fetchRange(keyFrom, keyTo, timeFrom, timeTo, options))
  }

  fetchAll(timeFrom: number, timeTo: number, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return plain(this.store.fetchAll(timeFrom, timeTo, options))
  }

  all(options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return plain(this.store.all(options))
  }

  put(): never {
    throw new StreamsError(
      'ILLEGAL_STATE',
      `store "${this.name}" is a table's, and only the table writes it: keep what a processor writes in a store of its own`,
      { store: this.name },
    )
  }
}

async function* plain<K, V>(
  entries: AsyncIterable<[Windowed<K>, ValueAndTimestamp<V>]>,
): AsyncGenerator<[Windowed<K>, V]> {
  for await (const [windowed, { value }] of entries) yield [windowed, value]
}
