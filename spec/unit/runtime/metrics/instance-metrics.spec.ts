import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { Metric } from '../../../../lib/observe/metrics/metric'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import { keyValueStore } from '../../../../lib/state/stores'
import type { Topology } from '../../../../lib/topology/topology'

const text = { key: serdes.string(), value: serdes.string() }

const counting = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .peek((value) => {
      if (value === 'boom') throw new Error('boom!')
    })
    .groupByKey()
    .count(keyValueStore('counts', { key: serdes.string(), value: serdes.long() }))
    .toStream()
    .to('out', { key: serdes.string(), value: serdes.long() })
  return builder.build()
}

let apps: EmbeddedApps

beforeEach(() => {
  apps = new EmbeddedApps({ in: 2, out: 1 })
})
afterEach(() => apps.close())

const metric = (streams: KafkaStreams, name: string, group: string): Metric | undefined =>
  streams.metrics().find((each) => each.name === name && each.group === group)

const valueOf = (streams: KafkaStreams, name: string, group = 'stream-metrics'): unknown =>
  metric(streams, name, group)?.value

const lags = (streams: KafkaStreams): unknown[] =>
  streams
    .metrics()
    .filter(({ name }) => name === 'records-lag')
    .map(({ tags, value }) => [tags['topic'], tags['partition'], value])

it('measures nothing where it is off', async () => {
  const streams = apps.create(counting(), { metricsRecordingLevel: 'off' })
  expect(streams.metrics()).toEqual([])
  await streams.start()
  await apps.produceTo('in', 0, 'a')
  await until(async () => (await apps.committed('in', 0)) === 1)
  expect(streams.metrics()).toEqual([])
})

it('tells state, threads and topology before, during and after a run', async () => {
  const streams = apps.create(counting(), { clientId: 'me' })
  expect([valueOf(streams, 'state'), valueOf(streams, 'alive-stream-threads')]).toEqual(['CREATED', 0])
  expect(valueOf(streams, 'topology-description')).toContain('KSTREAM-AGGREGATE')
  await streams.start()
  expect([valueOf(streams, 'state'), valueOf(streams, 'alive-stream-threads')]).toEqual(['RUNNING', 1])
  expect(metric(streams, 'client-state', 'stream-metrics')).toMatchObject({ tags: { 'client-id': 'me' }, value: 2 })
  expect(valueOf(streams, 'task-created-total', 'stream-thread-metrics')).toBe(2)
  expect(valueOf(streams, 'rebalance-total', 'consumer-coordinator-metrics')).toBe(1)
  await streams.close()
  expect([valueOf(streams, 'state'), valueOf(streams, 'alive-stream-threads')]).toEqual(['NOT_RUNNING', 0])
  expect(valueOf(streams, 'event-loop-delay-max')).toBeUndefined()
})

it('measures polls, processing and commits of the thread', async () => {
  const streams = apps.create(counting())
  await streams.start()
  await apps.produceTo('in', 0, 'a', 'b', 'c')
  await until(async () => (await apps.committed('in', 0)) === 3)
  const thread = (name: string): unknown => valueOf(streams, name, 'stream-thread-metrics')
  await until(() => (thread('commit-total') as number) > 0)
  expect(thread('process-total')).toBe(3)
  for (const name of [
    'process-rate',
    'commit-latency-max',
    'commit-rate',
    'poll-total',
    'poll-ratio',
    'process-ratio',
  ]) {
    expect([name, thread(name)]).toEqual([name, expect.any(Number)])
    expect(thread(name)).toBeGreaterThan(0)
  }
  expect(metric(streams, 'poll-total', 'stream-thread-metrics')?.tags['thread-id']).toMatch(/^app-.+-StreamThread-1$/)
  expect(valueOf(streams, 'event-loop-delay-max')).toEqual(expect.any(Number))
})

it('knows the lag of each partition', async () => {
  const streams = apps.create(counting())
  await streams.start()
  expect(lags(streams)).toEqual([
    ['in', '0', 0],
    ['in', '1', 0],
  ])
  streams.pause()
  await apps.produceTo('in', 1, 'a', 'b')
  await until(() => (lags(streams)[1] as unknown[])[2] === 2)
  expect(valueOf(streams, 'recommended-replicas')).toBe(1)
  streams.resume()
  await until(() => (lags(streams)[1] as unknown[])[2] === 0)
})

it('knows what a restore has still to replay', async () => {
  const first = apps.create(counting(), { stateDir: apps.stateDir('first') })
  await first.start()
  await apps.produceTo('in', 0, 'a', 'b', 'c')
  await until(async () => (await apps.committed('in', 0)) === 3)
  await first.close()
  const second = apps.create(counting(), { stateDir: apps.stateDir('second') })
  const remaining = (): number =>
    second
      .metrics()
      .filter(({ name }) => name === 'restore-remaining-records-total')
      .reduce((sum, { value }) => sum + (value as number), 0)
  const seen: number[] = []
  second.on('restoreStart', () => seen.push(remaining()))
  await second.start()
  expect(seen).toContain(3)
  expect(remaining()).toBe(0)
})

it('counts the failure that ends the instance', async () => {
  const streams = apps.create(counting())
  const failure = failureOf(streams)
  await streams.start()
  expect(valueOf(streams, 'failed-stream-threads')).toBe(0)
  await apps.produceTo('in', 0, 'boom')
  await failure
  expect([valueOf(streams, 'failed-stream-threads'), valueOf(streams, 'state')]).toEqual([1, 'ERROR'])
})
