import * as serdes from '../../../lib/serdes'
import { ChangeSerde } from '../../../lib/serdes/change'
import type { Serde } from '../../../lib/serdes/serde'
import { Change } from '../../../lib/record/change'
import { NO_HEADERS } from '../../../lib/record/headers'

const serde = new ChangeSerde(serdes.string())
const write = (change: Change<string>): string => serde.serialize('t', change, NO_HEADERS).toString('hex')
const read = (hex: string): Change<string> => serde.deserialize('t', Buffer.from(hex, 'hex'), NO_HEADERS)

describe('ChangeSerde', () => {
  // bytes of Kafka Streams 4.2
  it.each([
    [new Change<string>(null, 'OLD'), '4f4c4400'],
    [new Change<string>('NEW', null), '4e455701'],
    [new Change('NEW', 'OLD'), '064e45574f4c4402'],
    [new Change('', ''), '0002'],
  ])('writes and reads %j', (change, hex) => {
    expect(write(change)).toBe(hex)
    expect(read(hex)).toEqual(change)
  })

  it.each([
    [63, '7e'],
    [64, '8001'],
    [100, 'c801'],
    [8192, '808001'],
  ])('writes the length %i as a zig-zag varint', (length, prefix) => {
    const change = new Change('x'.repeat(length), 'y')
    expect(write(change).startsWith(prefix + '78')).toBe(true)
    expect(read(write(change))).toEqual(change)
  })

  it('reads the forms with isLatest', () => {
    expect(read('4f4c440003')).toEqual(new Change<string>(null, 'OLD', false))
    expect(read('4e45570104')).toEqual(new Change<string>('NEW', null, true))
    expect(read('064e45574f4c440105')).toEqual(new Change('NEW', 'OLD', true))
  })

  it.each(['', '03', '04', '05', '4f4c4409', 'ff02', 'ffffffffffff02', '014e02', '0e4e455702'])('rejects %p', (hex) => {
    expect(() => read(hex)).toThrow()
  })

  it('refuses a change of nothing', () => {
    expect(() => write(new Change<string>(null, null))).toThrow('neither')
  })

  it('stands for the default serde until it gets one', () => {
    const open = new ChangeSerde<string>(undefined)
    expect(() => open.serialize('t', new Change('a', null), NO_HEADERS)).toThrow('no serde')
    const defaults = { defaultValueSerde: serdes.string() as Serde<unknown> }
    const closed = open.completed(defaults) as ChangeSerde<string>
    expect(closed.serialize('t', new Change('a', null), NO_HEADERS).toString('hex')).toBe('6101')
    expect(serde.completed(defaults)).toBe(serde)
  })
})
