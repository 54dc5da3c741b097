import type { KafkaConnection } from '../../../../../lib/kafka/kafkajs/connection/connection'
import { Coordinator } from '../../../../../lib/kafka/kafkajs/connection/coordinator'
import type { CoordinatorKind } from '../../../../../lib/kafka/kafkajs/connection/metadata'
import type { Frame } from '../../../../../lib/kafka/kafkajs/protocol/frame'
import { recordingLogger } from '../../../runtime/processing/processing-under-test'

const COORDINATOR_NOT_AVAILABLE = 15

describe('a coordinator that the brokers do not have', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  const setUp = (kind: CoordinatorKind = 'group') => {
    const logger = recordingLogger()
    const answer = { errorCode: COORDINATOR_NOT_AVAILABLE }
    const connection = { logger, sendToCoordinator: () => Promise.resolve(answer), forgetCoordinator: () => {} }
    const coordinator = new Coordinator(connection as unknown as KafkaConnection, kind, 'app', 30_000)
    const ask = async (seconds: number): Promise<void> => {
      for (let second = 0; second <= seconds; second++) {
        await coordinator.attempt({} as Frame<typeof answer>, { doing: 'asking' })
        jest.advanceTimersByTime(1000)
      }
    }
    const waits = (): unknown[] => logger.entries.splice(0).map(({ level, fields }) => [level, fields['waitedMs']])
    return { ask, answer, logger, waits }
  }

  it('is warned about at growing intervals, not in the first seconds of a new cluster', async () => {
    const { ask, waits } = setUp()
    await ask(4)
    expect(waits()).toEqual([])
    await ask(16)
    expect(waits()).toEqual([
      ['warn', 5000],
      ['warn', 10_000],
      ['warn', 20_000],
    ])
  })

  it.each([
    ['group', /coordinator of group 'app'.*__consumer_offsets.*offsets\.topic\.replication\.factor/],
    ['transaction', /coordinator of transaction 'app'.*__transaction_state.*transaction\.state\.log\.min\.isr/],
  ] as const)('of a %s says which settings of the brokers to check', async (kind, message) => {
    const { ask, logger } = setUp(kind)
    await ask(5)
    expect(logger.entries.map((entry) => entry.message)).toEqual([expect.stringMatching(message)])
  })

  it('is missing anew once it has answered', async () => {
    const { ask, answer, waits } = setUp()
    await ask(3)
    answer.errorCode = 0
    await ask(0)
    answer.errorCode = COORDINATOR_NOT_AVAILABLE
    await ask(3)
    expect(waits()).toEqual([])
  })
})
