import { MissingDependency } from '../missing-dependency'
import type { AvroResolver, AvroType } from './avro-types'

const LENGTH = 4096
/** Up to this length, views are kept: one costs as much as a small value. */
const LONGEST_VIEW = 1024
/** More than this is not kept for the next value: of many encoders, each would have as much as its largest value took. */
const MOST_KEPT = 64 * 1024

/**
 * Values are encoded into memory that the next one writes again, since their length is not known beforehand. It grows
 * with them.
 */
export class AvroEncoder {
  private memory = Buffer.allocUnsafeSlow(LENGTH)
  /** By length. */
  private views: Buffer[] = []
  /** A logical type may have a serde write a value within the one that is written: that needs memory of its own. */
  private isEncoding = false

  /** `prefix` bytes left free, then the value in Avro's binary encoding. They are valid until the next call. */
  encode(type: AvroType, value: unknown, prefix: number): Buffer {
    if (this.isEncoding) return new AvroEncoder().encode(type, value, prefix)
    this.isEncoding = true
    try {
      for (;;) {
        const end = type.encode(value, this.memory, prefix)
        if (end >= 0) return this.view(end)
        this.grow(this.memory.length - end)
      }
    } catch (error) {
      throw error instanceof MissingDependency ? error : unfit(type, value, error as Error)
    } finally {
      this.isEncoding = false
    }
  }

  /** As `encode`, of bytes that are taken as they are. */
  copy(bytes: Uint8Array, prefix: number): Buffer {
    if (this.isEncoding) return new AvroEncoder().copy(bytes, prefix)
    const end = prefix + bytes.length
    if (end > this.memory.length) this.grow(end)
    this.memory.set(bytes, prefix)
    return this.view(end)
  }

  private view(end: number): Buffer {
    if (end <= LONGEST_VIEW) return (this.views[end] ??= this.memory.subarray(0, end))
    const bytes = this.memory.subarray(0, end)
    if (this.memory.length > MOST_KEPT) this.take(LENGTH)
    return bytes
  }

  private grow(needed: number): void {
    this.take(Math.max(needed, Math.min(2 * needed, MOST_KEPT)))
  }

  private take(length: number): void {
    this.memory = Buffer.allocUnsafeSlow(length)
    this.views = []
  }
}

/** The value behind `prefix` bytes, of the bytes from `start` up to `end`. */
export const decode = (
  type: AvroType,
  bytes: Buffer,
  start: number,
  end: number,
  prefix: number,
  resolver: AvroResolver | undefined,
): unknown => {
  try {
    const { value, offset } = type.decode(bytes, start + prefix, resolver)
    if (offset === end) return value
  } catch {
    // it may have read what follows: the error is to be about its own bytes
  }
  return decodeWhole(type, bytes.subarray(start, end), prefix, resolver)
}

const decodeWhole = (type: AvroType, bytes: Buffer, from: number, resolver: AvroResolver | undefined): unknown => {
  let decoded: { value: unknown; offset: number }
  try {
    decoded = type.decode(bytes, from, resolver)
  } catch (error) {
    if (error instanceof MissingDependency) throw error
    throw new RangeError(`these ${bytes.length} bytes are not Avro of the schema: ${(error as Error).message}`, {
      cause: error,
    })
  }
  const { value, offset } = decoded
  if (offset === bytes.length) return value
  if (offset < 0)
    throw new RangeError(`the ${bytes.length} bytes end within the value: they were written with another schema`)
  throw new RangeError(`${bytes.length - offset} bytes follow the value: they were written with another schema`)
}

/** Says which field it is: avsc only says what it holds. */
const unfit = (type: AvroType, value: unknown, cause: Error): Error => {
  let at: string | undefined
  try {
    type.isValid(value, {
      errorHook: (path) => {
        at ??= path.join('.')
      },
    })
  } catch {
    // a logical type that throws: the cause has its words
  }
  // avsc shows the value as JSON, which has no bigint
  const message = /serialize a BigInt/.test(cause.message) ? 'the schema has no bigint here' : cause.message
  return new TypeError(at ? `${message}, at ${at}` : message, { cause })
}
