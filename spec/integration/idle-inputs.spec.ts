import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  KafkaStreams,
  type ProcessingGuarantee,
  serdes,
  StreamsBuilder,
  TimeWindows,
  untilWindowCloses,
} from '../../lib'
import { connect } from '../../lib/kafka/client'
import type { KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import type { Topology } from '../../lib/topology/topology'
import { feed, START } from '../support/input'
import { describeWithKafka } from '../support/kafka-broker'
import { createTopics, readTopics } from '../support/topics'

const text = { key: serdes.string(), value: serdes.string() }

/** Final counts of words in `<name>-out`, late ones in `<name>-late`, behind a repartition topic. */
const counting = (name: string): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream(`${name}-in`, { ...text, idleAfter: '1s' })
    .groupBy((word) => word, text)
    .windowedBy(TimeWindows.of({ size: '500ms' }), { late: (late) => late.to(`${name}-late`, text) })
    .count('counts')
    .suppress(untilWindowCloses())
    .toStream((_count, { key }) => key)
    .mapValues((count) => String(count))
    .to(`${name}-out`, text)
  return builder.build()
}

describeWithKafka('idle inputs on a real broker', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }
  const made: KafkaStreams[] = []
  let folder: string
  let client: KafkaClient

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-idle-'))
    client = connect(kafka, { clientId: 'idle-test', logger: silentLogger })
  })
  afterAll(async () => {
    await Promise.all(made.map((app) => app.close()))
    await client.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const start = async (
    name: string,
    processingGuarantee: ProcessingGuarantee,
    stateDir: string,
  ): Promise<KafkaStreams> => {
    const app = new KafkaStreams(counting(name), {
      applicationId: name,
      kafka,
      processingGuarantee,
      stateDir: join(folder, name, stateDir),
      commitInterval: '100ms',
      emitInterval: '100ms',
      logger: silentLogger,
    })
    made.push(app)
    await app.start()
    return app
  }
  const words = (topic: string, ...values: [value: string, afterMs: number][]): Promise<void> =>
    feed(
      client,
      values.map(([value, afterMs]) => ({ topic, key: 'k', value, timestamp: START + afterMs, headers: NO_HEADERS })),
      (name) => name,
    )
  /** `key=value`, sorted, once there are so many. */
  const outputs = async (topic: string, count: number): Promise<string[]> => {
    for (;;) {
      const records = (await readTopics(client, [topic])).get(topic)!
      if (records.length >= count) return records.map(({ key, value }) => `${key}=${value}`).sort()
      await sleep(100)
    }
  }

  it.each(['at_least_once', 'exactly_once'] as const)(
    'close windows behind a repartition topic, and keep them closed after a restart (%s)',
    async (guarantee) => {
      const name = `idle-${Math.random().toString(36).slice(2, 8)}`
      await createTopics(client, [`${name}-in`, `${name}-out`, `${name}-late`])
      const first = await start(name, guarantee, 'a')
      await words(`${name}-in`, ['a', 1], ['a', 2])
      expect(await outputs(`${name}-out`, 1)).toEqual(['a=2'])
      await first.close()
      await start(name, guarantee, 'b')
      await words(`${name}-in`, ['a', 3], ['a', 600_000])
      expect(await outputs(`${name}-late`, 1)).toEqual(['a=a'])
      expect(await outputs(`${name}-out`, 2)).toEqual(['a=1', 'a=2'])
    },
  )
})
