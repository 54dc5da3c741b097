/** What Confluent's serializers put before a value: a zero byte and the id of the schema that it was written with. */
export const MAGIC = 0
/** Of magic byte and schema id. */
export const PREFIX_BYTES = 5

/** The id of a value's schema. @throws RangeError for another format; `instead` says what to read that with */
export const schemaIdOf = (bytes: Buffer, instead: string): number => {
  if (bytes.length >= PREFIX_BYTES && bytes[0] === MAGIC) return bytes.readInt32BE(1)
  throw new RangeError(
    `Confluent's format begins with 00 and the schema's id, got ${bytes.length} bytes: ${bytes.subarray(0, 8).toString('hex')}; ${instead}`,
  )
}

export const writePrefix = (bytes: Buffer, id: number): void => {
  bytes[0] = MAGIC
  bytes.writeInt32BE(id, 1)
}
