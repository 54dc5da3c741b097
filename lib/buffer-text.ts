interface NativeText {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

// What Buffer's toString and write come to when they have looked at their arguments; on short texts, which keys are, that
// looking takes two thirds of the time.
const native = (buffer: Buffer): NativeText => buffer as unknown as NativeText

export const latin1Text = (buffer: Buffer, start: number, end: number): string => native(buffer).latin1Slice(start, end)

export const utf8Text = (buffer: Buffer, start: number, end: number): string => native(buffer).utf8Slice(start, end)
