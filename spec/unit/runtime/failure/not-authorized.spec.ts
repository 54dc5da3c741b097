import { ClientError } from '../../../../lib/kafka/port'
import { toStreamsError } from '../../../../lib/runtime/failure/streams-error'
import { TaskFailure } from '../../../../lib/runtime/failure/task-failure'

const refused = (code: string, options: ConstructorParameters<typeof ClientError>[4] = {}): ClientError =>
  new ClientError('authorization', `writing to out-1: refused (${code})`, code, { topic: 'out', partition: 1 }, options)

describe('a refused request', () => {
  it('names the topic and the operation that an ACL has to allow', () => {
    const error = toStreamsError(new TaskFailure(refused('TOPIC_AUTHORIZATION_FAILED', { operation: 'Write' })))
    expect(error).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message:
        'not authorized: writing to out-1: refused (TOPIC_AUTHORIZATION_FAILED). ' +
        'Allow the principal of this application the operation Write on topic "out"',
      location: { topic: 'out', partition: 1 },
    })
  })

  it.each([
    ['GROUP_AUTHORIZATION_FAILED', /operation Read on the consumer group that its applicationId names/],
    ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', /operations Write and Describe on the transactional ids/],
    ['CLUSTER_AUTHORIZATION_FAILED', /Create for internal topics/],
    ['TOPIC_AUTHORIZATION_FAILED', /\(Read, Write or Describe\) on topic "out"/],
    ['ILLEGAL_SASL_STATE', /takes no SASL: connect to one that does, or drop kafka\.sasl/],
    ['UNSUPPORTED_SASL_MECHANISM', /Set kafka\.sasl\.mechanism/],
    ['SASL_AUTHENTICATION_FAILED', /Check the credentials in kafka\.sasl and kafka\.ssl/],
  ])('with %s says what to do', (code, message) => {
    expect(toStreamsError(refused(code))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: expect.stringMatching(message),
    })
  })
})
