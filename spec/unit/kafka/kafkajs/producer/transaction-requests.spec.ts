import { addPartitionsToTxn } from '../../../../../lib/kafka/kafkajs/producer/transaction-requests'
import { WireWriter } from '../../../../../lib/kafka/kafkajs/protocol/wire'

const UNKNOWN_TOPIC_OR_PARTITION = 3
const NOT_COORDINATOR = 16
const TOPIC_AUTHORIZATION_FAILED = 29
const OPERATION_NOT_ATTEMPTED = 55
const PRODUCER_FENCED = 90

/** What the answer comes to where the partitions 0, 1 … of topic `t` have these error codes. */
const outcome = (...errorCodes: number[]) => {
  const { decode } = addPartitionsToTxn('id', { producerId: 1n, producerEpoch: 0 }, [])
  const writer = new WireWriter().int32(0)
  writer.array(['t'], (topic) => {
    writer.string(topic).array([...errorCodes.entries()], ([partition, code]) => writer.int32(partition).int16(code))
  })
  const { errorCode, failed } = decode(writer.buffer)
  return [errorCode, failed?.partition]
}

describe('the answer to AddPartitionsToTxn', () => {
  it('is a success where every partition was added', () => {
    expect(outcome(0, 0)).toEqual([0, undefined])
  })

  it.each([UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED, PRODUCER_FENCED])(
    'is the error %d of one, not of those that were not attempted because of it',
    (errorCode) => {
      const others = OPERATION_NOT_ATTEMPTED
      expect(outcome(others, errorCode, others)).toEqual([errorCode, 1])
    },
  )

  it.each([UNKNOWN_TOPIC_OR_PARTITION, NOT_COORDINATOR])(
    'is the error %d, which may pass, ahead of one that does not: all are added again',
    (errorCode) => {
      expect(outcome(TOPIC_AUTHORIZATION_FAILED, OPERATION_NOT_ATTEMPTED, errorCode)).toEqual([errorCode, 2])
      expect(outcome(errorCode, TOPIC_AUTHORIZATION_FAILED)).toEqual([errorCode, 0])
    },
  )

  it('is no success where none was attempted', () => {
    expect(outcome(OPERATION_NOT_ATTEMPTED, OPERATION_NOT_ATTEMPTED)).toEqual([OPERATION_NOT_ATTEMPTED, 0])
  })
})
