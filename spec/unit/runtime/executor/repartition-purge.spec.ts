import { type Admin, ClientError } from '../../../../lib/kafka/port'
import { RepartitionPurge } from '../../../../lib/runtime/executor/repartition-purge'
import { recordingLogger } from '../processing/processing-under-test'

const INTERVAL_MS = 1000

describe('the purge of repartition topics', () => {
  let deleted: string[]
  let refusal: ClientError | undefined
  let logger: ReturnType<typeof recordingLogger>
  let purge: RepartitionPurge

  beforeEach(() => {
    jest.useFakeTimers()
    deleted = []
    refusal = undefined
    logger = recordingLogger()
    const deleteRecords: Admin['deleteRecords'] = async (offsets) => {
      if (refusal !== undefined) throw refusal
      for (const { topic, partition, offset } of offsets) deleted.push(`${topic}-${partition} to ${offset}`)
    }
    purge = new RepartitionPurge({
      admin: { deleteRecords } as Admin,
      repartitionTopics: new Set(['r']),
      intervalMs: INTERVAL_MS,
      logger,
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

  it('warns once where it may not delete, with the right that it needs: the topics grow', async () => {
    refusal = new ClientError('authorization', 'deleting records of r-0', 'TOPIC_AUTHORIZATION_FAILED', {
      topic: 'r',
      partition: 0,
    })
    for (const offset of [5, 6]) {
      commit('r', 0, offset)
      await jest.advanceTimersByTimeAsync(INTERVAL_MS)
    }
    expect(logger.entries).toMatchObject([
      {
        level: 'warn',
        message: expect.stringContaining('they are kept, and the topics grow without end'),
        fields: {
          err: {
            code: 'NOT_AUTHORIZED',
            message: expect.stringContaining(
              'Allow the principal of this application the operation Delete on topic "r"',
            ),
          },
        },
      },
      { level: 'debug' },
    ])
    refusal = undefined
    commit('r', 0, 7)
    await jest.advanceTimersByTimeAsync(INTERVAL_MS)
    expect(deleted).toEqual(['r-0 to 7'])
  })

  it('deletes nothing once it is closed', async () => {
    commit('r', 0, 5)
    await purge.close()
    commit('r', 0, 6)
    await jest.advanceTimersByTimeAsync(2 * INTERVAL_MS)
    expect(deleted).toEqual([])
  })
})
