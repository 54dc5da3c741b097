const VARIABLE_SIZES = 1
const COUNT_AT = 1
const HEADER = 5
const LENGTH_BYTES = 4
const LEFT = 1
const RIGHT = 0

/**
 * Values of one side, key and time, in the order of their arrival, as Kafka Streams' list serde writes them:
 * `01 ‖ i32 count ‖ { i32 length ‖ i8 side ‖ value }*`.
 */
export const appended = (list: Buffer | null, isLeft: boolean, value: Buffer): Buffer => {
  const before = list?.length ?? HEADER
  const bytes = Buffer.allocUnsafe(before + LENGTH_BYTES + 1 + value.length)
  if (list === null) {
    bytes[0] = VARIABLE_SIZES
    bytes.writeInt32BE(1, COUNT_AT)
  } else {
    bytes.set(list, 0)
    bytes.writeInt32BE(list.readInt32BE(COUNT_AT) + 1, COUNT_AT)
  }
  bytes.writeInt32BE(1 + value.length, before)
  bytes[before + LENGTH_BYTES] = isLeft ? LEFT : RIGHT
  bytes.set(value, before + LENGTH_BYTES + 1)
  return bytes
}

/** The values, as views of the list. @throws RangeError for what is no such list */
export const valuesOf = (list: Buffer): Buffer[] => {
  if (list.length < HEADER || list[0] !== VARIABLE_SIZES)
    throw new RangeError(`${list.length} bytes are no list of values`)
  const values: Buffer[] = []
  for (let at = HEADER; at < list.length;) {
    const valueAt = at + LENGTH_BYTES + 1
    const end = valueAt > list.length ? NaN : valueAt - 1 + list.readInt32BE(at)
    if (!(end >= valueAt && end <= list.length))
      throw new RangeError(`a list of ${list.length} bytes ends within a value`)
    values.push(list.subarray(valueAt, end))
    at = end
  }
  return values
}
