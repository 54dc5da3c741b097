import { crcTables } from '../../../lib/bytes/crc-tables'
import { crc32c } from '../../../lib/bytes/crc32c'
import { newCrc32cRounds } from '../../../lib/bytes/crc32c-rounds'

const rounds = newCrc32cRounds(crcTables(0x82f63b78))

describe('rounds of CRC-32C in WebAssembly', () => {
  it('run in this engine, and give what bytes have without them', () => {
    const bytes = Buffer.from(Array.from({ length: 496 }, (_, i) => (i * 167 + (i >> 3)) & 0xff))
    for (let start = 0; start < 5; start++) {
      for (const end of [start + 16, start + 32, start + 480]) {
        expect(~rounds!(-1, bytes, start, end) >>> 0).toBe(crc32c(bytes, start, end))
      }
    }
  })

  it('continue where others have ended', () => {
    const bytes = Buffer.from(Array.from({ length: 64 * 1024 }, (_, i) => (i * 31) & 0xff))
    expect(rounds!(rounds!(-1, bytes, 0, 48), bytes, 48, bytes.length)).toBe(rounds!(-1, bytes, 0, bytes.length))
  })
})
