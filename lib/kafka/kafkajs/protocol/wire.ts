const TWO_32 = 4294967296

/**
 * Writes the body of a Kafka request. In place of kafkajs's Encoder: 64-bit integers are numbers or bigints without a
 * detour over strings, and nothing is zero-filled. `buf` and `buffer` are the two members that kafkajs reads of an Encoder.
 */
export class WireWriter {
  buf: Buffer
  private position = 0

  constructor(size = 256) {
    this.buf = Buffer.allocUnsafe(size)
  }

  get buffer(): Buffer {
    return this.buf.subarray(0, this.position)
  }

  private room(bytes: number): number {
    const at = this.position
    if (at + bytes > this.buf.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.buf.length * 2, at + bytes))
      this.buf.copy(larger, 0, 0, at)
      this.buf = larger
    }
    this.position = at + bytes
    return at
  }

  int8(value: number): this {
    const at = this.room(1)
    this.buf.writeInt8(value, at)
    return this
  }

  int16(value: number): this {
    const at = this.room(2)
    this.buf.writeInt16BE(value, at)
    return this
  }

  int32(value: number): this {
    const at = this.room(4)
    this.buf.writeInt32BE(value, at)
    return this
  }

  int64(value: number | bigint): this {
    const at = this.room(8)
    if (typeof value === 'bigint') this.buf.writeBigInt64BE(value, at)
    else {
      const high = Math.floor(value / TWO_32)
      this.buf.writeInt32BE(high, at)
      this.buf.writeUInt32BE(value - high * TWO_32, at + 4)
    }
    return this
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  uvarint(value: number): this {
    let rest = value
    while (rest > 0x7f) {
      this.int8((((rest & 0x7f) | 0x80) << 24) >> 24)
      rest >>>= 7
    }
    return this.int8(rest)
  }

  /** STRING and NULLABLE_STRING */
  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const length = Buffer.byteLength(value)
    this.int16(length)
    const at = this.room(length)
    this.buf.write(value, at)
    return this
  }

  /** BYTES and NULLABLE_BYTES */
  bytes(value: Uint8Array | null): this {
    if (value === null) return this.int32(-1)
    return this.int32(value.length).raw(value)
  }

  raw(value: Uint8Array): this {
    const at = this.room(value.length)
    this.buf.set(value, at)
    return this
  }

  array<T>(items: readonly T[] | null, write: (item: T) => void): this {
    if (items === null) return this.int32(-1)
    this.int32(items.length)
    for (const item of items) write(item)
    return this
  }

  compactString(value: string | null): this {
    if (value === null) return this.uvarint(0)
    const length = Buffer.byteLength(value)
    this.uvarint(length + 1)
    const at = this.room(length)
    this.buf.write(value, at)
    return this
  }

  compactBytes(value: Uint8Array | null): this {
    if (value === null) return this.uvarint(0)
    return this.uvarint(value.length + 1).raw(value)
  }

  compactArray<T>(items: readonly T[] | null, write: (item: T) => void): this {
    if (items === null) return this.uvarint(0)
    this.uvarint(items.length + 1)
    for (const item of items) write(item)
    return this
  }

  /** An empty section of tagged fields. */
  tags(): this {
    return this.uvarint(0)
  }
}

/** Below this, a copy costs less than one more piece. */
const PIECE_BYTES = 1024

/** Refers to large byte arrays instead of copying them: the body comes in pieces, to be written to a socket one after the other. */
export class PiecewiseWriter extends WireWriter {
  private readonly pieces: Uint8Array[] = []
  /** What precedes is in pieces. */
  private cutAt = 0

  override bytes(value: Uint8Array | null): this {
    if (value === null || value.length < PIECE_BYTES) return super.bytes(value)
    this.int32(value.length)
    this.cut()
    this.pieces.push(value)
    return this
  }

  finish(): readonly Uint8Array[] {
    this.cut()
    return this.pieces
  }

  private cut(): void {
    const { buffer } = this
    if (buffer.length > this.cutAt) this.pieces.push(buffer.subarray(this.cutAt))
    this.cutAt = buffer.length
  }
}

/** Reads the body of a Kafka response: the counterpart of {@link WireWriter}. `bytes` are views of the response. */
export class WireReader {
  position = 0

  constructor(readonly buffer: Buffer) {}

  int8(): number {
    return this.buffer.readInt8(this.position++)
  }

  int16(): number {
    const value = this.buffer.readInt16BE(this.position)
    this.position += 2
    return value
  }

  int32(): number {
    const value = this.buffer.readInt32BE(this.position)
    this.position += 4
    return value
  }

  /** Exact to 2^53: for offsets and timestamps. */
  int64(): number {
    const value = this.buffer.readInt32BE(this.position) * TWO_32 + this.buffer.readUInt32BE(this.position + 4)
    this.position += 8
    return value
  }

  /** For producer ids. */
  bigint64(): bigint {
    const value = this.buffer.readBigInt64BE(this.position)
    this.position += 8
    return value
  }

  boolean(): boolean {
    return this.int8() !== 0
  }

  uvarint(): number {
    let value = 0
    let shift = 0
    let byte: number
    do {
      byte = this.buffer.readUInt8(this.position++)
      value |= (byte & 0x7f) << shift
      shift += 7
    } while (byte & 0x80)
    return value >>> 0
  }

  nullableString(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.text(length)
  }

  string(): string {
    return this.nullableString() ?? ''
  }

  nullableBytes(): Buffer | null {
    const length = this.int32()
    return length < 0 ? null : this.view(length)
  }

  array<T>(read: () => T): T[] {
    return this.items(this.int32(), read)
  }

  nullableCompactString(): string | null {
    const length = this.uvarint() - 1
    return length < 0 ? null : this.text(length)
  }

  compactString(): string {
    return this.nullableCompactString() ?? ''
  }

  nullableCompactBytes(): Buffer | null {
    const length = this.uvarint() - 1
    return length < 0 ? null : this.view(length)
  }

  compactArray<T>(read: () => T): T[] {
    return this.items(this.uvarint() - 1, read)
  }

  /** Reads a section of tagged fields, or skips it. */
  tags(read?: (tag: number, field: WireReader) => void): void {
    for (let count = this.uvarint(); count > 0; count--) {
      const tag = this.uvarint()
      const field = this.view(this.uvarint())
      read?.(tag, new WireReader(field))
    }
  }

  view(length: number): Buffer {
    const end = this.position + length
    if (end > this.buffer.length)
      throw new RangeError(`${length} bytes wanted at ${this.position} of ${this.buffer.length}`)
    const view = this.buffer.subarray(this.position, end)
    this.position = end
    return view
  }

  private text(length: number): string {
    return this.view(length).toString('utf8')
  }

  private items<T>(length: number, read: () => T): T[] {
    const items: T[] = []
    for (let i = 0; i < length; i++) items.push(read())
    return items
  }
}
