import { murmur3 } from '../../../../lib/serdes/foreign-key/murmur3'

describe('murmur3', () => {
  // from Kafka Streams
  it.each([
    ['', '9d2764a018e329428c3cf3b035938518'],
    ['a', '3361634e7e0f5188e9c7dda24eae326b'],
    ['abc', '8cc66bdf24a3b65ee942bed9d38bee40'],
    ['abcd', '2dad74f19507f45442239844aa3b0a54'],
    ['F:1', 'd34c7739b37d321bef316e91a0a3c438'],
    ['a-little-bit-long-string', '4b2f885efbb06dae2bacf689b9712e90'],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', 'c830f1f300cccfc3574b4c3bc32ade0b'],
  ])('of %j', (text, hash) => {
    expect(murmur3(Buffer.from(text)).toString('hex')).toBe(hash)
  })

  it('is that of 64-bit arithmetic, for every length of the tail and bytes of every size', () => {
    let seed = 1
    const byte = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 24
    for (let length = 0; length < 200; length++) {
      const bytes = Buffer.from(Array.from({ length }, byte))
      expect(murmur3(bytes).toString('hex')).toBe(reference(bytes))
    }
  })
})

const MASK = (1n << 64n) - 1n
const C1 = 0x87c37b91114253d5n
const C2 = 0x4cf5ad432745937fn

const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & MASK
const first = (k: bigint): bigint => (rotate((k * C1) & MASK, 31n) * C2) & MASK
const second = (k: bigint): bigint => (rotate((k * C2) & MASK, 33n) * C1) & MASK
const finish = (h: bigint): bigint => {
  let value = h ^ (h >> 33n)
  value = (value * 0xff51afd7ed558ccdn) & MASK
  value ^= value >> 33n
  value = (value * 0xc4ceb9fe1a85ec53n) & MASK
  return value ^ (value >> 33n)
}
const word = (bytes: Buffer): bigint => [...bytes].reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

function reference(bytes: Buffer): string {
  let h1 = 104729n
  let h2 = 104729n
  const end = bytes.length & ~15
  for (let at = 0; at < end; at += 16) {
    h1 ^= first(word(bytes.subarray(at, at + 8)))
    h1 = ((rotate(h1, 27n) + h2) * 5n + 0x52dce729n) & MASK
    h2 ^= second(word(bytes.subarray(at + 8, at + 16)))
    h2 = ((rotate(h2, 31n) + h1) * 5n + 0x38495ab5n) & MASK
  }
  h2 ^= second(word(bytes.subarray(end + 8)))
  h1 ^= first(word(bytes.subarray(end, end + 8)))
  h1 ^= BigInt(bytes.length)
  h2 ^= BigInt(bytes.length)
  h1 = (h1 + h2) & MASK
  h2 = (h2 + h1) & MASK
  h1 = finish(h1)
  h2 = finish(h2)
  h1 = (h1 + h2) & MASK
  h2 = (h2 + h1) & MASK
  return h1.toString(16).padStart(16, '0') + h2.toString(16).padStart(16, '0')
}
