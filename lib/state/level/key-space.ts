/** Bytes of the store's number in front of every key. */
export const PREFIX_BYTES = 2

const SHORT_KEY = 256

/**
 * The part of a database that starts with one store's number, in front of its keys. Keys are encoded in shared
 * scratch memory: each is valid until the next one.
 */
export class KeySpace {
  readonly #scratch = Buffer.allocUnsafe(PREFIX_BYTES + SHORT_KEY)
  /** Views of the scratch memory by length, so that a lookup allocates nothing. */
  readonly #views: Buffer[] = []

  constructor(readonly id: number) {
    this.#scratch.writeUInt16BE(id)
  }

  of(key: Buffer): Buffer {
    const full = this.#room(key.length)
    full.set(key, PREFIX_BYTES)
    return full
  }

  /** LevelDB bounds; they outlive the next key. */
  range({ from, to, toInclusive, reverse }: { from?: Buffer; to?: Buffer; toInclusive?: boolean; reverse?: boolean }) {
    const bound = (key: Buffer): Buffer => Buffer.concat([this.#prefix(this.id), key])
    const gte = from === undefined ? this.#prefix(this.id) : bound(from)
    if (to === undefined) return { gte, lt: this.#prefix(this.id + 1), reverse }
    return toInclusive ? { gte, lte: bound(to), reverse } : { gte, lt: bound(to), reverse }
  }

  #room(length: number): Buffer {
    if (length <= SHORT_KEY) return (this.#views[length] ??= this.#scratch.subarray(0, PREFIX_BYTES + length))
    const long = Buffer.allocUnsafe(PREFIX_BYTES + length)
    long.writeUInt16BE(this.id)
    return long
  }

  #prefix(id: number): Buffer {
    const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
    prefix.writeUInt16BE(id)
    return prefix
  }
}
