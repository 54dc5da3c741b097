import type { KafkaConnection } from '../../../../../lib/kafka/kafkajs/connection/connection'
import { GroupJoin, type JoinOutcome } from '../../../../../lib/kafka/kafkajs/group/join'
import { ClientError } from '../../../../../lib/kafka/port'
import { recordingLogger } from '../../../runtime/processing/processing-under-test'

describe('a JoinGroup that the broker parks', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  const joining = (): { outcome: Promise<JoinOutcome>; answer: (error: Error) => void; waits: () => unknown[] } => {
    const logger = recordingLogger()
    let answer!: (error: Error) => void
    const connection = {
      logger,
      sendToCoordinator: () => new Promise((_, reject) => (answer = reject)),
      forgetCoordinator: () => {},
    }
    const join = new GroupJoin(
      connection as unknown as KafkaConnection,
      {
        groupId: 'app',
        protocol: 'p',
        sessionTimeoutMs: 45_000,
        heartbeatIntervalMs: 3000,
        rebalanceTimeoutMs: 300_000,
      },
      {
        subscription: () => ({ topics: [], userData: Buffer.alloc(0) }),
        assign: () => Promise.resolve(new Map()),
        joined: () => {},
        answered: () => {},
      },
    )
    const outcome = join.round([], -1)
    return {
      outcome,
      answer: (error) => answer(error),
      waits: () => logger.entries.map(({ level, fields }) => [level, fields['waitedMs']]),
    }
  }

  it('is told of at warn, at growing intervals, with what it waits for', async () => {
    const { outcome, answer, waits } = joining()
    jest.advanceTimersByTime(4999)
    expect(waits()).toEqual([])
    jest.advanceTimersByTime(45_000)
    expect(waits()).toEqual([
      ['warn', 5000],
      ['warn', 15_000],
      ['warn', 35_000],
    ])
    answer(new ClientError('retriable', 'moved', 'NOT_COORDINATOR'))
    expect(await outcome).toEqual({ kind: 'again' })
  })

  it('is told of no longer once it is answered', async () => {
    const { outcome, answer, waits } = joining()
    answer(new ClientError('retriable', 'moved', 'NOT_COORDINATOR'))
    await outcome
    expect(jest.getTimerCount()).toBe(0)
    expect(waits()).toEqual([])
  })
})
