import type { Admin } from '../../../../lib/kafka/port'
import { silentLogger } from '../../../../lib/observe/logger'
import { RepartitionPurge } from '../../../../lib/runtime/executor/repartition-purge'

const INTERVAL_MS = 1000

describe('the purge of repartition topics', () => {
  let deleted: string[]
  let purge: RepartitionPurge

  beforeEach(() => {
    jest.useFakeTimers()
    deleted = []
    const deleteRecords: Admin['deleteRecords'] = async (offsets) => {
      for (const { topic, partition, offset } of offsets) deleted.push(`${topic}-${partition} to ${offset}`)
    }
    purge = new RepartitionPurge({
      admin: { deleteRecords } as Admin,
      repartitionTopics: new Set(['r']),
      intervalMs: INTERVAL_MS,
      logger: silentLogger,
    })
  })
  afterEach(async () => {
    await purge.close()
    jest.useRealTimers()
  })

  const commit = (topic: string, partition: number, offset: number): void =>
    purge.committed([{ topic, partition, offset, metadata: '' }])

  it('deletes what is committed once in its interval, and nothing of other topics', async () => {
    commit('r', 0, 5)
    commit('other', 0, 7)
    commit('r', 1, 3)
    commit('r', 0, 9)
    expect(deleted).toEqual([])
    await jest.advanceTimersByTimeAsync(INTERVAL_MS)
    expect(deleted).toEqual(['r-0 to 9', 'r-1 to 3'])
    commit('r', 1, 4)
    await jest.advanceTimersByTimeAsync(INTERVAL_MS - 1)
    expect(deleted).toHaveLength(2)
    await jest.advanceTimersByTimeAsync(1)
    expect(deleted.slice(2)).toEqual(['r-1 to 4'])
  })

  it('deletes nothing that was committed before a failure: the topic may be another one since', async () => {
    commit('r', 0, 5)
    purge.forget()
    commit('r', 1, 2)
    await jest.advanceTimersByTimeAsync(INTERVAL_MS)
    expect(deleted).toEqual(['r-1 to 2'])
  })

  it('deletes nothing once it is closed', async () => {
    commit('r', 0, 5)
    await purge.close()
    commit('r', 0, 6)
    await jest.advanceTimersByTimeAsync(2 * INTERVAL_MS)
    expect(deleted).toEqual([])
  })
})
