import { payloadWriter } from '../../../../lib/runtime/output/payload-writer'
import { NO_HEADERS } from '../../../../lib/record/headers'
import * as serdes from '../../../../lib/serdes'
import type { Serde } from '../../../../lib/serdes/serde'

const write = <T>(serde: Serde<T>, value: T): unknown => payloadWriter(serde as Serde<unknown>)('t', value, NO_HEADERS)

describe('what a sink hands to the producer', () => {
  it.each(['', 'plain', 'größe', '🦊', 'a\ud800b', '\udc00'])(
    'for the text %j stands for the bytes of its serde',
    (text) => {
      const payload = write(serdes.string(), text)
      expect(typeof payload).toBe('string')
      expect(Buffer.from(payload as string)).toEqual(serdes.string().serialize('t', text, NO_HEADERS))
    },
  )

  it('for JSON is its text', () => {
    const value = { name: 'größe \ud800', list: [1, null] }
    const payload = write(serdes.json<typeof value>(), value)
    expect(Buffer.from(payload as string)).toEqual(serdes.json<typeof value>().serialize('t', value, NO_HEADERS))
  })

  it('for Avro is its bytes, whatever their length was before', () => {
    const serde = serdes.avroBytes('string')
    const writer = payloadWriter(serde as Serde<unknown>)
    for (const text of ['short', 'x'.repeat(5000), 'größe', 'y'.repeat(2000), '']) {
      expect(Buffer.from(writer('t', text, NO_HEADERS) as Buffer)).toEqual(serde.serialize('t', text, NO_HEADERS))
    }
  })

  it.each(['string', 'bytes'] as const)('for Avro keeps no memory of a large value of %s', (type) => {
    const serde = serdes.avroBytes(type) as Serde<unknown>
    const writer = payloadWriter(serde)
    const value = (length: number): unknown => (type === 'string' ? 'x'.repeat(length) : Buffer.alloc(length, 'x'))
    for (const length of [5_000_000, 10]) {
      const payload = writer('t', value(length), NO_HEADERS) as Buffer
      expect(payload.equals(serde.serialize('t', value(length), NO_HEADERS)!)).toBe(true)
      if (length === 10) expect(payload.buffer.byteLength).toBeLessThan(1_000_000)
    }
  })

  it('for an Avro key stays what it is while the value is written with the same serde, and while others serialize', () => {
    const serde = serdes.avroBytes('string') as Serde<unknown>
    const [key, value] = [payloadWriter(serde), payloadWriter(serde)]
    const payloads = [key('t', 'key', NO_HEADERS), value('t', 'val', NO_HEADERS)]
    serde.serialize('t', 'abc', NO_HEADERS)
    expect(payloads.map(String)).toEqual(['\u0006key', '\u0006val'])
  })

  it('for any other serde is its bytes', () => {
    expect(write(serdes.long(), 7)).toEqual(Buffer.from('0000000000000007', 'hex'))
  })

  it('comes from the serialize of a serde that is derived from a built-in one', () => {
    const loud: Serde<string> = { ...serdes.string(), serialize: (_topic, value) => Buffer.from(value.toUpperCase()) }
    expect(write(loud, 'a')).toEqual(Buffer.from('A'))
    const inherited = Object.create(serdes.json<string>(), {
      serialize: { value: () => Buffer.from('own') },
    }) as Serde<string>
    expect(write(inherited, 'a')).toEqual(Buffer.from('own'))
  })

  it('is refused for what the serde refuses', () => {
    expect(() => write(serdes.string() as Serde<unknown>, 1)).toThrow('a string is needed, got number')
    expect(() => write(serdes.json<unknown>(), undefined)).toThrow('JSON has no form for a undefined')
  })
})
