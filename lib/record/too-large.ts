/** What was compressed takes more bytes than it may. */
export class TooLarge extends Error {}
