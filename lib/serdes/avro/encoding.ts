import type { AvroResolver, AvroType } from './avro-types'

/** Records are encoded here first, since their length is not known beforehand. Grows with them. */
let scratch = Buffer.allocUnsafeSlow(4096)

/** `prefix` bytes left free, then the value in Avro's binary encoding. */
export const encode = (type: AvroType, value: unknown, prefix: number): Buffer => {
  for (;;) {
    let end: number
    try {
      end = type.encode(value, scratch, prefix)
    } catch (error) {
      throw unfit(type, value, error as Error)
    }
    if (end >= 0) {
      const bytes = Buffer.allocUnsafe(end)
      scratch.copy(bytes, 0, 0, end)
      return bytes
    }
    scratch = Buffer.allocUnsafeSlow((scratch.length - end) * 2)
  }
}

export const decode = (type: AvroType, bytes: Buffer, from: number, resolver: AvroResolver | undefined): unknown => {
  let decoded: { value: unknown; offset: number }
  try {
    decoded = type.decode(bytes, from, resolver)
  } catch (error) {
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
