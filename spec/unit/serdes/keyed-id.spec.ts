import * as serdes from '../../../lib/serdes'
import { NO_HEADERS } from '../../../lib/record/headers'
import { KeyedIdSerde } from '../../../lib/serdes/keyed-id'

const serde = new KeyedIdSerde(serdes.string())

it.each([
  [{ key: 'k', id: 'a' }, '000000016b7361'],
  [{ key: '', id: '' }, '0000000073'],
  [{ key: null as unknown as string, id: 7 }, 'ffffffff6e37'],
  [{ key: 'k', id: 7n }, '000000016b6937'],
])('%p has its bytes', (value, hex) => {
  expect(serde.serialize('t', value, NO_HEADERS).toString('hex')).toBe(hex)
  expect(serde.deserialize('t', Buffer.from(hex, 'hex'), NO_HEADERS)).toEqual(value)
})

it.each(['', '000001', '00000000', '000000016b', '000000ff6b7361', 'fffffffe7361'])('%p is no id of a key', (hex) => {
  expect(() => serde.deserialize('t', Buffer.from(hex, 'hex'), NO_HEADERS)).toThrow(/follows its key/)
})
