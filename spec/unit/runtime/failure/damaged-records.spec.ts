import { ClientError } from '../../../../lib/kafka/port'
import { toStreamsError } from '../../../../lib/runtime/failure/streams-error'
import { TaskFailure } from '../../../../lib/runtime/failure/task-failure'

describe('records that can not be decoded', () => {
  it.each(['CRC_MISMATCH', 'CORRUPT_MESSAGE', 'DECOMPRESSED_TOO_LARGE', 'UNSUPPORTED_COMPRESSION_TYPE'])(
    'end the instance with RECORDS_DAMAGED, which names partition and offset (%s)',
    (code) => {
      const place = { topic: 'orders', partition: 3, offset: 17 }
      const cause = new ClientError('invalid', 'reading orders-3 at offset 17: why', code, place)
      for (const error of [cause, new TaskFailure(cause)]) {
        expect(toStreamsError(error)).toMatchObject({
          code: 'RECORDS_DAMAGED',
          location: place,
          message: expect.stringContaining('reading orders-3 at offset 17: why') as string,
        })
      }
    },
  )

  it('are told apart from other refusals', () => {
    const refused = new ClientError('invalid', 'no', 'INVALID_REQUIRED_ACKS')
    expect(toStreamsError(refused)).toMatchObject({ code: 'KAFKA_FAILED' })
  })
})
