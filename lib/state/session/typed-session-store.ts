import { StreamsError } from '../../errors'
import { kindOf } from '../../kind-of'
import type { ScanOptions, SessionStore } from '../store'
import type { TimedReads } from '../timed/timed-entries'
import { TimedStore } from '../timed/timed-store'
import { type Window, Windowed } from '../../record/windowed'

type Sessions<K, V> = Array<readonly [Windowed<K>, V]>

/** Typed layer of the session stores. */
export class TypedSessionStore<K, V> extends TimedStore<K, V, V> implements SessionStore<K, V> {
  put(session: Windowed<K>, value: V | null): void {
    this.#requireSession(session)
    const { key, window } = session
    const { start, end } = window
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `store '${this.name}': a session lasts from a whole number of milliseconds from 1970 on to the same or a later one, and not ` +
          `from ${start} to ${end}`,
        { store: this.name },
      )
    }
    this.write(this.keyBytes(key), end, start, value)
  }

  remove(session: Windowed<K>): void {
    this.#requireSession(session)
    const { key, window } = session
    this.erase(this.keyBytes(key), window.end, window.start)
  }

  fetchSession(key: K, start: number, end: number): V | null {
    return this.entries.get(this.keyBytes(key), end, start)
  }

  fetch(key: K, options?: { reverse?: boolean }): Sessions<K, V> {
    return this.findSessions(key, 0, Infinity, options)
  }

  findSessions(key: K, earliestEnd: number, latestStart: number, options?: { reverse?: boolean }): Sessions<K, V> {
    return this.#sessions(this.entries, key, earliestEnd, latestStart, options)
  }

  /** `fetchSession` from outside the task's processing. */
  peek(key: K, start: number, end: number): V | null {
    return this.entries.peeks.get(this.keyBytes(key), end, start)
  }

  /** `findSessions` from outside the task's processing. */
  peekSessions(key: K, earliestEnd: number, latestStart: number, options?: { reverse?: boolean }): Sessions<K, V> {
    return this.#sessions(this.entries.peeks, key, earliestEnd, latestStart, options)
  }

  fetchRange(keyFrom: K | null, keyTo: K | null, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return this.scan(keyFrom, keyTo, 0, Infinity, options)
  }

  findSessionsRange(
    keyFrom: K | null,
    keyTo: K | null,
    earliestEnd: number,
    latestStart: number,
    options?: ScanOptions,
  ): AsyncIterable<[Windowed<K>, V]> {
    return startedBy(latestStart, this.scan(keyFrom, keyTo, earliestEnd, Infinity, options))
  }

  findAllSessions(earliestEnd: number, latestEnd: number, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return this.scan(null, null, earliestEnd, latestEnd, options)
  }

  windowOf(end: number, start: number): Window {
    return { start, end }
  }

  /** Without types, a key may come without its session. */
  #requireSession(session: Partial<Windowed<K>> | null | undefined): void {
    if (session?.window !== undefined) return
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `store '${this.name}': a session is new Windowed(key, { start, end }), and this is ${kindOf(session)}`,
      { store: this.name },
    )
  }

  #sessions(
    reads: TimedReads<V>,
    key: K,
    earliestEnd: number,
    latestStart: number,
    options?: { reverse?: boolean },
  ): Sessions<K, V> {
    const session = (end: number, start: number, value: V): readonly [Windowed<K>, V] => [
      new Windowed(key, { start, end }),
      value,
    ]
    const found = reads.range(this.keyBytes(key), earliestEnd, Infinity, session, options?.reverse)
    return found.filter(([{ window }]) => window.start <= latestStart)
  }
}

async function* startedBy<K, V>(
  latestStart: number,
  sessions: AsyncIterable<[Windowed<K>, V]>,
): AsyncGenerator<[Windowed<K>, V]> {
  for await (const session of sessions) if (session[0].window.start <= latestStart) yield session
}
