import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { deadLetterTopic, KafkaStreams, type ProcessingGuarantee, serdes, StreamsBuilder } from '../../lib'
import { connect } from '../../lib/kafka/client'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import { feed, START } from '../support/input'
import { describeWithKafka } from '../support/kafka-broker'
import { createTopics, readTopics } from '../support/topics'

const text = { key: serdes.string(), value: serdes.string() }
const RECORDS = 3000

describeWithKafka('records that the broker refuses, on a real broker', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }

  it.each<ProcessingGuarantee>(['at_least_once', 'exactly_once'])(
    '%s: go to dead letters, each once, and all others are written in order',
    async (processingGuarantee) => {
      const name = `refused-${Math.random().toString(36).slice(2, 8)}`
      const [input, small, compacted, dead] = ['in', 'small', 'compacted', 'dead'].map((part) => `${name}-${part}`)
      const folder = mkdtempSync(`${tmpdir()}/millrace-refused-`)
      const client = connect(kafka, { clientId: 'refused-test', logger: silentLogger })
      const admin = client.admin()
      await createTopics(client, [input!, small!, compacted!, dead!])
      await admin.alterTopicConfigs(small!, { 'max.message.bytes': '3000' })
      await admin.alterTopicConfigs(compacted!, { 'cleanup.policy': 'compact' })
      const isLarge = (i: number): boolean => i % 500 === 250
      const lacksKey = (i: number): boolean => i % 700 === 350
      const builder = new StreamsBuilder()
      const lines = builder.stream(input!, text)
      lines.mapValues((value) => (isLarge(Number(value)) ? value.padEnd(5000) : value)).to(small!, text)
      lines.selectKey((value, key) => (lacksKey(Number(value)) ? null : key)).to(compacted!, { key: text.key as never })
      const app = new KafkaStreams(builder.build(), {
        applicationId: name,
        kafka,
        processingGuarantee,
        commitInterval: 100,
        stateDir: folder,
        productionExceptionHandler: deadLetterTopic(dead!),
        logger: silentLogger,
      })
      const failures: unknown[] = []
      app.on('error', (error) => failures.push(error))
      const values = async (topic: string): Promise<number[]> =>
        (await readTopics(client, [topic])).get(topic)!.map(({ value }) => Number(value))
      const sorted = (numbers: number[]): number[] => numbers.sort((a, b) => a - b)
      try {
        await app.start()
        const numbers = Array.from({ length: RECORDS }, (_, i) => i)
        await feed(
          client,
          numbers.map((i) => ({
            topic: input!,
            key: `k${i % 7}`,
            value: `${i}`,
            timestamp: START + i,
            headers: NO_HEADERS,
          })),
          (topic) => topic,
        )
        const committed = async (): Promise<number> =>
          [...(await admin.groupOffsets(name)).values()].reduce((sum, { offset }) => sum + offset, 0)
        while (failures.length === 0 && (await committed()) < RECORDS) await sleep(50)
        expect(failures).toEqual([])
        expect(sorted(await values(small!))).toEqual(numbers.filter((i) => !isLarge(i)))
        expect(sorted(await values(compacted!))).toEqual(numbers.filter((i) => !lacksKey(i)))
        expect(sorted(await values(dead!))).toEqual(sorted([...numbers.filter(isLarge), ...numbers.filter(lacksKey)]))
        for (const key of ['k0', 'k1']) {
          const ofKey = (await readTopics(client, [small!])).get(small!)!.filter((record) => record.key === key)
          const order = ofKey.map(({ value }) => Number(value))
          expect(order).toEqual([...order].sort((a, b) => a - b))
        }
        expect(app.state).toBe('RUNNING')
      } finally {
        await app.close()
        await admin.close()
        await client.close()
        rmSync(folder, { recursive: true, force: true })
      }
    },
  )
})
