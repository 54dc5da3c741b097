import { ResponseMemory } from '../../../../../lib/kafka/kafkajs/protocol/response-memory'
import { ResponseReader } from '../../../../../lib/kafka/kafkajs/protocol/response-reader'

const framed = (response: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(response.length)
  return Buffer.concat([length, response])
}

const RESPONSES = ['1234', '12345678', '1'.repeat(300), 'abcd'].map((text) => Buffer.from(text))
const STREAM = Buffer.concat(RESPONSES.map(framed))

/** What a reader makes of pieces that are overwritten once they are read. */
const read = (pieces: readonly Buffer[]): { responses: Buffer[]; invalid: Array<number | undefined> } => {
  const responses: Buffer[] = []
  const reader = new ResponseReader(new ResponseMemory(), (response) => responses.push(Buffer.from(response)))
  const invalid = pieces.map((piece) => {
    const data = Buffer.from(piece)
    const length = reader.read(data)
    data.fill(0xff)
    return length
  })
  return { responses, invalid }
}

const cut = (bytes: Buffer, length: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) => bytes.subarray(i * length, (i + 1) * length))

describe('ResponseReader', () => {
  it.each([1, 2, 3, 4, 5, 7, 64, 311, STREAM.length])('reads responses that come in pieces of %i bytes', (length) => {
    const pieces = cut(STREAM, length)
    expect(read(pieces)).toEqual({ responses: RESPONSES, invalid: pieces.map(() => undefined) })
  })

  it('reads a response larger than what it makes room for at once', () => {
    const large = Buffer.from(Array.from({ length: 11 * 1024 * 1024 }, (_, i) => i))
    const { responses } = read(cut(framed(large), 65_537))
    expect(responses.map((response) => response.equals(large))).toEqual([true])
  })

  it.each([3, 0, -1, 0x48545450])('stops at %i, which is no length', (length) => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(length)
    for (const size of [1, 8, STREAM.length]) {
      const { responses, invalid } = read(cut(Buffer.concat([framed(RESPONSES[0]!), bytes]), size))
      expect([responses, invalid.filter((each) => each !== undefined)]).toEqual([[RESPONSES[0]], [length]])
    }
  })

  it('makes no room for a length of which nothing comes', () => {
    const allocate = jest.spyOn(Buffer, 'allocUnsafeSlow')
    read([Buffer.from('3fffffff00', 'hex')])
    const sizes = allocate.mock.calls.map(([size]) => size)
    allocate.mockRestore()
    expect(Math.max(...sizes)).toBeLessThan(5_000_000)
  })
})
