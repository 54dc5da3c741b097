import { StreamsError } from '../../../../lib/errors'
import { ClientError } from '../../../../lib/kafka/port'
import { retrying } from '../../../../lib/runtime/failure/retrying'
import { recordingLogger } from '../processing/processing-under-test'

describe('what is given up', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  const failure = async (error: Error): Promise<unknown> => {
    const failing = retrying('look up topics', () => Promise.reject(error), {
      timeoutMs: 60_000,
      signal: new AbortController().signal,
      logger: recordingLogger(),
    }).catch((error: unknown) => error)
    await jest.advanceTimersByTimeAsync(65_000)
    return failing
  }

  it('says how long it was tried, why it failed, and what to check', async () => {
    expect(await failure(new ClientError('retriable', 'the leader moves'))).toMatchObject({
      code: 'KAFKA_UNAVAILABLE',
      message: 'could not look up topics for 1 min: the leader moves; check that the brokers are up and reachable',
    })
  })

  it('gives no second advice', async () => {
    const unreachable = new ClientError('retriable', 'no broker could be reached', undefined, undefined, {
      nextStep: 'check `kafka.brokers` and the network',
    })
    const ofPartition = new ClientError('retriable', unreachable.message, undefined, undefined, { cause: unreachable })
    for (const error of [unreachable, ofPartition]) {
      expect(await failure(error)).toMatchObject({
        message:
          'could not look up topics for 1 min: no broker could be reached; check `kafka.brokers` and the network',
      })
    }
  })

  it('takes advice from the error, and not from its words', async () => {
    expect(await failure(new ClientError('retriable', 'the broker says: busy; check back later'))).toMatchObject({
      message:
        'could not look up topics for 1 min: the broker says: busy; check back later; check that the brokers are up and reachable',
    })
  })

  it('names the server that was asked', async () => {
    expect(await failure(new StreamsError('SCHEMA_REGISTRY_UNAVAILABLE', 'could not fetch schema 7'))).toMatchObject({
      message:
        'could not look up topics for 1 min: could not fetch schema 7; check that the schema registry is up and reachable',
    })
  })
})
