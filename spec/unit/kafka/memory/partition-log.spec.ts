import { PartitionLog } from '../../../../lib/kafka/memory/partition-log'
import { BatchBuilder } from '../../../../lib/kafka/memory/stored-batch'
import { NO_HEADERS } from '../../../../lib/record/headers'

const batchOf = (records: number, { producerId = 1, transactional = false, timestamp = 0 } = {}) => {
  const builder = new BatchBuilder()
  for (let i = 0; i < records; i++) builder.append(i, Buffer.from('k'), Buffer.from('v'), timestamp + i, NO_HEADERS)
  return { ...builder.take(), producerId, producerEpoch: 0, transactional }
}

describe('PartitionLog', () => {
  it('numbers records, control records included', () => {
    const log = new PartitionLog()
    expect(log.append(batchOf(3, { transactional: true }))).toBe(2)
    log.endTransaction(1, 0, 'commit', 0)
    expect(log.append(batchOf(1))).toBe(4)
    expect(log.highWatermark).toBe(5)
  })

  it('holds the last stable offset at the first record of the oldest open transaction', () => {
    const log = new PartitionLog()
    log.append(batchOf(2))
    log.append(batchOf(1, { producerId: 7, transactional: true }))
    log.append(batchOf(1, { producerId: 8, transactional: true }))
    log.append(batchOf(1, { producerId: 7, transactional: true }))
    expect(log.lastStableOffset).toBe(2)
    log.endTransaction(7, 0, 'abort', 0)
    expect(log.lastStableOffset).toBe(3)
    log.endTransaction(8, 0, 'commit', 0)
    expect(log.lastStableOffset).toBe(log.highWatermark)
  })

  it('marks exactly the batches of the aborted transaction, not of an earlier one of the same producer', () => {
    const log = new PartitionLog()
    log.append(batchOf(1, { producerId: 7, transactional: true }))
    log.endTransaction(7, 0, 'commit', 0)
    log.append(batchOf(1, { producerId: 7, transactional: true }))
    log.append(batchOf(1, { producerId: 8, transactional: true }))
    log.endTransaction(7, 0, 'abort', 0)
    log.endTransaction(8, 0, 'commit', 0)
    expect(log.batches.filter((batch) => batch.aborted).map((batch) => batch.baseOffset)).toEqual([2])
  })

  it('reads from the middle of a batch, up to a limit of bytes but always one batch, never past the given offset', () => {
    const log = new PartitionLog()
    for (let i = 0; i < 4; i++) log.append(batchOf(10))
    expect(log.read(15, 40, 1).map((batch) => batch.baseOffset)).toEqual([10])
    expect(log.read(15, 40, Infinity).map((batch) => batch.baseOffset)).toEqual([10, 20, 30])
    expect(log.read(15, 30, Infinity).map((batch) => batch.baseOffset)).toEqual([10, 20])
    expect(log.read(40, 40, Infinity)).toEqual([])
  })

  it('frees whole batches before the new log start and keeps the count of bytes right', () => {
    const log = new PartitionLog()
    for (let i = 0; i < 3; i++) log.append(batchOf(10))
    const full = log.sizeInBytes
    log.deleteBefore(15)
    expect(log.logStartOffset).toBe(15)
    expect(log.batches.map((batch) => batch.baseOffset)).toEqual([10, 20])
    expect(log.sizeInBytes).toBe((full / 3) * 2)
    log.deleteBefore(30)
    expect(log.sizeInBytes).toBe(0)
    expect(log.append(batchOf(1))).toBe(30)
  })

  it('keeps, by size, the newest batches and what is not yet stable', () => {
    const log = new PartitionLog()
    log.append(batchOf(10))
    log.append(batchOf(10, { producerId: 7, transactional: true }))
    log.append(batchOf(10))
    log.retain(1)
    expect(log.logStartOffset).toBe(10)
    log.endTransaction(7, 0, 'commit', 0)
    log.retain(1)
    expect(log.batches).toHaveLength(1)
    expect(log.logStartOffset).toBe(30)
  })

  it('finds the first offset at or after a timestamp', () => {
    const log = new PartitionLog()
    log.append(batchOf(3, { timestamp: 100 }))
    log.append(batchOf(3, { timestamp: 50 }))
    log.append(batchOf(3, { timestamp: 200 }))
    expect(log.offsetAt(0, 9)).toBe(0)
    expect(log.offsetAt(102, 9)).toBe(2)
    expect(log.offsetAt(103, 9)).toBe(6)
    expect(log.offsetAt(203, 9)).toBeUndefined()
    expect(log.offsetAt(103, 6)).toBeUndefined()
  })
})
