/** The starts of the windows that hold a time, ascending. Windows are aligned to 1970, where the first ones start. */
export function alignedStarts(timestamp: number, sizeMs: number, advanceMs: number): number[] {
  const starts: number[] = []
  const first = Math.floor(Math.max(0, timestamp - sizeMs + advanceMs) / advanceMs) * advanceMs
  for (let start = first; start <= timestamp; start += advanceMs) starts.push(start)
  return starts
}
