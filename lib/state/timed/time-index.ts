import type { ByteString } from '../../bytes/byte-string'

export interface IndexedRow {
  readonly keyText: ByteString
  readonly time: number
  readonly second: number
}

/**
 * Which rows of a store are still to be emitted when their time has passed, by time: the synchronous answer to a
 * question that the store's bytes could only be scanned for.
 */
export class TimeIndex {
  readonly #times = new Map<number, Map<string, IndexedRow>>()

  /** `secondFirst`: rows of one time come by their second number, then by key; else the other way round. */
  constructor(private readonly secondFirst: boolean) {}

  set(keyText: ByteString, time: number, second: number, present: boolean): void {
    const id = `${second}/${keyText}`
    const rows = this.#times.get(time)
    if (present) {
      if (rows === undefined) this.#times.set(time, new Map([[id, { keyText, time, second }]]))
      else if (!rows.has(id)) rows.set(id, { keyText, time, second })
    } else if (rows?.delete(id) && rows.size === 0) {
      this.#times.delete(time)
    }
  }

  /** Takes out all rows up to `to`, and gives those from `from` on, in order. */
  take(from: number, to: number): IndexedRow[] {
    const taken: IndexedRow[] = []
    for (const [time, rows] of this.#times) {
      if (time > to) continue
      // not all as arguments of one call: a stack has room for about 100 000
      if (time >= from) for (const row of rows.values()) taken.push(row)
      this.#times.delete(time)
    }
    return taken.sort(
      (a, b) => a.time - b.time || (this.secondFirst ? bySecond(a, b) || byKey(a, b) : byKey(a, b) || bySecond(a, b)),
    )
  }
}

const bySecond = (a: IndexedRow, b: IndexedRow): number => a.second - b.second
const byKey = (a: IndexedRow, b: IndexedRow): number => (a.keyText < b.keyText ? -1 : a.keyText > b.keyText ? 1 : 0)
