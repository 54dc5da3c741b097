import { setImmediate } from 'node:timers/promises'
import type { ByteScan, ByteStore } from 'millrace'

/** Uncommitted writes; `null` is a deletion. */
type Writes = Map<string, Buffer | null>

const text = (bytes: Buffer): string => bytes.toString('latin1')

/** How many entries a scan gives before other work has its turn. */
const PAGE = 1000

/** A store's entries in memory: what is committed, and over it what is sealed and what was written since. */
export class LogStore implements ByteStore {
  readonly committed = new Map<string, Buffer>()
  sealed: Writes | null = null
  sealedBelow: string | null = null
  restored: Writes = new Map()
  #current: Writes = new Map()
  #below: string | null = null

  /** `check` throws once the database is closed. */
  constructor(private readonly check: () => void) {}

  get(key: Buffer): Buffer | null {
    this.check()
    return this.#find(text(key))
  }

  put(key: Buffer, value: Buffer | null): void {
    this.#current.set(text(key), value === null ? null : copyOf(value))
  }

  restore(key: Buffer, value: Buffer | null, timestamp?: number): void {
    this.restored.set(text(key), value === null ? null : copyOf(value, timestamp))
  }

  async *scan({ from, to, toInclusive = false, reverse = false, signal }: ByteScan): AsyncGenerator<[Buffer, Buffer]> {
    signal?.throwIfAborted()
    this.check()
    const [low, high] = [from && text(from), to && text(to)]
    const isIn = (key: string): boolean =>
      (low === undefined || key >= low) && (high === undefined || (toInclusive ? key <= high : key < high))
    const entries = this.#keys()
      .filter(isIn)
      .sort()
      .map((key) => [key, this.#find(key)!] as const)
    if (reverse) entries.reverse()
    for (const [i, [key, value]] of entries.entries()) {
      if (i % PAGE === PAGE - 1) await setImmediate()
      signal?.throwIfAborted()
      yield [Buffer.from(key, 'latin1'), value]
    }
  }

  dropBelow(key: Buffer): void {
    this.#below = text(key)
  }

  approximateNumEntries(): number {
    return this.#keys().length
  }

  get dirtyBytes(): number {
    let bytes = 0
    for (const writes of [this.restored, this.sealed, this.#current]) {
      for (const [key, value] of writes ?? []) bytes += key.length + (value?.length ?? 0)
    }
    return bytes
  }

  seal(): void {
    this.sealedBelow = this.#below ?? this.sealedBelow
    this.#below = null
    this.sealed = new Map([...(this.sealed ?? []), ...this.#current])
    this.#current = new Map()
  }

  discard(): void {
    this.restored = new Map()
    this.sealed = null
    this.sealedBelow = null
    this.#current = new Map()
    this.#below = null
  }

  #find(key: string): Buffer | null {
    const written = this.#current.get(key) ?? (this.#current.has(key) ? null : this.sealed?.get(key))
    return written === undefined ? (this.committed.get(key) ?? null) : written
  }

  #keys(): string[] {
    const keys = new Set([...this.committed.keys(), ...(this.sealed?.keys() ?? []), ...this.#current.keys()])
    return [...keys].filter((key) => this.#find(key) !== null)
  }
}

/** Behind its timestamp, if it has one. */
const copyOf = (value: Buffer, timestamp?: number): Buffer => {
  if (timestamp === undefined) return Buffer.from(value)
  const time = Buffer.alloc(8)
  time.writeBigInt64BE(BigInt(timestamp))
  return Buffer.concat([time, value])
}
