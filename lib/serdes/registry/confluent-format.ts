/** What Confluent's serializers put before a value: a zero byte and the id of the schema that it was written with. */
export const MAGIC = 0
/** Of magic byte and schema id. */
export const PREFIX_BYTES = 5

/** The id of the schema of a value, whose bytes begin at `start`. @throws RangeError for another format; `instead` says what to read that with */
export const schemaIdOf = (bytes: Buffer, instead: string, start = 0, end = bytes.length): number => {
  if (end - start >= PREFIX_BYTES && bytes[start] === MAGIC) return bytes.readInt32BE(start + 1)
  throw new RangeError(
    `Confluent's format begins with 00 and the schema's id, got ${end - start} bytes: ${bytes.toString('hex', start, Math.min(start + 8, end))}; ${instead}`,
  )
}

export const writePrefix = (bytes: Buffer, id: number): void => {
  bytes[0] = MAGIC
  bytes.writeInt32BE(id, 1)
}
