import { brokerError } from '../../../../../lib/kafka/kafkajs/protocol/error-codes'
import { errorFromCode, throwOnCode, toClientError } from '../../../../../lib/kafka/kafkajs/protocol/errors'
import { ClientError } from '../../../../../lib/kafka/port'
import { describeWithJava, runJava } from '../../../../support/kafka-broker'
import { join } from 'node:path'

describe('errors of the broker', () => {
  it.each([
    [1, 'OFFSET_OUT_OF_RANGE', 'offsetOutOfRange'],
    [3, 'UNKNOWN_TOPIC_OR_PARTITION', 'unknownTopic'],
    [6, 'NOT_LEADER_OR_FOLLOWER', 'retriable'],
    [10, 'MESSAGE_TOO_LARGE', 'invalid'],
    [14, 'COORDINATOR_LOAD_IN_PROGRESS', 'retriable'],
    [22, 'ILLEGAL_GENERATION', 'fenced'],
    [25, 'UNKNOWN_MEMBER_ID', 'fenced'],
    [27, 'REBALANCE_IN_PROGRESS', 'rebalance'],
    [29, 'TOPIC_AUTHORIZATION_FAILED', 'authorization'],
    [47, 'INVALID_PRODUCER_EPOCH', 'fenced'],
    [51, 'CONCURRENT_TRANSACTIONS', 'retriable'],
    [82, 'FENCED_INSTANCE_ID', 'fenced'],
    [88, 'UNSTABLE_OFFSET_COMMIT', 'unstableOffset'],
    [90, 'PRODUCER_FENCED', 'fenced'],
    [120, 'TRANSACTION_ABORTABLE', 'abortable'],
    [9999, 'ERROR_9999', 'fatal'],
  ] as const)('%d is %s: %s', (code, name, kind) => {
    expect(brokerError(code)).toMatchObject({ code, name, kind })
  })

  it('say what was being done, where, and why it failed', () => {
    const error = errorFromCode(6, 'fetching orders-3 at offset 42', { topic: 'orders', partition: 3 })
    expect(error).toBeInstanceOf(ClientError)
    expect(error.message).toBe(
      'fetching orders-3 at offset 42: The broker is not the leader, or not a replica, of the partition (NOT_LEADER_OR_FOLLOWER)',
    )
    expect(error.partition).toEqual({ topic: 'orders', partition: 3 })
    expect(() => throwOnCode(0, 'x')).not.toThrow()
    expect(() => throwOnCode(-1, 'x')).toThrow('UNKNOWN_SERVER_ERROR')
  })
})

describeWithJava('the table of error codes', () => {
  it('is that of the Kafka that we test with', async () => {
    const lines = (await runJava(join(__dirname, 'ErrorCodes.java'))).trim().split('\n')
    const theirs = lines.map((line) => line.split(' ') as [string, string, string])
    expect(theirs.length).toBeGreaterThan(120)
    for (const [code, name] of theirs) expect([code, brokerError(Number(code)).name]).toEqual([code, name])
    // retriable in Java and nothing special for us: retriable here
    const special = new Set(['unknownTopic', 'unstableOffset'])
    for (const [code, name, retriable] of theirs) {
      const { kind } = brokerError(Number(code))
      if (retriable === 'true' && !special.has(kind)) expect([name, kind]).toEqual([name, 'retriable'])
    }
  })
})

describe('errors of the connection', () => {
  const convert = (error: unknown): ClientError => toClientError(error, 'doing it')

  it('pass when they are the port’s own', () => {
    const error = new ClientError('fenced', 'x')
    expect(convert(error)).toBe(error)
  })

  const fromKafkaJs = (name: string, message: string, code?: string): Error =>
    Object.assign(new Error(message), { name, code })

  it('of the network are retriable, and keep their cause', () => {
    const refused = fromKafkaJs('KafkaJSConnectionError', 'Connection error: connect ECONNREFUSED', 'ECONNREFUSED')
    const message = 'doing it: connect ECONNREFUSED'
    expect(convert(refused)).toMatchObject({ kind: 'retriable', code: 'ECONNREFUSED', message, cause: refused })
    const closed = fromKafkaJs('KafkaJSConnectionClosedError', 'Closed connection')
    expect(convert(closed)).toMatchObject({ kind: 'retriable', code: 'NETWORK_EXCEPTION' })
    for (const code of ['ECONNRESET', 'EAI_AGAIN', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH']) {
      expect(convert(Object.assign(new Error('x'), { code }))).toMatchObject({ kind: 'retriable', code })
    }
  })

  it('of certificates and credentials are authorization, and name the setting', () => {
    const untrusted = fromKafkaJs('KafkaJSConnectionError', 'self-signed', 'DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(convert(untrusted)).toMatchObject({
      kind: 'authorization',
      message: expect.stringContaining('kafka.ssl') as string,
    })
    const refused = fromKafkaJs('KafkaJSSASLAuthenticationError', 'wrong password')
    expect(convert(refused)).toMatchObject({
      kind: 'authorization',
      message: expect.stringContaining('kafka.sasl') as string,
    })
  })

  it('with a code of the broker are what that code says, also where kafkajs does not know it', () => {
    const protocol = (code: number, message: string): Error =>
      Object.assign(new Error(message), { name: 'KafkaJSProtocolError', code })
    expect(convert(protocol(16, 'moved'))).toMatchObject({ kind: 'retriable', code: 'NOT_COORDINATOR' })
    expect(convert(protocol(-99, 'Unknown error code 90'))).toMatchObject({ kind: 'fenced', code: 'PRODUCER_FENCED' })
  })

  it('that are wrapped are seen through; what is left is fatal', () => {
    const wrapped = new Error('retries exceeded', { cause: Object.assign(new Error('pipe'), { code: 'EPIPE' }) })
    expect(convert(wrapped)).toMatchObject({ kind: 'retriable', code: 'EPIPE' })
    expect(convert(new TypeError('a bug'))).toMatchObject({
      kind: 'fatal',
      code: 'UNEXPECTED_ERROR',
      message: 'doing it: a bug',
    })
    expect(convert('thrown text')).toMatchObject({ kind: 'fatal', message: 'doing it: thrown text' })
  })
})
