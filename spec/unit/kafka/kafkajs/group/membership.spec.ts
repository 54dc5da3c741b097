import type { KafkaConnection } from '../../../../../lib/kafka/kafkajs/connection/connection'
import { KafkaJsGroupMembership } from '../../../../../lib/kafka/kafkajs/group/membership'
import { closedError } from '../../../../../lib/kafka/kafkajs/protocol/errors'
import type { Frame } from '../../../../../lib/kafka/kafkajs/protocol/frame'
import { ClientError, type GroupListener } from '../../../../../lib/kafka/port'
import { recordingLogger } from '../../../runtime/processing/processing-under-test'

const MEMBER_ID_REQUIRED = 79

/** A member whose JoinGroup is parked. */
const joiningMember = async (leaving: () => Promise<{ errorCode: number }>) => {
  const logger = recordingLogger()
  let joins = 0
  let parked!: () => void
  const isParked = new Promise<void>((resolve) => (parked = resolve))
  const leaves: string[] = []
  const connectionWith = (answer: (apiName: string) => Promise<object>): KafkaConnection => {
    const closing = new AbortController()
    const connection = {
      logger,
      signal: closing.signal,
      sendToCoordinator: (_kind: string, _key: string, { apiName }: Frame<unknown>) =>
        closing.signal.aborted ? Promise.reject(closedError(apiName)) : answer(apiName),
      forgetCoordinator: () => {},
      pause: () => new Promise<void>((resolve) => void setTimeout(resolve, 100)),
      close: () => closing.abort(),
    }
    return connection as unknown as KafkaConnection
  }
  const member = new KafkaJsGroupMembership(
    {
      join: connectionWith(async () => {
        if (joins++ === 0) return { errorCode: MEMBER_ID_REQUIRED, memberId: 'm' }
        parked()
        return new Promise(() => {})
      }),
      heartbeat: connectionWith(() => new Promise(() => {})),
      offsets: connectionWith((apiName) => {
        leaves.push(apiName)
        return leaving()
      }),
    },
    { groupId: 'app', protocol: 'p', sessionTimeoutMs: 45_000, heartbeatIntervalMs: 3000, rebalanceTimeoutMs: 300_000 },
    { subscription: () => ({ topics: [], userData: Buffer.alloc(0) }) } as unknown as GroupListener,
  )
  member.join().catch(() => {})
  await isParked
  const told = () =>
    logger.entries.filter(({ message }) => message.startsWith('could not leave')).map(({ level }) => level)
  return { member, leaves, told }
}

const fails = (kind: 'retriable' | 'fenced', code: string) => Promise.reject(new ClientError(kind, code, code))

describe('a member that leaves its group', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  it('does so where the coordinator has moved to another broker since its last request', async () => {
    const answers = [() => fails('retriable', 'ECONNREFUSED'), () => fails('retriable', 'NOT_COORDINATOR')]
    const { member, leaves, told } = await joiningMember(() => answers.shift()?.() ?? Promise.resolve({ errorCode: 0 }))
    const left = member.leave()
    await jest.advanceTimersByTimeAsync(200)
    await left
    expect(leaves).toEqual(['LeaveGroup', 'LeaveGroup', 'LeaveGroup'])
    expect(told()).toEqual([])
  })

  it('gives up after two seconds, and says what that means', async () => {
    const { member, leaves, told } = await joiningMember(() => fails('retriable', 'ECONNREFUSED'))
    const left = member.leave()
    await jest.advanceTimersByTimeAsync(2000)
    await left
    expect(leaves.length).toBeGreaterThan(10)
    expect(told()).toEqual(['info'])
  })

  it('takes a group that does not know it any more as left', async () => {
    const { member, leaves, told } = await joiningMember(() => fails('fenced', 'UNKNOWN_MEMBER_ID'))
    await member.leave()
    expect(leaves).toEqual(['LeaveGroup'])
    expect(told()).toEqual(['debug'])
  })
})

describe('a member whose JoinGroup is parked', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate'] }))
  afterEach(() => void jest.useRealTimers())

  it('joins at the new coordinator, once its heartbeats have found that: the former may be without power', async () => {
    let coordinator = 1
    /** Where the JoinGroups went. */
    const joins: number[] = []
    const connectionWith = (answer: (apiName: string) => Promise<object>): KafkaConnection => {
      let known: number | undefined
      let fail: (cause: Error) => void = () => {}
      const connection = {
        logger: recordingLogger(),
        signal: new AbortController().signal,
        knownCoordinator: () => known,
        forgetCoordinator: () => (known = undefined),
        sendToCoordinator: (_kind: string, _key: string, { apiName }: Frame<unknown>) => {
          known ??= coordinator
          if (apiName === 'JoinGroup') joins.push(known)
          return Promise.race([answer(apiName), new Promise((_, reject) => (fail = reject))])
        },
        disconnect: (cause: Error) => fail(cause),
        pause: async () => {},
        close: () => {},
      }
      return connection as unknown as KafkaConnection
    }
    const heartbeat = connectionWith(async () => ({ errorCode: 0 }))
    const member = new KafkaJsGroupMembership(
      {
        join: connectionWith(async (apiName) => {
          if (apiName === 'SyncGroup') return { errorCode: 0, assignment: Buffer.alloc(0) }
          if (joins.length > 1) return new Promise(() => {})
          return { errorCode: 0, memberId: 'm', leaderId: 'other', generationId: 1, members: [] }
        }),
        heartbeat,
        offsets: connectionWith(async () => ({ errorCode: 0 })),
      },
      { groupId: 'a', protocol: 'p', sessionTimeoutMs: 45_000, heartbeatIntervalMs: 3000, rebalanceTimeoutMs: 300_000 },
      {
        subscription: () => ({ topics: [], userData: Buffer.alloc(0) }),
        assigned: async () => 'ok',
        beforeRejoin: async () => {},
      } as unknown as GroupListener,
    )
    await member.join()
    member.requestRejoin('test')
    await jest.advanceTimersByTimeAsync(3000)
    expect(joins).toEqual([1, 1])

    coordinator = 2
    heartbeat.forgetCoordinator('group', 'a')
    await jest.advanceTimersByTimeAsync(9000)
    expect(joins).toEqual([1, 1, 2])
    await member.leave()
  })
})
