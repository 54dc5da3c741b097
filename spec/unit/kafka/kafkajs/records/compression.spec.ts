import { randomBytes } from 'node:crypto'
import {
  CODEC_IDS,
  compress,
  decompress as decompressWithin,
  prepareCodecs,
} from '../../../../../lib/kafka/kafkajs/records/compression'
import { TooLarge } from '../../../../../lib/bytes/too-large'
import { lz4Decompress as lz4DecompressWithin } from '../../../../../lib/kafka/kafkajs/records/compression/lz4'
import { snappyDecompress as snappyDecompressWithin } from '../../../../../lib/kafka/kafkajs/records/compression/snappy'
import { xxHash32 } from '../../../../../lib/kafka/kafkajs/records/compression/xxhash32'
import { zstdSize } from '../../../../../lib/kafka/kafkajs/records/compression/zstd-frame'
import type { Compression } from '../../../../../lib/kafka/port'

const LIMIT = 1024 * 1024
const decompress = (codecId: number, bytes: Buffer): Buffer => decompressWithin(codecId, bytes, LIMIT)
const lz4Decompress = (bytes: Buffer): Buffer => lz4DecompressWithin(bytes, LIMIT)
const snappyDecompress = (bytes: Buffer): Buffer => snappyDecompressWithin(bytes, LIMIT)
const zstdSizeBound = (bytes: Buffer): number => zstdSize(bytes).bound

const CODECS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

const inputs: ReadonlyArray<readonly [string, Buffer]> = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from([1])],
  ['twelve bytes', Buffer.from('abcdabcdabcd')],
  ['a run', Buffer.alloc(100_000, 'a')],
  ['a short period', Buffer.alloc(70_000, 'abc')],
  ['noise', randomBytes(150_000)],
  ['text', Buffer.from(Array.from({ length: 20_000 }, (_, i) => `word${i % 321} number ${i};`).join(' '))],
  [
    'noise between runs',
    Buffer.concat([Buffer.alloc(40_000), randomBytes(300), Buffer.alloc(90_000, 9), randomBytes(20)]),
  ],
  ['long literals and long matches', Buffer.concat([randomBytes(700), Buffer.alloc(700, 'xyz'), randomBytes(70_000)])],
  [
    'a match exactly at the largest distance',
    Buffer.concat([Buffer.from('needle-needle'), randomBytes(65_522), Buffer.from('needle-needle')]),
  ],
]

beforeAll(() => prepareCodecs(~0))

describe.each(CODECS)('%s', (codec) => {
  it.each(inputs)('brings back %s', (_, bytes) => {
    expect(decompress(CODEC_IDS[codec], compress(codec, bytes)).equals(bytes)).toBe(true)
  })

  it('brings back every length', () => {
    for (let length = 0; length < 300; length++) {
      const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * i) % 7))
      expect(decompress(CODEC_IDS[codec], compress(codec, bytes)).equals(bytes)).toBe(true)
    }
  })
})

describe.each(CODECS.slice(1))('%s', (codec) => {
  it('makes text smaller, and noise hardly larger', () => {
    const text = Buffer.from('the quick brown fox jumps over the lazy dog; '.repeat(1_000))
    expect(compress(codec, text).length).toBeLessThan(text.length / 10)
    const noise = randomBytes(100_000)
    expect(compress(codec, noise).length).toBeLessThan(noise.length * 1.01 + 100)
  })

  it('takes as many bytes as it may, and no more', () => {
    const bytes = Buffer.alloc(300_000, 'a')
    expect(decompressWithin(CODEC_IDS[codec], compress(codec, bytes), 300_000).equals(bytes)).toBe(true)
    expect(() => decompressWithin(CODEC_IDS[codec], compress(codec, bytes), 299_999)).toThrow(TooLarge)
  })

  it('refuses damaged bytes, or brings back something, but never hangs or crashes', () => {
    const bytes = compress(codec, Buffer.from('some text that repeats, some text that repeats; '.repeat(50)))
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes)
      damaged[at]! ^= 0xff
      for (const input of [damaged, bytes.subarray(0, at)]) {
        try {
          decompress(CODEC_IDS[codec], input)
        } catch (error) {
          expect(error).toHaveProperty('stack') // of whatever realm
        }
      }
    }
  })
})

it('an unknown codec is refused by its number', () => {
  expect(() => decompress(7, Buffer.alloc(1))).toThrow('codec 7')
})

describe('snappy', () => {
  it('is also read without framing, as librdkafka writes it', () => {
    // length 9, literal "abc", copy of 6 from 3 back
    expect(snappyDecompress(Buffer.from([9, 2 << 2, 97, 98, 99, (5 << 2) | 2, 3, 0])).toString()).toBe('abcabcabc')
  })

  it('is read with its header again in the middle', () => {
    const [a, b] = [compress('snappy', Buffer.from('first')), compress('snappy', Buffer.from('second'))]
    expect(snappyDecompress(Buffer.concat([a, b])).toString()).toBe('firstsecond')
  })

  it.each([
    ['a copy from before the start', [4, 2 << 2, 97, 98, 99, (0 << 2) | 2, 9, 0]],
    ['more than was announced', [2, 2 << 2, 97, 98, 99]],
    ['less than was announced', [4, 2 << 2, 97, 98, 99]],
    ['a literal cut off', [9, 8 << 2, 97]],
  ])('refuses %s', (_, bytes) => {
    expect(() => snappyDecompress(Buffer.from(bytes))).toThrow(/snappy/)
  })
})

describe('lz4', () => {
  const frame = (flags: number, ...blocks: Buffer[]): Buffer => {
    const descriptor = Buffer.from([0x40 | flags, 0x40])
    const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, ...descriptor, (xxHash32(descriptor) >>> 8) & 0xff])
    const parts = blocks.flatMap((block) => {
      const size = Buffer.alloc(4)
      size.writeUInt32LE(block.length)
      return [size, block]
    })
    return Buffer.concat([header, ...parts, Buffer.alloc(4)])
  }

  it('is read with blocks that reach back into the one before', () => {
    const first = Buffer.from([0x80, ...Buffer.from('abcdefgh')])
    // no literal, match of 8 from 8 back; then the literals "!!!!!"
    const second = Buffer.from([0x04, 8, 0, 0x50, ...Buffer.from('!!!!!')])
    expect(lz4Decompress(frame(0, first, second)).toString()).toBe('abcdefghabcdefgh!!!!!')
  })

  it('refuses a damaged header and an unknown version', () => {
    const bytes = frame(0x20)
    bytes[6]! ^= 1
    expect(() => lz4Decompress(bytes)).toThrow('header')
    bytes[4] = 0x80
    expect(() => lz4Decompress(bytes)).toThrow('version')
    expect(() => lz4Decompress(Buffer.from('no frame at all'))).toThrow('not an LZ4 frame')
  })

  it('verifies the checksum of the content', () => {
    const content = Buffer.from('abcdefgh')
    const block = Buffer.from([0x80, ...content])
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32LE(xxHash32(content))
    expect(lz4Decompress(Buffer.concat([frame(0x24, block), checksum]))).toEqual(content)
    checksum[0]! ^= 1
    expect(() => lz4Decompress(Buffer.concat([frame(0x24, block), checksum]))).toThrow('damaged')
  })
})

it.each([
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
])('xxHash32 of %p', (text, expected) => {
  expect(xxHash32(Buffer.from(text))).toBe(expected)
})

describe('the size of zstd frames', () => {
  it.each(inputs)('is bounded for %s', (_, bytes) => {
    const bound = zstdSizeBound(compress('zstd', bytes))
    expect(bound).toBeGreaterThanOrEqual(bytes.length)
    expect(bound).toBeLessThanOrEqual(bytes.length + 128 * 1024)
  })

  it('of two frames in a row is the sum, also behind a skippable one', () => {
    const one = compress('zstd', Buffer.alloc(1_000, 'a'))
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
    expect(zstdSizeBound(Buffer.concat([skippable, one, one]))).toBe(2 * zstdSizeBound(one))
  })

  it('is also told by their headers, which are not believed', () => {
    const frame = Buffer.from(compress('zstd', Buffer.alloc(1_000, 'a')))
    expect(zstdSize(frame).declared).toBe(1_000)
    // single segment, content size in two bytes, less 256
    frame.writeUInt16LE(0xffff, 5)
    expect(zstdSize(frame).declared).toBe(0xffff + 256)
    expect(() => decompressWithin(CODEC_IDS.zstd, frame, 1_000)).toThrow(TooLarge)
  })

  it('is not guessed for something else', () => {
    expect(() => zstdSizeBound(Buffer.from('no zstd at all'))).toThrow('zstd')
  })
})
