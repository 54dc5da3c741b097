import { decodeShortText, encodeShortText, newShortText } from '../../../lib/serdes/short-text'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const LONGEST = 24

describe.each([
  ['looked up in the cache', decodeShortText],
  ['passing the cache by', newShortText],
])('a text of ASCII, %s', (_, decode) => {
  it('is read at any length, wherever it begins', () => {
    for (let length = 0; length <= LONGEST; length++) {
      for (let start = 0; start < ALPHABET.length - length; start++) {
        expect(decode(Buffer.from(ALPHABET), start, start + length)).toBe(ALPHABET.slice(start, start + length))
      }
    }
  })

  it('is for others to read where it is longer, or has other characters', () => {
    expect(decode(Buffer.from(ALPHABET), 0, LONGEST + 1)).toBeUndefined()
    for (const text of ['é', 'abcé', '😀']) {
      const bytes = Buffer.from(text)
      expect(decode(bytes, 0, bytes.length)).toBeUndefined()
    }
  })
})

it('a short text of ASCII is written at any length, and no other one', () => {
  for (let length = 0; length <= LONGEST; length++) {
    const text = ALPHABET.slice(0, length)
    expect(encodeShortText(text)).toEqual(Buffer.from(text))
  }
  for (const text of [ALPHABET, 'abcé', '😀']) expect(encodeShortText(text)).toBeUndefined()
})
