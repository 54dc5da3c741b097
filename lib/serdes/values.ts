import { JsonSerde } from './json'
import { list } from './list'
import type { Serde } from './serde'

/** The serde of lists of what a serde writes: JSON becomes a JSON array, everything else a list as `serdes.list` writes it. */
export const valuesSerde = <V>(inner: Serde<V>): Serde<V[]> =>
  inner instanceof JsonSerde ? jsonArray(inner as Serde<V>) : list(inner)

const jsonArray = <V>(inner: Serde<V>): Serde<V[]> => ({
  serialize(topic, values, headers) {
    if (!Array.isArray(values)) throw new TypeError(`an array is needed, got ${typeof values}`)
    const texts = values.map((value) => inner.serialize(topic, value, headers)!.toString('utf8'))
    return Buffer.from(`[${texts.join(',')}]`, 'utf8')
  },
  deserialize(topic, bytes, headers) {
    const values: unknown = JSON.parse(bytes.toString('utf8'))
    if (!Array.isArray(values)) throw new TypeError('a JSON array is needed')
    return values.map((value) => inner.deserialize(topic, Buffer.from(JSON.stringify(value)), headers))
  },
})
