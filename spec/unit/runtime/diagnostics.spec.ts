import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import type { DiagnosticsMessages } from '../../../lib/runtime/diagnostics'
import { ClientError } from '../../../lib/kafka/port'
import * as serdes from '../../../lib/serdes'
import type { Topology } from '../../../lib/topology/topology'
import { EmbeddedApps, failureOf, until } from '../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

const counting = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .peek((value) => {
      if (value === 'boom') throw new Error('boom!')
    })
    .groupByKey()
    .count('counts')
  return builder.build()
}

type Messages<C extends keyof DiagnosticsMessages> = Array<DiagnosticsMessages[C] & { applicationId: string }>

let apps: EmbeddedApps
let unsubscribes: (() => void)[] = []

beforeEach(() => {
  apps = new EmbeddedApps({ in: 1 })
})
afterEach(async () => {
  await apps.close()
  for (const end of unsubscribes) end()
  unsubscribes = []
})

const messagesOf = <C extends keyof DiagnosticsMessages>(name: C): Messages<C> => {
  const messages: Messages<C> = []
  const note = (message: unknown): void => void messages.push(message as Messages<C>[number])
  subscribe(name, note)
  unsubscribes.push(() => unsubscribe(name, note))
  return messages
}

it('publishes states, rebalances, tasks and commits', async () => {
  const states = messagesOf('millrace:state')
  const rebalances = messagesOf('millrace:rebalance')
  const tasks = messagesOf('millrace:task')
  const commits = messagesOf('millrace:commit')
  const streams = apps.create(counting())
  await streams.start()
  await apps.produceTo('in', 0, 'a')
  await until(() => commits.length > 0)
  await streams.close()
  expect(states.map(({ to }) => to)).toEqual(['REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN', 'NOT_RUNNING'])
  expect(rebalances[0]).toMatchObject({ applicationId: 'app', added: ['0_0'], generation: 1 })
  expect(tasks.map(({ from, to }) => [from, to])).toEqual([
    [null, 'CREATED'],
    ['CREATED', 'RESTORING'],
    ['RESTORING', 'RUNNING'],
    ['RUNNING', 'CLOSED'],
  ])
  expect(tasks[0]).toMatchObject({ applicationId: 'app', taskId: '0_0' })
  expect(commits[0]).toEqual({ applicationId: 'app', tasks: ['0_0'], durationMs: expect.any(Number) })
})

it('publishes restores', async () => {
  const first = apps.create(counting(), { stateDir: apps.stateDir('first') })
  await first.start()
  await apps.produceTo('in', 0, 'a', 'b')
  await until(async () => (await apps.committed('in', 0)) === 2)
  await first.close()
  const restores = messagesOf('millrace:restore')
  await apps.create(counting(), { stateDir: apps.stateDir('second') }).start()
  expect(restores.map(({ phase, store, restored }) => [phase, store, restored])).toEqual([
    ['start', 'counts', 0],
    ['end', 'counts', 2],
  ])
})

it('publishes the error that ends the instance', async () => {
  const errors = messagesOf('millrace:error')
  const streams = apps.create(counting())
  const failure = failureOf(streams)
  await streams.start()
  await apps.produceTo('in', 0, 'boom')
  await failure
  expect(errors).toEqual([
    {
      applicationId: 'app',
      error: expect.objectContaining({ code: 'PROCESSING_FAILED' }),
      taskId: '0_0',
      outcome: 'instance ends',
    },
  ])
})

it('publishes an error after which all tasks restart', async () => {
  const errors = messagesOf('millrace:error')
  let failing = true
  apps.changeProducers((producer) => {
    const flush = producer.flush.bind(producer)
    producer.flush = async () => {
      if (!failing) return flush()
      failing = false
      throw new ClientError('fenced', 'lost')
    }
  })
  const streams = apps.create(counting())
  await streams.start()
  await apps.produceTo('in', 0, 'a')
  await until(async () => (await apps.committed('in', 0)) === 1)
  expect(errors.map(({ outcome }) => outcome)).toEqual(['all tasks restart'])
  const failed = streams.metrics().find(({ name }) => name === 'failed-stream-threads')
  expect(failed?.value).toBe(1)
})
