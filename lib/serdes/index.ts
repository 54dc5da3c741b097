/** Serdes with the bytes of Kafka's own. Each is a function, so that options can be added to any of them. */
export { string } from './string'
export { long, bigint, int, short, double, float } from './numbers'
export { boolean } from './boolean'
export { uuid } from './uuid'
export { bytes } from './bytes'
export { json } from './json'
export { void } from './void'
export { timeWindowed, sessionWindowed } from './windowed'
