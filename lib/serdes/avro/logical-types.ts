import type { AvroComplexSchema } from './schema'

/** How a logical type's values are converted. Both functions throw for invalid input. */
export interface AvroLogicalType<T = unknown, Raw = never> {
  /** From the underlying type's value: a number, a Buffer, a string … */
  fromAvro(raw: Raw, schema: AvroComplexSchema): T
  /** To the underlying type's value. */
  toAvro(value: T, schema: AvroComplexSchema): unknown
  /** The underlying types that it applies to; on others it is ignored, as Avro specifies. Default: all. */
  readonly on?: readonly string[]
}

/** By name. `false` keeps the underlying type's values. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the underlying values differ from entry to entry
export type AvroLogicalTypes = Readonly<Record<string, AvroLogicalType<any, any> | false>>

/** None besides the built-in ones. */
export type NoLogicalTypes = Readonly<Record<never, never>>

interface BuiltIn {
  'timestamp-millis': { on: 'long'; value: Date }
  date: { on: 'int'; value: Date }
  decimal: { on: 'bytes' | 'fixed'; value: string }
  uuid: { on: 'string'; value: string }
}

/** The type of a logical type's values; `Plain` for those that nobody converts. */
export type LogicalValue<Name, On, Own extends AvroLogicalTypes, Plain> = Name extends keyof Own
  ? Own[Name] extends AvroLogicalType<infer T, never>
    ? T
    : Plain
  : Name extends keyof BuiltIn
    ? On extends BuiltIn[Name]['on']
      ? BuiltIn[Name]['value']
      : Plain
    : Plain

const DAY_MS = 86_400_000
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

const millisOf = (value: unknown): number => {
  if (!(value instanceof Date)) throw new TypeError(`a Date is needed, got ${typeof value}`)
  const millis = value.getTime()
  if (Number.isNaN(millis)) throw new RangeError('an invalid Date has no time')
  return millis
}

const timestampMillis: AvroLogicalType<Date, number | bigint> = {
  fromAvro: (millis) => new Date(Number(millis)),
  toAvro: millisOf,
  on: ['long'],
}

/** Midnight UTC. */
const date: AvroLogicalType<Date, number> = {
  fromAvro: (days) => new Date(days * DAY_MS),
  toAvro(value) {
    const days = millisOf(value) / DAY_MS
    if (Number.isInteger(days)) return days
    throw new RangeError(
      `a date is midnight UTC, got ${value.toISOString()}: cut the time off, or use timestamp-millis`,
    )
  },
  on: ['int'],
}

/** An exact string with as many decimal places as the schema's scale: numbers would round. */
const decimal: AvroLogicalType<string, Buffer> = {
  fromAvro(bytes, { scale = 0 }) {
    const unscaled = bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
    const whole = digits.slice(0, digits.length - scale)
    const places = scale === 0 ? '' : `.${digits.slice(-scale)}`
    return `${unscaled < 0n ? '-' : ''}${whole}${places}`
  },
  toAvro(value, { scale = 0, precision, size }) {
    const [, sign, whole, places = ''] = (typeof value === 'string' && DECIMAL.exec(value)) || []
    if (whole === undefined) {
      throw new TypeError(
        `a decimal is text such as '12.50', got ${typeof value === 'string' ? `'${value}'` : typeof value}`,
      )
    }
    if (places.length > scale) {
      throw new RangeError(
        `the decimal ${value} has ${places.length} places, and the schema's scale is ${scale}: round it`,
      )
    }
    const magnitude = BigInt(whole + places.padEnd(scale, '0'))
    if (precision !== undefined && magnitude >= 10n ** BigInt(precision)) {
      throw new RangeError(`the decimal ${value} has more digits than the schema's precision of ${precision}`)
    }
    return twosComplement(sign === '-' ? -magnitude : magnitude, size)
  },
  on: ['bytes', 'fixed'],
}

/** Big-endian: as short as can be, or of the `size` of a fixed type. */
const twosComplement = (value: bigint, size: number | undefined): Buffer => {
  let length = size ?? 1
  while (BigInt.asIntN(length * 8, value) !== value) {
    if (size !== undefined) throw new RangeError(`${value} does not fit into ${size} bytes`)
    length++
  }
  return Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  )
}

const uuid: AvroLogicalType<string, string> = {
  fromAvro: (text) => text,
  toAvro(value) {
    if (typeof value === 'string' && UUID.test(value)) return value.toLowerCase()
    throw new RangeError(`not a UUID: ${JSON.stringify(value)}`)
  },
  on: ['string'],
}

/** Types without an entry here keep the underlying type's values: times of day and microseconds as numbers. */
export const BUILT_IN_LOGICAL_TYPES: AvroLogicalTypes & Record<keyof BuiltIn, unknown> = {
  'timestamp-millis': timestampMillis,
  date,
  decimal,
  uuid,
}
