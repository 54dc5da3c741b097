import type { Serde } from './serde'

const voidSerde: Serde<null> = {
  serialize() {
    throw new TypeError('a void serde writes only null')
  },
  deserialize(_topic, bytes) {
    throw new RangeError(`a void serde reads only null, got ${bytes.length} bytes`)
  },
}

/**
 * Always null, for topics without keys or without values.
 *
 * @example
 * builder.stream('log-lines', { key: serdes.void(), value: serdes.string() })
 */
const voidSerdeOf = (): Serde<null> => voidSerde
export { voidSerdeOf as void }
