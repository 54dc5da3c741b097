import { readTimestamp, writeTimestamp } from '../bytes/timestamped-bytes'
import type { Serde } from './serde'
import { withReadRange } from './shortcuts'

const expectLength = (actual: number, length: number, type: string): void => {
  if (actual !== length) throw new RangeError(`${type} is ${length} bytes, got ${actual}`)
}

const expectNumber = (value: unknown, type: string): void => {
  if (typeof value !== 'number') throw new TypeError(`${type} needs a number, got ${typeof value}`)
}

const integerSerde = (type: string, length: 2 | 4, min: number, max: number): Serde<number> =>
  withReadRange(
    {
      serialize(_topic, value) {
        expectNumber(value, type)
        if (!Number.isInteger(value) || value < min || value > max) {
          throw new RangeError(`${type} needs an integer from ${min} to ${max}, got ${value}`)
        }
        const bytes = Buffer.allocUnsafe(length)
        bytes.writeIntBE(value, 0, length)
        return bytes
      },
      sizeOf: (value) =>
        Number.isInteger(value) && value >= min && value <= max && !Object.is(value, -0) ? length : undefined,
    },
    (bytes, start, end) => {
      expectLength(end - start, length, type)
      return bytes.readIntBE(start, length)
    },
  )

const writeLong = (bytes: Buffer, value: unknown): Buffer => {
  expectNumber(value, 'long')
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(
      `long needs an integer within ±(2^53 − 1), got ${value as number}; for larger values use serdes.bigint()`,
    )
  }
  writeTimestamp(bytes, value as number)
  return bytes
}

const readLong = (bytes: Buffer, start: number, end: number): number => {
  expectLength(end - start, 8, 'long')
  const value = readTimestamp(bytes, start)
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(
      `long ${bytes.readBigInt64BE(start)} is beyond 2^53 and would lose digits; read it with serdes.bigint()`,
    )
  }
  return value
}

const longSerde = withReadRange<number>(
  {
    serialize: (_topic, value) => writeLong(Buffer.allocUnsafe(8), value),
    sizeOf: (value) => (Number.isSafeInteger(value) && !Object.is(value, -0) ? 8 : undefined),
  },
  readLong,
  {
    newWriter: () => {
      const bytes = Buffer.allocUnsafe(8)
      return (_topic, value) => writeLong(bytes, value)
    },
  },
)

const bigintSerde = withReadRange<bigint>(
  {
    serialize(_topic, value) {
      if (typeof value !== 'bigint') throw new TypeError(`bigint needs a bigint, got ${typeof value}`)
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigInt64BE(value)
      return bytes
    },
    sizeOf: (value) => (typeof value === 'bigint' && BigInt.asIntN(64, value) === value ? 8 : undefined),
  },
  (bytes, start, end) => {
    expectLength(end - start, 8, 'bigint')
    return bytes.readBigInt64BE(start)
  },
)

const doubleSerde = withReadRange<number>(
  {
    serialize(_topic, value) {
      expectNumber(value, 'double')
      const bytes = Buffer.allocUnsafe(8)
      // As Double.doubleToLongBits: one NaN, whatever its payload.
      if (Number.isNaN(value)) bytes.writeBigUInt64BE(0x7ff8000000000000n)
      else bytes.writeDoubleBE(value)
      return bytes
    },
    sizeOf: (value) => (typeof value === 'number' ? 8 : undefined),
  },
  (bytes, start, end) => {
    expectLength(end - start, 8, 'double')
    return bytes.readDoubleBE(start)
  },
)

const floatSerde = withReadRange<number>(
  {
    serialize(_topic, value) {
      expectNumber(value, 'float')
      const bytes = Buffer.allocUnsafe(4)
      bytes.writeFloatBE(value)
      return bytes
    },
    sizeOf: (value) => (typeof value === 'number' && Object.is(Math.fround(value), value) ? 4 : undefined),
  },
  (bytes, start, end) => {
    expectLength(end - start, 4, 'float')
    return bytes.readFloatBE(start)
  },
)

const intSerde = integerSerde('int', 4, -0x8000_0000, 0x7fff_ffff)
const shortSerde = integerSerde('short', 2, -0x8000, 0x7fff)

/**
 * Java's `Long` as a number: 8 bytes, big-endian. Throws beyond 2^53; {@link bigint} reads and writes the same bytes without that limit.
 *
 * @example
 * counts.toStream().to('counts', { value: serdes.long() })
 */
export const long = (): Serde<number> => longSerde
/**
 * Java's `Long` as a bigint: 8 bytes, big-endian. Throws beyond 64 bits.
 *
 * @example
 * builder.table('balances', { value: serdes.bigint() })
 */
export const bigint = (): Serde<bigint> => bigintSerde
/**
 * Java's `Integer`: 4 bytes, big-endian. Throws for a fraction or beyond 32 bits.
 *
 * @example
 * builder.stream('temperatures', { value: serdes.int() })
 */
export const int = (): Serde<number> => intSerde
/**
 * Java's `Short`: 2 bytes, big-endian. Throws for a fraction or beyond 16 bits.
 *
 * @example
 * builder.stream('ports', { value: serdes.short() })
 */
export const short = (): Serde<number> => shortSerde
/**
 * Java's `Double`: 8 bytes IEEE 754.
 *
 * @example
 * revenue.toStream().to('revenue', { value: serdes.double() })
 */
export const double = (): Serde<number> => doubleSerde
/**
 * Java's `Float`: 4 bytes IEEE 754; a number is rounded to single precision.
 *
 * @example
 * builder.stream('readings', { value: serdes.float() })
 */
export const float = (): Serde<number> => floatSerde
