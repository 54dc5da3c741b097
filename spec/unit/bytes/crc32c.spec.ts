import { crc32c } from '../../../lib/bytes/crc32c'

describe('crc32c', () => {
  // RFC 3720, appendix B.4
  it.each([
    [Buffer.alloc(32, 0), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    [Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
    [Buffer.from('123456789'), 0xe3069283],
    [Buffer.alloc(0), 0],
  ])('of %p', (bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })

  it('of a part, at any alignment', () => {
    const inner = Buffer.from('123456789')
    for (let offset = 0; offset < 9; offset++) {
      const bytes = Buffer.concat([Buffer.alloc(offset, 7), inner, Buffer.alloc(3, 7)])
      expect(crc32c(bytes, offset, offset + 9)).toBe(0xe3069283)
    }
  })

  it('of bytes long enough for WebAssembly is that of their bits', () => {
    const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 167 + (i >> 3)) & 0xff))
    for (const start of [0, 1, 3]) {
      for (const length of [511, 512, 513, 527, 528, 16_383, 16_384, 16_385, 32_768, 32_799, 49_990]) {
        expect(crc32c(bytes, start, start + length)).toBe(bitByBit(bytes.subarray(start, start + length)))
      }
    }
  })

  it('is the same without WebAssembly', () => {
    const { WebAssembly } = globalThis as { WebAssembly?: object }
    const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 31) & 0xff))
    Reflect.deleteProperty(globalThis, 'WebAssembly')
    try {
      jest.isolateModules(() => {
        const alone = jest.requireActual<{ crc32c: typeof crc32c }>('../../../lib/bytes/crc32c')
        expect(alone.crc32c(bytes)).toBe(crc32c(bytes))
      })
    } finally {
      Object.assign(globalThis, { WebAssembly })
    }
  })

  it('asks an engine that can not run the rounds in WebAssembly for them once', () => {
    const newCrc32cRounds = jest.fn(() => undefined)
    const bytes = Buffer.alloc(600, 7)
    jest.isolateModules(() => {
      jest.doMock('../../../lib/bytes/crc32c-rounds', () => ({ newCrc32cRounds, ROUND_BYTES: 16 }))
      try {
        const alone = jest.requireActual<{ crc32c: typeof crc32c }>('../../../lib/bytes/crc32c')
        for (let i = 0; i < 3; i++) expect(alone.crc32c(bytes)).toBe(crc32c(bytes))
      } finally {
        jest.dontMock('../../../lib/bytes/crc32c-rounds')
      }
    })
    expect(newCrc32cRounds).toHaveBeenCalledTimes(1)
  })

  it('of long bytes at any alignment is that of their bits', () => {
    const bytes = Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 167 + (i >> 3)) & 0xff))
    for (let start = 0; start < 9; start++) {
      for (const length of [63, 64, 65, 79, 80, 81, 127, 128, 200, 391]) {
        expect(crc32c(bytes, start, start + length)).toBe(bitByBit(bytes.subarray(start, start + length)))
      }
    }
  })
})

const bitByBit = (bytes: Uint8Array): number => {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}
