import type { Serde } from './serde'
import { withReadRange } from './shortcuts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const checked = (text: string): string => {
  const uuid = text.toLowerCase()
  if (!UUID.test(uuid)) throw new RangeError(`not a UUID: ${JSON.stringify(text)}`)
  return uuid
}

const uuidSerde = withReadRange<string>(
  {
    serialize(_topic, value) {
      if (typeof value !== 'string') throw new TypeError(`a UUID string is needed, got ${typeof value}`)
      return Buffer.from(checked(value), 'latin1')
    },
    sizeOf: (value) => (typeof value === 'string' && UUID.test(value) ? 36 : undefined),
  },
  (bytes, start, end) => checked(bytes.toString('utf8', start, end)),
)

/**
 * Java's `UUID`: the lower-case text of 36 characters.
 *
 * @example
 * builder.stream('orders', { key: serdes.uuid(), value: serdes.json<Order>() })
 */
export const uuid = (): Serde<string> => uuidSerde
