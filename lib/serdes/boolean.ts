import type { Serde } from './serde'

const booleanSerde: Serde<boolean> = {
  serialize(_topic, value) {
    if (typeof value !== 'boolean') throw new TypeError(`a boolean is needed, got ${typeof value}`)
    return Buffer.from([value ? 1 : 0])
  },
  deserialize(_topic, bytes) {
    if (bytes.length !== 1 || bytes[0]! > 1)
      throw new RangeError(`a boolean is one byte 00 or 01, got ${bytes.toString('hex')}`)
    return bytes[0] === 1
  },
  sizeOf: (value) => (typeof value === 'boolean' ? 1 : undefined),
}

/**
 * One byte, `01` or `00`.
 *
 * @example
 * builder.table('switches', { value: serdes.boolean() })
 */
export const boolean = (): Serde<boolean> => booleanSerde
