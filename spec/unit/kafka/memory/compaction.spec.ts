import { EmbeddedKafka } from '../../../../lib/kafka/memory'
import { compactPartition } from '../../../../lib/kafka/memory/compaction'
import { PartitionLog } from '../../../../lib/kafka/memory/partition-log'
import { BatchBuilder, BatchReader } from '../../../../lib/kafka/memory/stored-batch'
import { NO_HEADERS } from '../../../../lib/record/headers'

type Entry = readonly [key: string, value: string | null]

const append = (log: PartitionLog, entries: readonly Entry[], producerId = 1, transactional = false): void => {
  const builder = new BatchBuilder()
  entries.forEach(([key, value], i) =>
    builder.append(i, Buffer.from(key), value === null ? null : Buffer.from(value), 0, NO_HEADERS),
  )
  log.append({ ...builder.take(), producerId, producerEpoch: 0, transactional })
}

const contentOf = (log: PartitionLog): string[] =>
  log.batches.flatMap((batch) => {
    const reader = new BatchReader()
    reader.start(batch)
    const records: string[] = []
    while (reader.advance()) records.push(`${reader.offset}:${reader.key}=${reader.value}`)
    return records
  })

const spansOf = (log: PartitionLog): [number, number, number][] =>
  log.batches.map((batch) => [batch.baseOffset, batch.lastOffset, batch.recordCount])

describe('compaction', () => {
  it('keeps the last record of each key at its offset', () => {
    const log = new PartitionLog()
    append(log, [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
    ])
    append(log, [
      ['b', '2'],
      ['c', '1'],
    ])
    compactPartition(log)
    expect(contentOf(log)).toEqual(['2:a=2', '3:b=2', '4:c=1'])
    expect(log.highWatermark).toBe(5)
  })

  it('keeps the empty last batch of a producer, and drops other empty ones', () => {
    const log = new PartitionLog()
    append(log, [['a', '1']], 1)
    append(log, [['a', '2']], 1)
    append(log, [['a', '3']], 2)
    compactPartition(log)
    expect(spansOf(log)).toEqual([
      [1, 1, 0],
      [2, 2, 1],
    ])
  })

  it('keeps tombstones at first, and drops them with the markers once their time has passed', () => {
    const log = new PartitionLog()
    append(log, [
      ['a', '1'],
      ['b', '1'],
    ])
    append(log, [['a', null]], 7, true)
    log.endTransaction(7, 0, 'commit', 0)
    append(log, [['c', '1']], 7, true)
    log.endTransaction(7, 0, 'commit', 0)
    compactPartition(log)
    expect(contentOf(log)).toEqual(['1:b=1', '2:a=null', '4:c=1'])
    expect(log.batches.filter((batch) => batch.control)).toHaveLength(2)
    compactPartition(log, { removeTombstones: true })
    expect(contentOf(log)).toEqual(['1:b=1', '4:c=1'])
    // the last one is the producer's last batch
    expect(log.batches.filter((batch) => batch.control).map((batch) => batch.baseOffset)).toEqual([5])
  })

  it('drops aborted records and does not let them hide committed ones', () => {
    const log = new PartitionLog()
    append(log, [['a', 'committed']])
    append(log, [['a', 'aborted']], 7, true)
    log.endTransaction(7, 0, 'abort', 0)
    compactPartition(log)
    expect(contentOf(log)).toEqual(['0:a=committed'])
  })

  it('touches nothing from the first open transaction on', () => {
    const log = new PartitionLog()
    append(log, [['a', '1']])
    append(log, [['a', '2']])
    append(log, [['a', 'open']], 7, true)
    append(log, [['a', '3']])
    compactPartition(log)
    expect(contentOf(log)).toEqual(['1:a=2', '2:a=open', '3:a=3'])
  })

  it('tells binary keys apart', () => {
    const log = new PartitionLog()
    const builder = new BatchBuilder()
    const keys = [Buffer.from([0xff]), Buffer.from([0xfe]), Buffer.from([0xff, 0]), Buffer.alloc(0)]
    keys.forEach((key, i) => builder.append(i, key, Buffer.from([i]), 0, NO_HEADERS))
    log.append({ ...builder.take(), producerId: 1, producerEpoch: 0, transactional: false })
    compactPartition(log)
    expect(log.batches[0]!.recordCount).toBe(4)
  })

  it('happens by itself when a compacted topic has outgrown its clean size', async () => {
    const kafka = new EmbeddedKafka()
    await kafka.createTopic('table', 1, { 'cleanup.policy': 'compact' })
    const value = 'x'.repeat(10_000)
    for (let round = 0; round < 4; round++) {
      await kafka.produce(
        'table',
        Array.from({ length: 1000 }, (_, i) => ({ key: String(i % 10), value })),
      )
    }
    const records = await kafka.read('table')
    expect(records.length).toBeLessThan(2000)
    expect(new Set(records.map(({ key }) => key)).size).toBe(10)
    expect(records.at(-1)!.offset).toBe(3999)
    await kafka.close()
  })
})
