import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaStreams, type ProcessingGuarantee, serdes, StreamsBuilder, type StreamsConfig } from '../../lib'
import { connect } from '../../lib/kafka/client'
import type { Admin, KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import { describeWithKafka } from '../support/kafka-broker'
import { createTopics, readTopics } from '../support/topics'

const text = { key: serdes.string(), value: serdes.string() }

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await sleep(20)
}

describeWithKafka('source topics that come and go, on a real broker', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }
  let name: string
  let folder: string
  let client: KafkaClient
  let admin: Admin
  let app: KafkaStreams
  let processed: Set<string>
  let failures: unknown[]

  beforeEach(() => {
    name = `changing-${Math.random().toString(36).slice(2, 8)}`
    folder = mkdtempSync(join(tmpdir(), 'millrace-changing-'))
    client = connect(kafka, { clientId: 'changing-test', logger: silentLogger })
    admin = client.admin()
    processed = new Set()
    failures = []
  })

  afterEach(async () => {
    await app.close()
    await admin.close()
    await client.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Commits seldom: what is deleted has offsets that are not committed yet. */
  const start = async (
    topics: RegExp | string[],
    processingGuarantee: ProcessingGuarantee,
    config: Partial<StreamsConfig> = {},
  ): Promise<void> => {
    const builder = new StreamsBuilder()
    builder
      .stream(topics, text)
      .peek((value) => void processed.add(value))
      .to(`${name}-out`, text)
    app = new KafkaStreams(builder.build(), {
      applicationId: name,
      kafka,
      processingGuarantee,
      commitInterval: 2000,
      metadataMaxAge: 500,
      stateDir: folder,
      logger: silentLogger,
      ...config,
    })
    app.on('error', (error) => failures.push(error))
    await app.start()
  }

  const produce = async (topic: string, ...values: string[]): Promise<void> => {
    const producer = client.producer({ lingerMs: 0 })
    await producer.init()
    await producer.loadTopics([topic])
    for (const value of values) producer.append(topic, 0, 'k', value, Date.now(), NO_HEADERS)
    await producer.flush()
    await producer.close()
  }

  const untilCommitted = (topic: string, offset: number): Promise<void> =>
    until(async () => ((await admin.groupOffsets(name)).get(`${topic}-0`)?.offset ?? 0) >= offset)

  const output = async (): Promise<string[]> =>
    (await readTopics(client, [`${name}-out`])).get(`${name}-out`)!.map(({ value }) => value!)

  const untilOutput = (...values: string[]): Promise<void> =>
    until(async () => {
      if (failures.length > 0) throw failures[0]
      const there = await output()
      return values.every((value) => there.includes(value))
    })

  /** Deletes a topic of which records have been processed since the last commit. */
  const deleteUncommitted = async (topic: string): Promise<void> => {
    await produce(topic, 'first')
    await untilCommitted(topic, 1)
    await produce(topic, 'second')
    await until(() => processed.has('second'))
    await admin.deleteTopics([topic])
  }

  it.each(['at_least_once', 'exactly_once'] as const)(
    'of a pattern: one that is deleted holds up none of the others, and one that is new is read from its beginning (%s)',
    async (guarantee) => {
      const [a, b, c] = ['a', 'b', 'c'].map((last) => `${name}-in-${last}`) as [string, string, string]
      await createTopics(client, [a, b, `${name}-out`])
      await start(new RegExp(`${name}-in-.`), guarantee)
      await deleteUncommitted(a)
      await produce(b, 'third')
      await untilOutput('third')
      await createTopics(client, [c])
      await produce(c, 'fourth')
      await untilOutput('fourth')
      if (guarantee === 'exactly_once') expect((await output()).filter((value) => value === 'third')).toHaveLength(1)
    },
    90_000,
  )

  it.each(['at_least_once', 'exactly_once'] as const)(
    'with a name: one that is deleted holds up none of the others once it is there again, and is read from its beginning (%s)',
    async (guarantee) => {
      const [a, b] = ['a', 'b'].map((last) => `${name}-in-${last}`) as [string, string]
      await createTopics(client, [a, b, `${name}-out`])
      await start([a, b], guarantee)
      const missing = new Promise((resolve) => app.once('warning', resolve))
      await deleteUncommitted(a)
      expect(await missing).toMatchObject({ code: 'MISSING_SOURCE_TOPIC', topics: [a] })
      await produce(b, 'third')
      await createTopics(client, [a])
      const more = ['fourth', 'fifth', 'sixth', 'seventh']
      await produce(a, ...more)
      await untilOutput('third', ...more)
    },
    90_000,
  )

  it.each(['at_least_once', 'exactly_once'] as const)(
    'that are deleted and created again at once are read from their beginning, before anybody looks for them (%s)',
    async (guarantee) => {
      const [a, b] = ['a', 'b'].map((last) => `${name}-in-${last}`) as [string, string]
      await createTopics(client, [a, b, `${name}-out`])
      await start([a, b], guarantee, { metadataMaxAge: '5m' })
      await deleteUncommitted(a)
      await createTopics(client, [a])
      const more = ['third', 'fourth', 'fifth', 'sixth']
      await produce(a, ...more)
      await produce(b, 'seventh')
      await untilOutput(...more, 'seventh')
    },
    90_000,
  )
})
