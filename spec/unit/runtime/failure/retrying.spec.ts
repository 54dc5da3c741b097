import { ClientError } from '../../../../lib/kafka/port'
import { retrying } from '../../../../lib/runtime/failure/retrying'
import { recordingLogger } from '../processing/processing-under-test'

describe('what is given up', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  const failure = async (message: string): Promise<unknown> => {
    const failing = retrying('look up topics', () => Promise.reject(new ClientError('retriable', message)), {
      timeoutMs: 60_000,
      signal: new AbortController().signal,
      logger: recordingLogger(),
    }).catch((error: unknown) => error)
    await jest.advanceTimersByTimeAsync(65_000)
    return failing
  }

  it('says how long it was tried, why it failed, and what to check', async () => {
    expect(await failure('the leader moves')).toMatchObject({
      code: 'KAFKA_UNAVAILABLE',
      message: 'could not look up topics for 1 min: the leader moves; check that the brokers are up and reachable',
    })
  })

  it('gives no second advice', async () => {
    expect(await failure('no broker could be reached; check `kafka.brokers` and the network')).toMatchObject({
      message: 'could not look up topics for 1 min: no broker could be reached; check `kafka.brokers` and the network',
    })
  })
})
