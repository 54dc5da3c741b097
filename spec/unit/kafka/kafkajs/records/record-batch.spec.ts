import {
  BatchBuilder,
  quickSizeBound,
  recordSizeBound,
  stampProducer,
} from '../../../../../lib/kafka/kafkajs/records/record-batch-encoder'
import { prepareCodecs } from '../../../../../lib/kafka/kafkajs/records/compression'
import { RECORDS_AT } from '../../../../../lib/kafka/kafkajs/records/record-batch'
import { summarizeBatches } from '../../../../../lib/kafka/kafkajs/records/record-batch-decoder'
import { batchOf, cursorOf, markerOf, readAll, sealed } from './batches'
import { NO_HEADERS, type RecordHeaders } from '../../../../../lib/record/headers'

describe('a cursor over record batches', () => {
  it('refuses a batch whose CRC does not match, and tells where it is', () => {
    const good = batchOf(['a', 'b'])
    const bad = batchOf(['c', 'd'], { baseOffset: 2 })
    bad[bad.length - 3]! ^= 1
    const cursor = cursorOf([good, bad])
    expect([cursor.advance(), cursor.advance()]).toEqual([true, true])
    const corrupt = {
      kind: 'invalid',
      code: 'CRC_MISMATCH',
      partition: { topic: 't', partition: 3, offset: 2 },
      message: expect.stringMatching(/t-3 at offset 2: the CRC of a batch does not match/) as string,
    }
    for (let i = 0; i < 3; i++) expect(() => cursor.advance()).toThrow(expect.objectContaining(corrupt))
  })

  it.each([
    ['the attributes', 22],
    ['the record count', 60],
    ['the producer id', 50],
  ])('also finds damage in %s', (_, at) => {
    const batch = batchOf(['a'])
    batch[at]! ^= 0x40
    expect(() => cursorOf(batch).advance()).toThrow('CRC')
  })

  it('finds lengths that lie, though the CRC is right', () => {
    const overrun = batchOf(['abc'])
    overrun[61] = 100 // the length of the record
    expect(() => cursorOf(sealed(overrun)).advance()).toThrow('overruns')
    const compressed = batchOf(['abc'], { compression: 'gzip' })
    compressed[61]! ^= 0xff // gzip's magic
    expect(() => cursorOf(sealed(compressed)).advance()).toThrow('can not be decompressed')
    const short = batchOf(['abc'])
    short.writeInt32BE(20, 8)
    expect(() => cursorOf(short).advance()).toThrow('length of a batch')
    const none = batchOf(['abc'])
    none.writeInt32BE(0, 8)
    expect(() => cursorOf(none).advance()).toThrow('length of a batch')
  })

  it.each([0, 1])('refuses message format v%d with a reason', (magic) => {
    const old = batchOf(['a'], { baseOffset: 5 })
    old[16] = magic
    expect(() => cursorOf(old).advance()).toThrow(
      expect.objectContaining({
        kind: 'invalid',
        code: 'UNSUPPORTED_FOR_MESSAGE_FORMAT',
        message: expect.stringMatching(new RegExp(`t-3 at offset 5: message format v${magic}`)) as string,
      }),
    )
  })

  it('stops before a batch that is cut off, wherever that is', () => {
    const [whole, next] = [batchOf(['a', 'b']), batchOf(['c'], { baseOffset: 2 })]
    for (let length = 0; length < next.length; length++) {
      expect(readAll(cursorOf([whole, next.subarray(0, length)]))).toEqual(['0:a', '1:b'])
    }
    expect(readAll(cursorOf([whole, next]))).toEqual(['0:a', '1:b', '2:c'])
  })

  it('begins at the offset asked for, in the middle of a batch', () => {
    const bytes = Buffer.concat([batchOf(['a', 'b']), batchOf(['c', 'd'], { baseOffset: 2, compression: 'lz4' })])
    expect(readAll(cursorOf(bytes, { from: 1 }))).toEqual(['1:b', '2:c', '3:d'])
    expect(readAll(cursorOf(bytes, { from: 3 }))).toEqual(['3:d'])
    expect(readAll(cursorOf(bytes, { from: 4 }))).toEqual([])
  })

  it('passes batches that compaction has emptied', () => {
    const empty = (baseOffset: number, lastOffsetDelta: number): Buffer => batchOf([], { baseOffset, lastOffsetDelta })
    const bytes = Buffer.concat([empty(0, 4), batchOf(['x'], { baseOffset: 5 }), empty(6, 0), empty(7, 2)])
    expect(readAll(cursorOf(bytes))).toEqual(['5:x'])
    expect(summarizeBatches(bytes, 0)).toMatchObject({ nextOffset: 10, completeBytes: bytes.length })
  })

  it('gives timestamps relative to the first, 0 and -1 included', () => {
    const builder = new BatchBuilder()
    const timestamps = [-1, 0, 1_700_000_000_000, -1, 5, 253_402_300_799_999, 0]
    for (const timestamp of timestamps) builder.append(null, null, timestamp, NO_HEADERS)
    const batch = builder.finish()
    const cursor = cursorOf(batch)
    const seen: number[] = []
    while (cursor.advance()) seen.push(cursor.timestamp)
    expect(seen).toEqual(timestamps)
    expect(batch.readBigInt64BE(27)).toBe(-1n)
    expect(batch.readBigInt64BE(35)).toBe(253_402_300_799_999n)
  })

  it.each([
    [[2 ** 29, 0, 2 ** 29, 2 ** 30 + 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 1]],
    [[0, 2 ** 29 - 1, 2 ** 29, 2 ** 29 + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 33 + 7]],
    [[Number.MAX_SAFE_INTEGER, -1, 0, 1_700_000_000_000, 8.64e15, Number.MAX_SAFE_INTEGER - 63]],
    [[-1, Number.MAX_SAFE_INTEGER, 8.64e15, 0]],
  ])('gives timestamps however far they are apart: %j', (timestamps) => {
    const builder = new BatchBuilder()
    for (const timestamp of timestamps) builder.append(null, Buffer.from('v'), timestamp, NO_HEADERS)
    const cursor = cursorOf(builder.finish())
    const seen: number[] = []
    while (cursor.advance()) seen.push(cursor.timestamp)
    expect(seen).toEqual(timestamps)
  })

  it('gives the time of the append where the topic says so', () => {
    const batch = batchOf(['a', 'b'], { timestamp: 5 })
    batch.writeInt16BE(0x08, 21)
    batch.writeBigInt64BE(777n, 35)
    const cursor = cursorOf(sealed(batch))
    const seen: number[] = []
    while (cursor.advance()) seen.push(cursor.timestamp)
    expect(seen).toEqual([777, 777])
  })

  it('decodes headers on call, any number of times, and goes on from there', () => {
    const headers: RecordHeaders = [
      ['a', Buffer.from('1')],
      ['b', null],
      ['a', Buffer.alloc(0)],
      ['', Buffer.from('x')],
    ]
    const builder = new BatchBuilder(64)
    builder.append(Buffer.from('k'), Buffer.from('v'), 1, headers)
    builder.append(null, Buffer.from('w'), 1, NO_HEADERS)
    for (const compression of ['none', 'snappy'] as const) {
      const cursor = cursorOf(builder.finish({ compression }))
      cursor.advance()
      expect(cursor.headers()).toEqual(headers)
      expect(cursor.headers()).toEqual(headers)
      expect([String(cursor.key), String(cursor.value)]).toEqual(['k', 'v'])
      expect(cursor.advance()).toBe(true)
      expect(cursor.headers()).toBe(NO_HEADERS)
      expect([cursor.key, String(cursor.value)]).toEqual([null, 'w'])
      expect(cursor.advance()).toBe(false)
    }
  })
})

describe('damaged records in a batch whose CRC is right', () => {
  /** One record behind its length, as a batch of its own. */
  const batchWith = (...record: number[]): Buffer => {
    const empty = batchOf(['x'])
    const bytes = Buffer.concat([empty.subarray(0, RECORDS_AT), Buffer.from([zigzag(record.length), ...record])])
    bytes.writeInt32BE(bytes.length - 12, 8)
    return sealed(bytes)
  }
  const zigzag = (value: number): number => (value << 1) ^ (value >> 31)
  /** attributes, timestamp delta, offset delta */
  const head = [0, 0, 0]
  const NULL = zigzag(-1)
  const damaged = { kind: 'invalid', code: 'CORRUPT_MESSAGE', partition: { topic: 't', partition: 3, offset: 0 } }

  it('is read where it is whole', () => {
    const cursor = cursorOf(batchWith(...head, NULL, zigzag(1), 120, zigzag(1), zigzag(1), 110, NULL))
    expect(cursor.advance()).toBe(true)
    expect([cursor.key, String(cursor.value), cursor.headers()]).toEqual([null, 'x', [['n', null]]])
  })

  it.each([
    ['a key of a negative length', [...head, zigzag(-2), NULL, 0]],
    ['a value of a negative length', [...head, NULL, zigzag(-3), 0]],
    ['a key longer than the record', [...head, zigzag(60), NULL, 0]],
    ['a record without headers', [...head, NULL, NULL]],
  ])('%s is an error of the partition and offset', (_, record) => {
    expect(() => cursorOf(batchWith(...record)).advance()).toThrow(expect.objectContaining(damaged))
  })

  it.each([
    ['more headers than have room in the record', [zigzag(50)]],
    ['2^28 headers', [0xfe, 0xff, 0xff, 0xff, 0x01]],
    ['a negative number of headers', [zigzag(-1)]],
    ['a header name of a negative length', [zigzag(1), zigzag(-1), NULL]],
    ['a header name longer than the record', [zigzag(1), zigzag(9), 110, NULL]],
    ['a header value of a negative length other than null', [zigzag(1), zigzag(1), 110, zigzag(-2)]],
    ['a header value longer than the record', [zigzag(1), zigzag(1), 110, zigzag(9), 1]],
    ['a header value whose length runs into the next record', [zigzag(1), zigzag(1), 110, 0x80]],
  ])('%s are an error of the partition and offset', (_, headers) => {
    const cursor = cursorOf(Buffer.concat([batchWith(...head, NULL, NULL, ...headers), batchOf(['next batch'])]))
    expect(cursor.advance()).toBe(true)
    expect(() => cursor.headers()).toThrow(expect.objectContaining(damaged))
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    '%s that takes too much memory is refused',
    async (compression) => {
      await prepareCodecs(~0)
      const bomb = batchOf(['x'.repeat(100_000)], { compression, baseOffset: 70 })
      expect(() => cursorOf(bomb, { maxDecompressedBytes: 50_000 }).advance()).toThrow(
        expect.objectContaining({
          kind: 'invalid',
          code: 'DECOMPRESSED_TOO_LARGE',
          partition: { topic: 't', partition: 3, offset: 70 },
          message: expect.stringMatching(/more than 50000 bytes when decompressed.*maxDecompressedBytes/) as string,
        }),
      )
    },
  )

  it('an unknown codec is an error of the partition and offset', () => {
    const batch = batchOf(['x'], { baseOffset: 7 })
    batch.writeInt16BE(6, 21)
    expect(() => cursorOf(sealed(batch)).advance()).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_COMPRESSION_TYPE',
        partition: { topic: 't', partition: 3, offset: 7 },
      }),
    )
  })
})

describe('transactions', () => {
  const txn = (values: string[], baseOffset: number, producerId: bigint): Buffer =>
    batchOf(values, { baseOffset, producerId, producerEpoch: 0, baseSequence: 0, transactional: true })

  // producers 1 and 2 interleaved: 1 aborts, then commits; 2 aborts
  const log = Buffer.concat([
    txn(['1a', '1b'], 0, 1n),
    txn(['2a'], 2, 2n),
    batchOf(['plain'], { baseOffset: 3 }),
    txn(['1c'], 4, 1n),
    markerOf('abort', 5, 1n),
    txn(['2b'], 6, 2n),
    txn(['1d'], 7, 1n),
    markerOf('abort', 8, 2n),
    txn(['2c'], 9, 2n),
    markerOf('commit', 10, 1n),
    markerOf('commit', 11, 2n),
  ])
  /** not in order, as brokers send it */
  const aborted = [
    { producerId: 2, firstOffset: 2 },
    { producerId: 1, firstOffset: 0 },
  ]

  it('that were aborted are left out; markers always are', () => {
    expect(readAll(cursorOf(log, { aborted }))).toEqual(['3:plain', '7:1d', '9:2c'])
    expect(readAll(cursorOf(log))).toEqual(['0:1a', '1:1b', '2:2a', '3:plain', '4:1c', '6:2b', '7:1d', '9:2c'])
    expect(summarizeBatches(log, 0).nextOffset).toBe(12)
  })

  it('are told apart from any offset on', () => {
    for (let from = 0; from < 12; from++) {
      // a broker lists those that end at or after the offset asked for: the markers are at 8 and 5
      const listed = aborted.filter(({ producerId }) => from <= (producerId === 2 ? 8 : 5))
      const read = readAll(cursorOf(log, { from, aborted: listed })).map((record) => Number(record.split(':')[0]))
      expect([from, read]).toEqual([from, [3, 7, 9].filter((offset) => offset >= from)])
    }
  })

  it('are left out although the response ends before their marker', () => {
    const part = Buffer.concat([txn(['x'], 0, 9n), txn(['y'], 1, 9n)])
    expect(readAll(cursorOf(part, { aborted: [{ producerId: 9, firstOffset: 0 }] }))).toEqual([])
    expect(summarizeBatches(part, 0).nextOffset).toBe(2)
  })

  it('of one producer, aborted twice in one response, are left out both times', () => {
    const bytes = Buffer.concat([
      txn(['a'], 0, 9n),
      markerOf('abort', 1, 9n),
      txn(['b'], 2, 9n),
      markerOf('commit', 3, 9n),
      txn(['c'], 4, 9n),
      markerOf('abort', 5, 9n),
    ])
    const list = [
      { producerId: 9, firstOffset: 4 },
      { producerId: 9, firstOffset: 0 },
    ]
    expect(readAll(cursorOf(bytes, { aborted: list }))).toEqual(['2:b'])
  })

  it('leave alone what the same producer wrote without one', () => {
    const bytes = batchOf(['idempotent'], { producerId: 9n, producerEpoch: 0, baseSequence: 0 })
    expect(readAll(cursorOf(bytes, { aborted: [{ producerId: 9, firstOffset: 0 }] }))).toEqual(['0:idempotent'])
  })
})

describe('a batch builder', () => {
  it('grows as it needs to, and counts', () => {
    const builder = new BatchBuilder(1)
    const lengths = [0, 1, 63, 64, 8_191, 8_192, 100_000]
    for (const length of lengths) builder.append(Buffer.alloc(length, 'k'), Buffer.alloc(length, 'v'), 0, NO_HEADERS)
    expect(builder.recordCount).toBe(lengths.length)
    const batch = builder.finish()
    expect(batch).toHaveLength(builder.sizeInBytes)
    const cursor = cursorOf(batch)
    for (const length of lengths) {
      expect(cursor.advance()).toBe(true)
      expect([cursor.key!.length, cursor.value!.length]).toEqual([length, length])
    }
    expect(cursor.advance()).toBe(false)
  })

  it('can be used again after reset', () => {
    const builder = new BatchBuilder()
    builder.append(null, Buffer.from('old'), 99_999, NO_HEADERS)
    builder.finish()
    builder.reset()
    builder.append(null, Buffer.from('new'), 5, NO_HEADERS)
    const cursor = cursorOf(builder.finish())
    expect(cursor.advance()).toBe(true)
    expect([String(cursor.value), cursor.timestamp, cursor.advance()]).toEqual(['new', 5, false])
  })

  it('writes producer, sequence and transaction into the header, and can stamp them anew', () => {
    const builder = new BatchBuilder()
    builder.append(null, Buffer.from('v'), 5, NO_HEADERS)
    const batch = builder.finish({
      producerId: 2n ** 40n,
      producerEpoch: 7,
      baseSequence: 2_147_483_647,
      transactional: true,
    })
    const header = (): unknown[] => [
      batch.readBigInt64BE(43),
      batch.readInt16BE(51),
      batch.readInt32BE(53),
      batch.readInt16BE(21),
    ]
    expect(header()).toEqual([2n ** 40n, 7, 2_147_483_647, 0x10])
    stampProducer(batch, { producerId: 5n, producerEpoch: 8, baseSequence: 0 })
    expect(header()).toEqual([5n, 8, 0, 0x10])
    expect(readAll(cursorOf(batch))).toEqual(['0:v'])
  })

  it('never takes more for a record than is told before', () => {
    const headers: RecordHeaders = [
      ['größe', Buffer.alloc(200)],
      ['n', null],
    ]
    for (const bytes of [null, Buffer.alloc(0), Buffer.alloc(70_000)]) {
      for (const list of [NO_HEADERS, headers]) {
        const builder = new BatchBuilder()
        builder.append(null, null, 0, NO_HEADERS)
        const before = builder.sizeInBytes
        builder.append(bytes, bytes, 2 ** 52, list)
        expect(builder.sizeInBytes - before).toBeLessThanOrEqual(recordSizeBound(bytes, bytes, list))
      }
    }
  })

  const TEXTS = [
    '',
    'a',
    'x'.repeat(32),
    'x'.repeat(33),
    'x'.repeat(5_000),
    'é',
    'éa',
    'ends with ß',
    `${'y'.repeat(40)}ß`,
    '日本語',
    '日本語'.repeat(30),
    'ß'.repeat(5_000),
    '🦊',
    'plain again',
  ]

  it('writes a text as its UTF-8 bytes, whatever texts come before it', () => {
    const asText = new BatchBuilder(1)
    const asBytes = new BatchBuilder(1)
    for (const key of TEXTS) {
      for (const value of TEXTS) {
        asText.append(key, value, 7, NO_HEADERS)
        asBytes.append(Buffer.from(key), Buffer.from(value), 7, NO_HEADERS)
      }
    }
    asText.append('key', null, 8, NO_HEADERS)
    asBytes.append(Buffer.from('key'), null, 8, NO_HEADERS)
    expect(asText.finish().equals(asBytes.finish())).toBe(true)
    expect(asText.recordCount).toBe(asBytes.recordCount)
  })

  it('never takes more for a text than is told before', () => {
    for (const text of TEXTS) {
      const builder = new BatchBuilder()
      builder.append(text, text, 2 ** 52, NO_HEADERS)
      expect(builder.sizeInBytes).toBeLessThanOrEqual(recordSizeBound(text, text, NO_HEADERS))
      expect(recordSizeBound(text, text, NO_HEADERS)).toBeLessThanOrEqual(quickSizeBound(text, text, NO_HEADERS))
      expect(recordSizeBound(text, text, NO_HEADERS)).toBe(
        recordSizeBound(Buffer.from(text), Buffer.from(text), NO_HEADERS),
      )
    }
  })
})
