/** An interval of event time in milliseconds. */
export interface Window {
  /** Inclusive. */
  readonly start: number
  /**
   * Exclusive for tumbling and hopping windows, inclusive for sliding and session windows; `Infinity` for unlimited ones.
   */
  readonly end: number
}

/**
 * The key of a windowed table: a key together with one of its windows.
 *
 * @example
 * counts.toStream((count, { key, window }) => `${key} from ${new Date(window.start).toISOString()}`)
 */
export class Windowed<K> {
  /** Never set: an object that only looks like one is refused by the compiler, as serdes refuse it. */
  declare protected readonly madeByNew: true

  constructor(
    /** The key without its window. */
    readonly key: K,
    /** Its start and end. */
    readonly window: Window,
  ) {}

  /**
   * As Kafka Streams prints it: `[key@start/end]`.
   *
   * @example
   * String(new Windowed('a', { start: 0, end: 1000 })) // '[a@0/1000]'
   */
  toString(): string {
    return `[${String(this.key)}@${this.window.start}/${this.window.end}]`
  }
}
