import { KafkaJsProducer } from '../../../../../lib/kafka/kafkajs/producer/producer'
import type { Producer } from '../../../../../lib/kafka/port'
import { NO_HEADERS } from '../../../../../lib/record/headers'
import { deferred } from '../../../runtime/processing/processing-under-test'
import { ScriptedBroker } from '../scripted-broker'

const UNKNOWN_TOPIC_OR_PARTITION = 3
const COORDINATOR_NOT_AVAILABLE = 15
const TOPIC_AUTHORIZATION_FAILED = 29
const PRODUCER_FENCED = 90

describe('the end of a transaction of the kafkajs producer', () => {
  let broker: ScriptedBroker
  let producer: Producer

  beforeEach(async () => {
    broker = new ScriptedBroker()
    producer = new KafkaJsProducer(broker.connection, { transactionalId: 'id', lingerMs: 1, deliveryTimeoutMs: 1000 })
    await producer.init()
    producer.begin()
  })
  afterEach(() => producer.close())

  const append = (value: string): void => producer.append('t', 0, null, Buffer.from(value), 0, NO_HEADERS)

  /** Answers the next request of this name with what the returned function is given; the test waits for the request. */
  const hold = (name: string) => {
    const asked = deferred()
    let answer!: (errorCode: number) => void
    const answered = new Promise<number>((resolve) => (answer = resolve))
    broker.coordinate = (apiName) => {
      if (apiName !== name) return 0
      broker.coordinate = () => 0
      asked.resolve()
      return answered
    }
    return { asked: asked.promise, answer }
  }

  const commitAnother = async (): Promise<number> => {
    producer.begin()
    append('next')
    await producer.commit()
    return broker.sent.reduce((sum, { records }) => sum + records, 0)
  }

  it('an abort takes the failures of its transaction with it', async () => {
    const adding = hold('AddPartitionsToTxn')
    append('a')
    await adding.asked
    const aborting = producer.abort()
    adding.answer(TOPIC_AUTHORIZATION_FAILED)
    await aborting
    expect(await commitAnother()).toBe(1)
  })

  it('takes no record while the abort is under way: it would become one of the next transaction', async () => {
    append('a')
    await producer.flush()
    const ending = hold('EndTxn')
    const aborting = producer.abort()
    await ending.asked
    expect(() => append('b')).toThrow(expect.objectContaining({ kind: 'abortable', code: 'TRANSACTION_ABORTED' }))
    ending.answer(0)
    await aborting
    expect(await commitAnother()).toBe(2)
  })

  it('takes none either after an abort that has failed, until one succeeds', async () => {
    append('a')
    await producer.flush()
    broker.coordinate = () => COORDINATOR_NOT_AVAILABLE
    await expect(producer.abort()).rejects.toMatchObject({ kind: 'retriable' })
    expect(() => append('b')).toThrow(expect.objectContaining({ code: 'TRANSACTION_ABORTED' }))
    await expect(producer.flush()).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    broker.coordinate = () => 0
    await producer.abort()
    expect(await commitAnother()).toBe(2)
  })

  it('stays fenced where the abort was', async () => {
    append('a')
    await producer.flush()
    broker.coordinate = () => PRODUCER_FENCED
    await expect(producer.abort()).rejects.toMatchObject({ kind: 'fenced' })
    await expect(producer.abort()).rejects.toMatchObject({ kind: 'fenced' })
    expect(() => producer.begin()).toThrow(expect.objectContaining({ kind: 'fenced' }))
  })

  it('an init leaves requests of the transaction before without an effect', async () => {
    const adding = hold('AddPartitionsToTxn')
    append('a')
    await adding.asked
    await producer.init()
    producer.begin()
    append('b')
    adding.answer(PRODUCER_FENCED)
    await producer.commit()
    expect(broker.sent).toMatchObject([{ records: 1, producerEpoch: 1 }])
  })

  const group = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }
  const offsets = [{ topic: 't', partition: 0, offset: 1, metadata: '' }]

  it('offsets of a topic that is not known yet are sent again, and those of one that was deleted fail soon', async () => {
    let unknown = 2
    broker.coordinate = (apiName) => (apiName === 'TxnOffsetCommit' && unknown-- > 0 ? UNKNOWN_TOPIC_OR_PARTITION : 0)
    await producer.sendOffsets(offsets, group)
    await producer.commit()
    producer.begin()
    unknown = Infinity
    await expect(producer.sendOffsets(offsets, group)).rejects.toMatchObject({
      kind: 'abortable',
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
    expect(broker.coordinated.filter((apiName) => apiName === 'TxnOffsetCommit').length).toBeLessThan(10)
    await producer.abort()
    expect(await commitAnother()).toBe(1)
  })

  it('looks up a topic that the coordinator does not know: it may have been deleted', async () => {
    let unknown = 2
    broker.coordinate = (apiName) =>
      apiName === 'AddPartitionsToTxn' && unknown-- > 0 ? UNKNOWN_TOPIC_OR_PARTITION : 0
    const before = broker.refreshes
    append('a')
    await producer.flush()
    expect(broker.refreshes - before).toBe(2)
  })

  it.each([
    ['accepted', 0],
    ['refused', PRODUCER_FENCED],
  ])('offsets of the transaction before that are %s late get into no later one', async (_how, errorCode) => {
    const adding = hold('AddOffsetsToTxn')
    const late = producer.sendOffsets(offsets, group)
    await adding.asked
    await producer.abort()
    producer.begin()
    adding.answer(errorCode)
    await expect(late).rejects.toThrow()
    expect(broker.coordinated).not.toContain('TxnOffsetCommit')
    await producer.sendOffsets(offsets, group)
    await producer.commit()
    expect(broker.coordinated.slice(-3)).toEqual(['AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn'])
  })
})
