interface NativeText {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  utf8Write(text: string, offset: number): number
}

// What Buffer's toString and write come to when they have looked at their arguments; on short texts, which keys are, that
// looking takes two thirds of the time.
const native = (buffer: Buffer): NativeText => buffer as unknown as NativeText

export const latin1Text = (buffer: Buffer, start: number, end: number): string => native(buffer).latin1Slice(start, end)

export const utf8Text = (buffer: Buffer, start: number, end: number): string => native(buffer).utf8Slice(start, end)

/** Up to this length a loop over the characters takes less than the call. */
const WRITTEN_BY_LOOP = 32

/**
 * Writes a well-formed text, and returns how many bytes it took, at least one a character. Where their number is not known, the
 * buffer must have room for three a character: of a text that does not fit, a part is written.
 */
export const writeUtf8 = (buffer: Buffer, text: string, offset: number): number => {
  const { length } = text
  if (length > WRITTEN_BY_LOOP) return native(buffer).utf8Write(text, offset)
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return native(buffer).utf8Write(text, offset)
    buffer[offset + i] = code
  }
  return length
}

export const utf8Length = (text: string): number => Buffer.byteLength(text, 'utf8')
