import { copyBytes } from '../bytes/copy-bytes'
import type { Serde } from './serde'
import { withReadRange } from './shortcuts'

const bytesSerde = withReadRange<Buffer>(
  {
    serialize(_topic, value) {
      if (!(value instanceof Uint8Array)) throw new TypeError(`a Buffer or Uint8Array is needed, got ${typeof value}`)
      return Buffer.isBuffer(value) ? value : Buffer.from(value)
    },
  },
  // A copy: a view would keep the whole fetch response in memory for as long as the user keeps the value.
  (bytes, start, end) => copyBytes(bytes, start, end),
  { readsAnything: true },
)

/**
 * Bytes, unchanged.
 *
 * @example
 * builder.stream('images', { value: serdes.bytes() })
 */
export const bytes = (): Serde<Buffer> => bytesSerde
