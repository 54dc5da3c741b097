import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, serdes, StreamsBuilder } from '../../lib'
import { connect } from '../../lib/kafka/client'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import { describeWithKafka } from '../support/kafka-broker'
import { createTopics, readTopics } from '../support/topics'

const text = { key: serdes.string(), value: serdes.string() }

describeWithKafka('an output topic that is deleted between two transactions, on a real broker', (bootstrapServers) => {
  it('is soon missed, and once it is there again nothing is lost or repeated', async () => {
    const kafka = { brokers: bootstrapServers.split(',') }
    const name = `deleted-${Math.random().toString(36).slice(2, 8)}`
    const inputs = [`${name}-in`, `${name}-in-kept`] as const
    const outputs = [`${name}-out`, `${name}-out-kept`] as const
    const folder = mkdtempSync(join(tmpdir(), 'millrace-deleted-'))
    const client = connect(kafka, { clientId: 'deleted-test', logger: silentLogger })
    const admin = client.admin()
    await createTopics(client, [...inputs, ...outputs])
    const builder = new StreamsBuilder()
    inputs.forEach((input, i) => builder.stream(input, text).to(outputs[i]!, text))
    let missed!: (error?: Error) => void
    const isMissed = new Promise<void>((resolve, reject) => (missed = (error) => (error ? reject(error) : resolve())))
    const app = new KafkaStreams(builder.build(), {
      applicationId: name,
      kafka,
      processingGuarantee: 'exactly_once',
      transactionTimeout: '4s',
      commitInterval: 100,
      stateDir: folder,
      logger: {
        ...silentLogger,
        warn: (_fields: object, message: string): void => {
          if (message.startsWith(`output topic "${outputs[0]}" does not exist`)) missed()
        },
      },
    })
    app.on('error', (error) => missed(error))
    const producer = client.producer({ lingerMs: 5 })
    const produce = async (value: string): Promise<void> => {
      for (const input of inputs) producer.append(input, 0, 'k', value, Date.now(), NO_HEADERS)
      await producer.flush()
    }
    const valuesOf = async (topic: string): Promise<(string | null)[]> =>
      (await readTopics(client, [topic])).get(topic)!.map(({ value }) => value)
    const until = async (topic: string, values: string[]): Promise<void> => {
      while ((await valuesOf(topic)).length < values.length) await new Promise((resolve) => setTimeout(resolve, 50))
      expect(await valuesOf(topic)).toEqual(values)
    }
    try {
      await producer.init()
      await producer.loadTopics(inputs)
      await app.start()
      await produce('before')
      for (const output of outputs) await until(output, ['before'])
      await admin.deleteTopics([outputs[0]])
      await produce('meanwhile')
      await isMissed
      await createTopics(client, [outputs[0]])
      await produce('after')
      await until(outputs[0], ['meanwhile', 'after'])
      await until(outputs[1], ['before', 'meanwhile', 'after'])
    } finally {
      await app.close()
      await admin.close()
      await client.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }, 60_000)
})
