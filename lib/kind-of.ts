/** What something is, for a message that refuses it: `undefined`, `an object`, `a string`. */
export const kindOf = (refused: unknown): string => {
  if (refused == null) return String(refused)
  return typeof refused === 'object' ? 'an object' : `a ${typeof refused}`
}
