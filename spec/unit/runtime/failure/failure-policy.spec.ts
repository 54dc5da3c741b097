import { StreamsError } from '../../../../lib/errors'
import { ClientError, type ClientErrorKind } from '../../../../lib/kafka/port'
import { FailurePolicy } from '../../../../lib/runtime/failure/failure-policy'
import { IsolatedTasks } from '../../../../lib/runtime/failure/isolated-tasks'
import { TransactionBlocked } from '../../../../lib/runtime/failure/transaction-blocked'
import type { RunningTask } from '../../../../lib/runtime/tasks/task'
import { MissingDependency } from '../../../../lib/serdes/missing-dependency'

const policy = (isolated = new IsolatedTasks(10_000)): FailurePolicy =>
  new FailurePolicy({ transactionTimeoutMs: 10_000 }, isolated)
const wrapped = (cause: unknown): StreamsError =>
  new StreamsError('PROCESSING_FAILED', 'a callback threw', {}, { cause })
const damaged = new StreamsError('STATE_STORE_DAMAGED', 'a table has a wrong checksum')
const missing = new MissingDependency('fetch schema 7', async () => {})
const client = (kind: ClientErrorKind): ClientError => new ClientError(kind, `it is ${kind}`)

describe('a failure restarts the task alone', () => {
  it.each([
    ['damaged local state', damaged],
    ['a schema that is not known yet', missing],
    ['a schema that is not known yet, met by a callback', wrapped(missing)],
  ])('for %s', (_, error) => {
    const remedy = policy().decide({ error, taskId: '0_0' })
    expect(remedy).toMatchObject({ restart: 'task', taskId: '0_0', delayMs: 0 })
    expect(remedy).toHaveProperty('missing', error === damaged ? undefined : missing)
  })

  it('after a longer and longer pause where it fails again and again', () => {
    const decide = policy()
    const delays = Array.from({ length: 10 }, () => decide.decide({ error: damaged, taskId: '0_0' }))
    expect(delays.map((remedy) => 'delayMs' in remedy && remedy.delayMs)).toEqual([
      0, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000,
    ])
    expect(decide.decide({ error: damaged, taskId: '0_1' })).toMatchObject({ taskId: '0_1', delayMs: 0 })
  })
})

describe('a failure restarts all tasks of the executor', () => {
  it.each([
    ['damaged local state of a task that has written to the transaction', damaged, true],
    ['a missing schema of a task that has written to the transaction', missing, true],
    ['a fenced producer', client('fenced'), false],
    ['an aborted transaction', client('abortable'), false],
    ['delivery that took too long', client('retriable'), false],
    ['a commit in a rebalance', client('rebalance'), false],
    ['an input or a changelog that has been deleted', client('unknownTopic'), false],
    ['a fenced producer, met by a callback that forwards', wrapped(client('fenced')), false],
  ])('for %s', (_, error, inTransaction) => {
    expect(policy().decide({ error, taskId: '0_0', inTransaction })).toMatchObject({ restart: 'executor' })
  })

  it('for damage that concerns no single task', () => {
    expect(policy().decide({ error: damaged })).toMatchObject({ restart: 'executor' })
  })

  it('and fetches the schema first that was missing', () => {
    expect(policy().decide({ error: wrapped(missing), taskId: '0_0', inTransaction: true })).toMatchObject({ missing })
  })
})

describe('a failure ends the instance', () => {
  it.each([
    ['a callback that threw', wrapped(new Error('no such word')), 'PROCESSING_FAILED'],
    ['a disk that is full', new StreamsError('STATE_STORE_FAILED', 'no space left'), 'STATE_STORE_FAILED'],
    ['what is not allowed', client('authorization'), 'NOT_AUTHORIZED'],
    ['what the brokers refuse for good', client('fatal'), 'KAFKA_FAILED'],
    [
      'an output topic that does not exist',
      new StreamsError('PRODUCTION_FAILED', 'create it first', {}, { cause: client('unknownTopic') }),
      'PRODUCTION_FAILED',
    ],
    ['a record that is too large', client('invalid'), 'KAFKA_FAILED'],
    ['another topology', new StreamsError('INCOMPATIBLE_INSTANCES', 'it has other stores'), 'INCOMPATIBLE_INSTANCES'],
    ['what nobody has foreseen', new TypeError('x is not a function'), 'PROCESSING_FAILED'],
    ['something thrown that is no error', 'bad', 'PROCESSING_FAILED'],
  ])('for %s', (_, error, code) => {
    expect(policy().decide({ error, taskId: '0_0' })).toMatchObject({ end: 'instance', error: { code } })
  })
})

describe('a transaction that a pending callback keeps from being committed', () => {
  const blocking = (id: string): TransactionBlocked => {
    const processing = { pendingCallback: { operator: 'look-up', pendingMs: 6000 } }
    return new TransactionBlocked([{ id, processing } as unknown as RunningTask], 5000)
  }

  it('is repeated at first, with the task by itself', () => {
    const isolated = new IsolatedTasks(10_000)
    expect(policy(isolated).decide({ error: blocking('0_0') })).toMatchObject({ restart: 'executor' })
    expect([isolated.has('0_0'), isolated.has('0_1')]).toEqual([true, false])
  })

  it('ends the instance where the task was by itself already, naming its operator', () => {
    const decide = policy()
    decide.decide({ error: blocking('0_0') })
    expect(decide.decide({ error: blocking('0_1') })).toMatchObject({ restart: 'executor' })
    expect(decide.decide({ error: blocking('0_0') })).toMatchObject({
      end: 'instance',
      error: {
        code: 'TRANSACTION_TIMEOUT',
        message: expect.stringMatching(/"look-up" of task 0_0 is pending for 6000 ms.*10000 ms/s) as string,
        location: { operator: 'look-up', taskId: '0_0' },
      },
    })
  })
})
