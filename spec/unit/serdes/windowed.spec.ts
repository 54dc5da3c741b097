import * as serdes from '../../../lib/serdes'
import type { Serde } from '../../../lib/serdes/serde'
import { Windowed } from '../../../lib/record/windowed'
import { shortcutsOf } from '../../../lib/serdes/shortcuts'
import { NO_HEADERS } from '../../../lib/record/headers'

const write = <T>(serde: ReturnType<typeof serdes.timeWindowed<T>>, value: Windowed<T>) =>
  serde.serialize('t', value, NO_HEADERS)!.toString('hex')
const read = <T>(serde: ReturnType<typeof serdes.timeWindowed<T>>, hex: string) =>
  serde.deserialize('t', Buffer.from(hex, 'hex'), NO_HEADERS)

describe("windowed keys have Kafka Streams' bytes", () => {
  const window = { start: 1000, end: 2000 }

  test('time windows: the key and the start; the size gives the end', () => {
    const serde = serdes.timeWindowed(serdes.string(), '1s')
    expect(write(serde, new Windowed('A', window))).toBe('4100000000000003e8')
    expect(read(serde, '4100000000000003e8')).toEqual(new Windowed('A', window))
  })

  test('sessions: the key, the end and the start', () => {
    const serde = serdes.sessionWindowed(serdes.string())
    expect(write(serde, new Windowed('A', window))).toBe('4100000000000007d000000000000003e8')
    expect(read(serde, '4100000000000007d000000000000003e8')).toEqual(new Windowed('A', window))
  })

  test('unlimited windows end never', () => {
    expect(read(serdes.timeWindowed(serdes.string(), Infinity), '410000000000000000').window.end).toBe(Infinity)
  })

  test('a text of several windows in a row is written once in each topic, and with headers each time', () => {
    const calls: string[] = []
    const inner: Serde<string> = {
      ...serdes.string(),
      serialize: (topic, key, headers) => {
        calls.push(`${topic} ${key}`)
        return serdes.string().serialize(topic, headers.length > 0 ? key.toLowerCase() : key, headers)
      },
    }
    const serde = serdes.timeWindowed(inner, '1s')
    const written = [
      ['t', 'A', 1000, NO_HEADERS],
      ['t', 'A', 2000, NO_HEADERS],
      ['other', 'A', 1000, NO_HEADERS],
      ['other', 'B', 1000, NO_HEADERS],
      ['other', 'B', 1000, [['h', null]]],
      ['other', 'B', 2000, NO_HEADERS],
    ] as const
    expect(
      written.map(([topic, key, start, headers]) =>
        serde.serialize(topic, new Windowed(key, { start, end: start + 1000 }), headers)!.toString('hex'),
      ),
    ).toEqual([
      '4100000000000003e8',
      '4100000000000007d0',
      '4100000000000003e8',
      '4200000000000003e8',
      '6200000000000003e8',
      '4200000000000007d0',
    ])
    expect(calls).toEqual(['t A', 'other A', 'other B', 'other B'])
  })

  test('the runtime writes them into memory of its own, with the same bytes', () => {
    for (const serde of [serdes.timeWindowed(serdes.string(), '1s'), serdes.sessionWindowed(serdes.string())]) {
      const writer = shortcutsOf(serde).newWriter!()
      for (const key of ['A', 'é', '', 'another key', 'A']) {
        const windowed = new Windowed(key, window)
        expect(writer('t', windowed).toString('hex')).toBe(write(serde, windowed))
      }
      expect(() => writer('t', 'A')).toThrow(/keys of windowed tables, and got the string A/)
    }
    // what a user's serde writes may depend on the headers of the record
    expect(shortcutsOf(serdes.timeWindowed({ ...serdes.string() }, '1s')).newWriter).toBeUndefined()
  })

  test('a key without window, and bytes without room for one, are refused', () => {
    const serde = serdes.timeWindowed(serdes.string(), 10)
    expect(() => serde.serialize('t', 'A' as never, NO_HEADERS)).toThrow(
      /keys of windowed tables, and got the string A/,
    )
    expect(() => serde.serialize('t', { key: 'A', window } as never, NO_HEADERS)).toThrow(
      'got another object: make one by new Windowed(key, { start, end })',
    )
    expect(() => read(serde, '00000003e8')).toThrow(/8 bytes or more, got 5/)
    expect(() => read(serdes.sessionWindowed(serdes.string()), '0000000000000001')).toThrow(/16 bytes or more, got 8/)
    expect(() => serdes.timeWindowed(serdes.string(), '1 day' as never)).toThrow(/timeWindowed needs size to be/)
  })
})
