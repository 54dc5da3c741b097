/** Numbers that follow from each other, the same on every run. */
export const randomly =
  (seed: number) =>
  (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return (seed >>> 8) % below
  }
