/**
 * Bytes as a string of one character per byte: what maps of this folder are keyed by. Comparing two such strings
 * compares their bytes, unsigned.
 */
export type ByteString = string

interface Latin1 {
  latin1Slice(start: number, end: number): string
  latin1Write(text: string, offset: number, length: number): number
}

// A third of the time of `toString('latin1')` on short keys, which these are.
export const byteString = (bytes: Buffer): ByteString => (bytes as unknown as Latin1).latin1Slice(0, bytes.length)

export const bytesOf = (text: ByteString): Buffer => Buffer.from(text, 'latin1')

export const writeByteString = (target: Buffer, text: ByteString, offset: number): void => {
  ;(target as unknown as Latin1).latin1Write(text, offset, text.length)
}

/** The smallest byte string above all that start with `prefix`; `undefined` where there is none. */
export const afterPrefix = (prefix: ByteString): ByteString | undefined => {
  let end = prefix.length
  while (end > 0 && prefix.charCodeAt(end - 1) === 0xff) end--
  if (end === 0) return undefined
  return prefix.slice(0, end - 1) + String.fromCharCode(prefix.charCodeAt(end - 1) + 1)
}
