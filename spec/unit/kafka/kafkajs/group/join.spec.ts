import type { KafkaConnection } from '../../../../../lib/kafka/kafkajs/connection/connection'
import { GroupJoin, type JoinOutcome } from '../../../../../lib/kafka/kafkajs/group/join'
import { ClientError } from '../../../../../lib/kafka/port'
import { recordingLogger } from '../../../runtime/processing/processing-under-test'

describe('a JoinGroup', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  interface Joining {
    readonly outcome: Promise<JoinOutcome>
    readonly answer: (error: Error) => void
    readonly waits: () => unknown[]
    /** How long the broker may take to answer; undefined: as long as to any request. */
    readonly timeoutMs: number | undefined
  }

  const joining = ({
    memberId = 'member',
    groupInstanceId,
  }: { memberId?: string; groupInstanceId?: string } = {}): Joining => {
    const logger = recordingLogger()
    let answer!: (error: Error) => void
    let timeoutMs: number | undefined
    const connection = {
      logger,
      sendToCoordinator: (_kind: string, _key: string, _frame: unknown, given?: number) => {
        timeoutMs = given
        return new Promise((_, reject) => (answer = reject))
      },
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
        ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
      },
      {
        subscription: () => ({ topics: [], userData: Buffer.alloc(0) }),
        assign: () => Promise.resolve(new Map()),
        joined: () => {},
        answered: () => {},
      },
    )
    join.memberId = memberId
    const outcome = join.round([], -1)
    return {
      outcome,
      answer: (error) => answer(error),
      timeoutMs,
      waits: () => logger.entries.map(({ level, fields }) => [level, fields['waitedMs']]),
    }
  }

  it('that the broker parks is told of at warn, at growing intervals, with what it waits for', async () => {
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

  it('that the broker has parked is told of no longer once it is answered', async () => {
    const { outcome, answer, waits } = joining()
    answer(new ClientError('retriable', 'moved', 'NOT_COORDINATOR'))
    await outcome
    expect(jest.getTimerCount()).toBe(0)
    expect(waits()).toEqual([])
  })

  it('may be parked for as long as a rebalance takes', async () => {
    for (const { outcome, answer, timeoutMs } of [joining(), joining({ memberId: '', groupInstanceId: 'one' })]) {
      expect(timeoutMs).toBe(305_000)
      answer(new ClientError('retriable', 'moved', 'NOT_COORDINATOR'))
      await outcome
    }
  })

  it('for a member id is never parked: a coordinator that is silent is given up as for any request', async () => {
    const { outcome, answer, timeoutMs, waits } = joining({ memberId: '' })
    expect(timeoutMs).toBeUndefined()
    jest.advanceTimersByTime(29_000)
    expect(waits()).toEqual([])
    answer(new ClientError('retriable', 'no answer', 'REQUEST_TIMED_OUT'))
    expect(await outcome).toEqual({ kind: 'again' })
  })
})
