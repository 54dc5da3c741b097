import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaStreams, serdes, StreamsBuilder } from '../../lib'
import { connect } from '../../lib/kafka/client'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import { feed, START } from '../support/input'
import { describeWithKafka } from '../support/kafka-broker'
import { createTopics, readTopics } from '../support/topics'

const text = { key: serdes.string(), value: serdes.string() }
const ROUNDS = 20
const KEYS = ['a', 'b', 'c', 'd']

describeWithKafka('an exactly-once commit interval of 20 ms on a real broker', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }

  it('counts exactly, in a transaction for every few records', async () => {
    const name = `short-commits-${Math.random().toString(36).slice(2, 8)}`
    const folder = mkdtempSync(join(tmpdir(), 'millrace-short-commits-'))
    const client = connect(kafka, { clientId: 'short-commits-test', logger: silentLogger })
    await createTopics(client, [`${name}-in`, `${name}-out`])
    const builder = new StreamsBuilder()
    builder
      .stream(`${name}-in`, text)
      .groupBy((_value, key) => key, text)
      .count('counts')
      .toStream()
      .mapValues((count) => String(count))
      .to(`${name}-out`, text)
    const problems: string[] = []
    const app = new KafkaStreams(builder.build(), {
      applicationId: name,
      kafka,
      processingGuarantee: 'exactly_once',
      commitInterval: 20,
      statestoreCacheMaxBytes: 0,
      producer: { linger: 0 },
      stateDir: folder,
      logger: { ...silentLogger, error: (_fields: object, message?: string) => void problems.push(String(message)) },
    })
    const counts = async (): Promise<string[]> =>
      (await readTopics(client, [`${name}-out`])).get(`${name}-out`)!.map(({ key, value }) => `${key}${value}`)
    try {
      await app.start()
      for (let round = 1; round <= ROUNDS; round++) {
        const records = KEYS.map((key) => ({
          topic: `${name}-in`,
          key,
          value: '-',
          timestamp: START,
          headers: NO_HEADERS,
        }))
        await feed(client, records, (topic) => topic)
        // only what is committed is read: each round is a transaction at least
        while ((await counts()).length < round * KEYS.length) await sleep(5)
      }
      const expected = KEYS.flatMap((key) => Array.from({ length: ROUNDS }, (_, i) => `${key}${i + 1}`))
      expect((await counts()).sort()).toEqual(expected.sort())
      expect(app.state).toBe('RUNNING')
      expect(problems).toEqual([])
    } finally {
      await app.close()
      await client.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
