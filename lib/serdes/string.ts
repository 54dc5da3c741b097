import { utf8Text } from '../bytes/buffer-text'
import type { Serde } from './serde'
import { decodeShortText, encodeShortText } from './short-text'
import { withReadRange } from './shortcuts'

// Java's encoder writes '?' for a lone surrogate where JavaScript's writes U+FFFD; keys would land on other partitions.
const LONE_SURROGATES = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g
/** Text as Java encodes it. */
export const wellFormed = (value: string): string => (isWellFormed(value) ? value : value.replace(LONE_SURROGATES, '?'))
const isWellFormed = (value: string): boolean => (value as unknown as { isWellFormed(): boolean }).isWellFormed()

const decode = (bytes: Buffer, start: number, end: number): string =>
  decodeShortText(bytes, start, end) ?? utf8Text(bytes, start, end)

const checked = (value: unknown): string => {
  if (typeof value !== 'string') throw new TypeError(`a string is needed, got ${typeof value}`)
  return value
}

const stringSerde = withReadRange<string>(
  {
    serialize: (_topic, value) => encodeShortText(checked(value)) ?? Buffer.from(wellFormed(value), 'utf8'),
    sizeOf: (value) =>
      typeof value === 'string' && isWellFormed(value) ? Buffer.byteLength(value, 'utf8') : undefined,
  },
  decode,
  { toText: (value) => wellFormed(checked(value)), readsAnything: true },
)

/**
 * UTF-8 text.
 *
 * @example
 * builder.stream('lines', { key: serdes.string(), value: serdes.string() })
 */
export const string = (): Serde<string> => stringSerde
