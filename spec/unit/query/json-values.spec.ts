import { bytesOfBase64, keyOfText, toJson } from '../../../lib/query/json-values'
import * as serdes from '../../../lib/serdes'
import type { Serde } from '../../../lib/serdes/serde'

const key = (text: string, serde: Serde<never>): unknown => keyOfText(text, serde as Serde<unknown>, 'topic')

describe('values as JSON', () => {
  it.each([
    [{ a: 1, b: [true, null, 'x'] }, '{"a":1,"b":[true,null,"x"]}'],
    [Buffer.from([1, 2, 3]), '"AQID"'],
    [{ bytes: new Uint8Array([1, 2, 3]) }, '{"bytes":"AQID"}'],
    [2n ** 63n, '"9223372036854775808"'],
    [[NaN, Infinity, -Infinity], '["NaN","Infinity","-Infinity"]'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [new Map([['a', 1n]]), '[["a","1"]]'],
  ])('%p is %s', (value, json) => {
    expect(toJson(value)).toBe(json)
  })
})

describe('the key that a text stands for', () => {
  it.each<[string, Serde<never>, unknown]>([
    ['5', serdes.string() as Serde<never>, '5'],
    ['"a"', serdes.string() as Serde<never>, '"a"'],
    ['', serdes.string() as Serde<never>, ''],
    ['5', serdes.long() as Serde<never>, 5],
    ['-1.5', serdes.double() as Serde<never>, -1.5],
    ['true', serdes.boolean() as Serde<never>, true],
    ['9007199254740993', serdes.bigint() as Serde<never>, 9_007_199_254_740_993n],
    ['AP8', serdes.bytes() as Serde<never>, Buffer.from([0, 255])],
    ['5', serdes.json() as Serde<never>, 5],
    ['"5"', serdes.json() as Serde<never>, '5'],
    ['{"a":1}', serdes.json() as Serde<never>, { a: 1 }],
    ['plain', serdes.json() as Serde<never>, 'plain'],
    ['123E4567-e89b-12d3-a456-426614174000', serdes.uuid() as Serde<never>, '123E4567-e89b-12d3-a456-426614174000'],
  ])('%s', (text, serde, expected) => {
    expect(key(text, serde)).toEqual(expected)
  })

  it('is none that the serde does not take, and it says why', () => {
    expect(() => key('x', serdes.long() as Serde<never>)).toThrow('long needs a number')
    expect(() => key('1.5', serdes.int() as Serde<never>)).toThrow('integer')
    expect(() => key('null', serdes.long() as Serde<never>)).toThrow('number')
  })
})

test('base64 comes in both alphabets, and what is neither is refused', () => {
  expect(bytesOfBase64('-_8=')).toEqual(Buffer.from([251, 255]))
  expect(bytesOfBase64('+/8')).toEqual(Buffer.from([251, 255]))
  expect(bytesOfBase64('a b')).toBeUndefined()
})
