import * as serdes from '../../../lib/serdes'
import { TimeWindowedSerde } from '../../../lib/serdes/windowed'
import { Windowed } from '../../../lib/record/windowed'
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
    expect(read(new TimeWindowedSerde(serdes.string(), Infinity), '410000000000000000').window.end).toBe(Infinity)
  })

  test('a key without window, and bytes without room for one, are refused', () => {
    const serde = serdes.timeWindowed(serdes.string(), 10)
    expect(() => serde.serialize('t', 'A' as never, NO_HEADERS)).toThrow(
      /keys of windowed tables, and got the string A/,
    )
    expect(() => read(serde, '00000003e8')).toThrow(/8 bytes or more, got 5/)
    expect(() => read(serdes.sessionWindowed(serdes.string()), '0000000000000001')).toThrow(/16 bytes or more, got 8/)
    expect(() => serdes.timeWindowed(serdes.string(), '1 day' as never)).toThrow(/timeWindowed needs size to be/)
  })
})
