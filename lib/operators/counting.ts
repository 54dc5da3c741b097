/** `count` is an aggregate of these. The operators know them and don't watch them for slowness. */
export const zero = (): number => 0

export const increment = (count: number): number => count + 1

export const sum = (a: number, b: number): number => a + b

export const decrement = (count: number): number => count - 1
