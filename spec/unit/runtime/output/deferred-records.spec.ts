import { ClientError } from '../../../../lib/kafka/port'
import { DeferredRecords } from '../../../../lib/runtime/output/deferred-records'
import { until } from '../../../support/embedded-apps'
import { deferred } from '../processing/processing-under-test'

const nobody = (): never => {
  throw new Error('not asked')
}

describe('records that are sent later', () => {
  it('are sent in the order of their topic, once it is known', async () => {
    const topics = { a: deferred(), b: deferred() }
    const records = new DeferredRecords((topic) => topics[topic as 'a' | 'b'].promise, nobody)
    const sent: string[] = []
    for (const name of ['a1', 'b1', 'a2']) {
      records.park(name[0]!, { send: () => void sent.push(name), sent: undefined })
    }
    topics.b.resolve()
    await until(() => sent.length === 1)
    expect([sent, records.isEmpty]).toEqual([['b1'], false])
    topics.a.resolve()
    await records.settled()
    expect([sent, records.isEmpty]).toEqual([['b1', 'a1', 'a2'], true])
  })

  it('keep their first failure for whoever asks or sends next', async () => {
    const records = new DeferredRecords(async () => {}, nobody)
    const send = (message: string) => () => {
      throw new ClientError('fatal', message)
    }
    records.park('a', { send: send('first'), sent: undefined })
    records.park('b', { send: send('second'), sent: undefined })
    await expect(records.settled()).rejects.toThrow('first')
    expect(() => records.park('c', { send: () => {}, sent: undefined })).toThrow('first')
  })

  it('fail nobody once they are abandoned', async () => {
    const records = new DeferredRecords(async () => {
      throw new ClientError('unknownTopic', 'no such topic')
    }, nobody)
    records.park('a', { send: () => {}, sent: undefined })
    records.abandon()
    await records.settled()
    expect(records.failure).toBeUndefined()
  })
})
