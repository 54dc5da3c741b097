/** Up to this length a loop over the bytes takes less than the call. */
const SHORT = 32

/** As `from.copy(to, 0, start, end)`, which takes several times as long for a few bytes. Returns `to`, by default a new buffer. */
export const copyBytes = (
  from: Buffer,
  start: number,
  end: number,
  to: Buffer = Buffer.allocUnsafe(end - start),
): Buffer => {
  const length = end - start
  if (length > SHORT) from.copy(to, 0, start, end)
  else for (let i = 0; i < length; i++) to[i] = from[start + i]!
  return to
}
