/** Decompressed data exceeds its limit. */
export class TooLarge extends Error {}
