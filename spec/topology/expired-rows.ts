/** What topic `out` got, with rows that expire at one time sorted: those of a bucket expire in no particular order. */
export const inAnyOrderAtATime = (output: readonly string[]): string[] => {
  const timeOf = (text: string | undefined): string | undefined => text?.match(/=null@\d+$/)?.[0]
  const sorted: string[] = []
  for (let from = 0, to = 1; from < output.length; from = to++) {
    while (timeOf(output[from]) !== undefined && timeOf(output[to]) === timeOf(output[from])) to++
    sorted.push(...output.slice(from, to).sort())
  }
  return sorted
}
