/** Refuses `{ key, value }`, as Java's `KeyValue`: its entries would be read as missing. */
export function requirePair(pair: unknown, operator: string): void {
  if (Array.isArray(pair)) return
  throw new TypeError(`the callback of ${operator} gives [key, value], a list of two, and this is an object`)
}
