/** How held records are divided into batches. Part of each commit. */
export interface BatchBounds {
  /** The sequence up to which batches are done; −1 before the first. */
  readonly done: number
  /** The last sequences of the batches that are not, in order. */
  readonly ends: readonly number[]
}

const VERSION = 1
const HEAD_BYTES = 4

/** `i32 version ‖ f64 done ‖ n × f64 end`. */
export const encodeBatchBounds = ({ done, ends }: BatchBounds): Buffer => {
  const bytes = Buffer.alloc(HEAD_BYTES + 8 * (1 + ends.length))
  bytes.writeInt32BE(VERSION)
  for (const [i, sequence] of [done, ...ends].entries()) bytes.writeDoubleBE(sequence, HEAD_BYTES + 8 * i)
  return bytes
}

/** `null`: nothing was committed yet. */
export const decodeBatchBounds = (bytes: Buffer | null): BatchBounds => {
  if (bytes === null) return { done: -1, ends: [] }
  const version = bytes.readInt32BE()
  if (version !== VERSION) throw new RangeError(`batches of version ${version} are not known`)
  const sequences: number[] = []
  for (let at = HEAD_BYTES; at < bytes.length; at += 8) sequences.push(bytes.readDoubleBE(at))
  const [done = -1, ...ends] = sequences
  return { done, ends }
}
