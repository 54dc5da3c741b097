import type { Serde } from './serde'
import { withReadRange } from './shortcuts'

const booleanSerde = withReadRange<boolean>(
  {
    serialize(_topic, value) {
      if (typeof value !== 'boolean') throw new TypeError(`a boolean is needed, got ${typeof value}`)
      return Buffer.from([value ? 1 : 0])
    },
    sizeOf: (value) => (typeof value === 'boolean' ? 1 : undefined),
  },
  (bytes, start, end) => {
    if (end - start !== 1 || bytes[start]! > 1)
      throw new RangeError(`a boolean is one byte 00 or 01, got ${bytes.toString('hex', start, end)}`)
    return bytes[start] === 1
  },
)

/**
 * One byte, `01` or `00`.
 *
 * @example
 * builder.table('switches', { value: serdes.boolean() })
 */
export const boolean = (): Serde<boolean> => booleanSerde
