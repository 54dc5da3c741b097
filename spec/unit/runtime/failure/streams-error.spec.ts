import { ClientError } from '../../../../lib/kafka/port'
import { toStreamsError } from '../../../../lib/runtime/failure/streams-error'

describe('toStreamsError', () => {
  it.each([
    ['FENCED_INSTANCE_ID', 'groupInstanceId'],
    ['INCONSISTENT_GROUP_PROTOCOL', 'applicationId'],
    ['INVALID_TOPIC_EXCEPTION', "topic's name"],
    ['INVALID_SESSION_TIMEOUT', 'sessionTimeout'],
    ['INVALID_TRANSACTION_TIMEOUT', 'transactionTimeout'],
    ['GROUP_MAX_SIZE_REACHED', 'group.max.size'],
  ])('%s: names what to change', (code, setting) => {
    const { code: ours, message } = toStreamsError(new ClientError('fatal', 'joining group app: refused', code))
    expect(ours).toBe('KAFKA_FAILED')
    expect(message).toContain('joining group app: refused. ')
    expect(message).toContain(setting)
  })

  it('a broker that can not be one is a matter of the configuration, also where a function gave it', () => {
    expect(
      toStreamsError(new ClientError('fatal', "kafka.brokers has 'x': the port is missing", 'INVALID_BROKER')),
    ).toMatchObject({
      code: 'INVALID_CONFIG',
      message: "the application can't connect: kafka.brokers has 'x': the port is missing",
    })
  })

  it('adds nothing to an error that says enough', () => {
    const { message } = toStreamsError(new ClientError('fatal', 'joining group app: refused', 'UNKNOWN_SERVER_ERROR'))
    expect(message).toBe('Kafka refused a request: joining group app: refused')
  })
})
