interface NativeText {
  latin1Slice(this: Buffer, start: number, end: number): string
  utf8Slice(this: Buffer, start: number, end: number): string
  utf8Write(this: Buffer, text: string, offset: number): number
}

// What Buffer's toString and write come to when they have looked at their arguments; on short texts, which keys are, that
// looking takes two thirds of the time. As constants, since the engine would look for them in every buffer.
const { latin1Slice, utf8Slice, utf8Write } = Buffer.prototype as unknown as NativeText

export const latin1Text = (buffer: Buffer, start: number, end: number): string => latin1Slice.call(buffer, start, end)

export const utf8Text = (buffer: Buffer, start: number, end: number): string => utf8Slice.call(buffer, start, end)

/** Up to this length a loop over the characters takes less than the call. */
const WRITTEN_BY_LOOP = 32

/**
 * Writes a well-formed text, and returns how many bytes it took, at least one a character. Where their number is not known, the
 * buffer must have room for three a character: of a text that does not fit, a part is written.
 */
export const writeUtf8 = (buffer: Buffer, text: string, offset: number): number => {
  const { length } = text
  if (length > WRITTEN_BY_LOOP) return utf8Write.call(buffer, text, offset)
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return utf8Write.call(buffer, text, offset)
    buffer[offset + i] = code
  }
  return length
}

export const utf8Length = (text: string): number => Buffer.byteLength(text, 'utf8')
