/** Numbers that follow from each other (xorshift), the same on every run. */
export const randomly = (seed: number) => {
  let state = (seed + 1) | 0
  return (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
