/** Big-endian writing into a buffer that grows. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(256)
  #at = 0

  uint16(value: number): void {
    this.#reserve(2)
    this.#at = this.#buffer.writeUInt16BE(value, this.#at)
  }

  int32(value: number): void {
    this.#reserve(4)
    this.#at = this.#buffer.writeInt32BE(value, this.#at)
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#at = this.#buffer.writeUInt32BE(value, this.#at)
  }

  float64(value: number): void {
    this.#reserve(8)
    this.#at = this.#buffer.writeDoubleBE(value, this.#at)
  }

  string(value: string): void {
    const length = Buffer.byteLength(value)
    this.uint32(length)
    this.#reserve(length)
    this.#at += this.#buffer.write(value, this.#at)
  }

  /** As Java's `writeUTF`, for text without characters beyond the basic plane: names of topics and hosts. */
  shortString(value: string): void {
    const length = Buffer.byteLength(value)
    this.uint16(length)
    this.#reserve(length)
    this.#at += this.#buffer.write(value, this.#at)
  }

  finish(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#at))
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

/** Reads what `ByteWriter` wrote; throws a `RangeError` where the bytes end too early. */
export class ByteReader {
  #at = 0

  constructor(private readonly buffer: Buffer) {}

  uint16(): number {
    const value = this.buffer.readUInt16BE(this.#at)
    this.#at += 2
    return value
  }

  int32(): number {
    const value = this.buffer.readInt32BE(this.#at)
    this.#at += 4
    return value
  }

  uint32(): number {
    const value = this.buffer.readUInt32BE(this.#at)
    this.#at += 4
    return value
  }

  float64(): number {
    const value = this.buffer.readDoubleBE(this.#at)
    this.#at += 8
    return value
  }

  string(): string {
    return this.#text(this.uint32())
  }

  shortString(): string {
    return this.#text(this.uint16())
  }

  list<T>(read: (reader: this) => T): T[] {
    const count = this.uint32()
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(read(this))
    return items
  }

  #text(length: number): string {
    const end = this.#at + length
    if (end > this.buffer.length) throw new RangeError(`a string of ${length} bytes ends after the data`)
    const value = this.buffer.toString('utf8', this.#at, end)
    this.#at = end
    return value
  }
}
