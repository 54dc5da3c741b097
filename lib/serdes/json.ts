import type { Serde } from './serde'

const jsonSerde: Serde<unknown> = {
  serialize(_topic, value) {
    const text = JSON.stringify(value) as string | undefined
    if (text === undefined) throw new TypeError(`JSON has no form for a ${typeof value}`)
    return Buffer.from(text, 'utf8')
  },
  deserialize: (_topic, bytes) => JSON.parse(bytes.toString('utf8')) as unknown,
}

/** JSON text in UTF-8. `T` is a promise about the topic: nothing is checked. */
export const json = <T>(): Serde<T> => jsonSerde as Serde<T>
