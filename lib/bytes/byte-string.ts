import { latin1Text } from './buffer-text'

/**
 * Bytes as a string of one character per byte: what maps by bytes are keyed by. Comparing two such strings
 * compares their bytes, unsigned.
 */
export type ByteString = string

export const byteString = (bytes: Buffer): ByteString => latin1Text(bytes, 0, bytes.length)

export const bytesOf = (text: ByteString): Buffer => Buffer.from(text, 'latin1')

/** The smallest byte string above all that start with `prefix`; `undefined` if there is none. */
export const afterPrefix = (prefix: ByteString): ByteString | undefined => {
  let end = prefix.length
  while (end > 0 && prefix.charCodeAt(end - 1) === 0xff) end--
  if (end === 0) return undefined
  return prefix.slice(0, end - 1) + String.fromCharCode(prefix.charCodeAt(end - 1) + 1)
}
